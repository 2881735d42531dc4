"""The committed runners with the true engines on an emulated ARM processor."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from android_bench.phone.bundles.bundle import Bundle, bundle
from facekp_export.inference.runtimes import Runtime, open_runtime
from facekp_train.common.shipped import shipped_models_dir
from tests.rig.rig import Rig
from tests.support.places import DEMO_PHOTO

pytestmark = pytest.mark.adb

MODELS = shipped_models_dir() / "mdp-0.25x"
MODEL = "model_float32.tflite"
QUICK = "--warmup 1 --min-runs 2 --min-seconds 0"


@dataclass
class Phone:
    """One bundle on the rig's device."""

    rig: Rig
    bundle: Bundle
    folder: str

    def push(self, path: Path, name: str) -> str:
        done = self.rig.adb("-s", self.rig.serial, "push", str(path), f"{self.folder}/{name}")
        assert done.returncode == 0, done.stdout + done.stderr
        return name

    def run(self, model: str, inputs: str, options: str = "") -> tuple[int, str, str]:
        """Exit code, stdout, stderr of the runner."""
        head = f"cd {self.folder} && {shlex.join(self.bundle.command)} --engine {self.bundle.engine}"
        files = f"--model {model} --input {inputs} --output out.bin"
        script = f"{head} {files} {QUICK} {options}"
        done = self.rig.adb("-s", self.rig.serial, "shell", script, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def outputs(self, tmp_path: Path) -> NDArray[np.float32]:
        done = self.rig.adb(
            "-s", self.rig.serial, "pull", f"{self.folder}/out.bin", str(tmp_path / "out.bin")
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return np.fromfile(tmp_path / "out.bin", np.float32)

    def has(self, name: str) -> bool:
        return self.rig.adb("-s", self.rig.serial, "shell", f"test -e {self.folder}/{name}").returncode == 0


def _install(rig: Rig, name: str) -> Phone:
    made = bundle(name)
    phone = Phone(rig, made, f"/data/local/tmp/runner-{name}")
    rig.shell(f"mkdir -p {phone.folder}")
    for file in made.files:
        phone.push(made.folder / file, file)
    return phone


@pytest.fixture(params=["bionic", "glibc", "onnxruntime"], scope="module")
def phone(rig: Rig, request: pytest.FixtureRequest) -> Phone:
    """A device with one of the bundles."""
    return _install(rig, request.param)


@pytest.fixture
def bionic(rig: Rig, tmp_path: Path) -> Phone:
    """A device with the bundle that most phones get, and MODEL with a fitting input, in.bin."""
    phone = _install(rig, "bionic")
    _crops(open_runtime(MODELS / MODEL)).tofile(tmp_path / "in.bin")
    phone.push(MODELS / MODEL, MODEL)
    phone.push(tmp_path / "in.bin", "in.bin")
    return phone


def _crops(runtime: Runtime) -> NDArray[Any]:
    """Two views of a face in the layout and type of the model's input."""
    image = cv2.imread(str(DEMO_PHOTO))
    assert image is not None
    face = cv2.resize(image[40:210, 145:315, ::-1], (128, 128))
    crops = np.stack([face, face[:, ::-1]])
    spec = runtime.inputs[0]
    if spec.shape[1] == 3:
        crops = crops.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(crops).astype(spec.dtype)


def _host(runtime: Runtime, crops: NDArray[Any]) -> NDArray[np.float32]:
    answers = []
    for crop in crops:
        runtime.set_inputs([crop[None]])
        runtime.invoke()
        answers.append(runtime.results()[0].ravel().copy())
    return np.stack(answers)


FILES = {
    "bionic": ["model_float32.tflite", "model_int8.tflite"],
    "glibc": ["model_float16.tflite", "model_dynamic.tflite"],
    "onnxruntime": ["model.onnx", "model_int8.onnx"],
}


def test_outputs_are_the_hosts(phone: Phone, tmp_path: Path) -> None:
    for name in FILES[phone.bundle.name]:
        runtime = open_runtime(MODELS / name)
        crops = _crops(runtime)
        crops.tofile(tmp_path / "in.bin")
        code, stdout, stderr = phone.run(
            phone.push(MODELS / name, name), phone.push(tmp_path / "in.bin", "in.bin"), "--threads 2 --cpus 0"
        )
        assert code == 0, stderr
        result = json.loads(stdout)
        assert result["pinned"] is True
        assert result["engine"] == ("onnxruntime" if name.endswith("onnx") else "tflite")
        assert result["inputs"][0]["dtype"] == runtime.inputs[0].dtype.name
        assert len(result["samples_ns"]) == 2
        difference = np.abs(phone.outputs(tmp_path).reshape(2, -1) - _host(runtime, crops))
        exact = name in ("model_float32.tflite", "model_float16.tflite", "model.onnx")
        # Whole numbers inside: one step of one layer may round the other way on another processor.
        assert difference.max() < (1e-4 if exact else 0.01)
        assert difference.mean() * 128 < 0.1


def test_a_model_cut_short_is_an_error_and_no_crash(phone: Phone, tmp_path: Path) -> None:
    name = FILES[phone.bundle.name][0]
    whole = (MODELS / name).read_bytes()
    (tmp_path / "in.bin").write_bytes(bytes(4))
    phone.push(tmp_path / "in.bin", "in.bin")
    for length in (100, len(whole) // 2):
        (tmp_path / "cut").write_bytes(whole[:length])
        code, stdout, stderr = phone.run(phone.push(tmp_path / "cut", "cut"), "in.bin")
        assert (code, stdout) == (4, ""), (length, stderr)
        assert sum(line.startswith("error: ") for line in stderr.splitlines()) == 1


def test_what_fails_has_its_own_code(bionic: Phone, tmp_path: Path) -> None:
    code, _, stderr = bionic.run(MODEL, "in.bin", "--engine ./libnone.so")
    assert (code, "libnone.so" in stderr) == (3, True)
    assert bionic.run(MODEL, "in.bin", "--threads none")[0] == 2
    assert bionic.run(MODEL, "in.bin", "--delegate gpu --gpu-library ./libnone.so")[0] == 5
    code, _, stderr = bionic.run(MODEL, "in.bin", "--output /nowhere/out.bin")
    assert (code, "/nowhere/out.bin cannot be written" in stderr) == (7, True)
    code, stdout, stderr = bionic.run(MODEL, "in.bin", "--cpus 1000")
    assert (code, json.loads(stdout)["pinned"]) == (0, False), stderr
    (tmp_path / "in.bin").write_bytes(bytes(5))
    bionic.push(tmp_path / "in.bin", "in.bin")
    code, _, stderr = bionic.run(MODEL, "in.bin")
    assert (code, "holds 5 bytes" in stderr) == (7, True)


def test_a_full_phone_keeps_no_part_of_the_outputs(bionic: Phone) -> None:
    bionic.rig.shell(f"rm -f {bionic.folder}/out.bin")
    bionic.rig.fill_disk()
    try:
        code, stdout, stderr = bionic.run(MODEL, "in.bin")
    finally:
        bionic.rig.free_disk()
    assert (code, stdout) == (7, "")
    assert "No space left" in stderr
    assert not bionic.has("out.bin")
    assert not bionic.has("out.bin.part")


def test_delegates_that_a_phone_lacks_are_refused(bionic: Phone) -> None:
    library = bionic.bundle.gpu_library
    code, stdout, stderr = bionic.run(MODEL, "in.bin", f"--delegate gpu --gpu-library {library}")
    assert (code, stdout) == (5, "")
    # TensorFlow Lite says so before it finds that there is no GPU: the line proves nothing.
    assert "Replacing" in stderr
    code, stdout, stderr = bionic.run(MODEL, "in.bin", "--delegate nnapi")
    assert (code, stdout, "no NNAPI" in stderr) == (5, "", True)
