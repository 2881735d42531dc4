"""The rig's bionic: programs made for a phone's own libraries start here and find what they expect."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench.phone.bundles.bundle import Bundle, bundle
from facekp_train.common.console import UserError
from tests.rig import root
from tests.rig.rig import Rig

# `rig` skips where none can stand, also those that raise one of their own.
pytestmark = [pytest.mark.adb, pytest.mark.usefixtures("rig")]

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "models/mdp-0.25x/model_float32.tflite"
PLACE = "/data/local/tmp/shim"

FOUND = """\
2 arguments, the last is an argument
through __sF
through stdout
threads counted to 4000, the last answers 1
recursive lock: 0 0
plain lock taken twice: 16
around the locks: 11 12 13 14 15 16 17 18
pages of 4096, 8 cores, 100 ticks
property msmnile of 7 characters, absent one of 0
error 2: 0 No such file or directory
signal sets: 1 0 3
pinned: 0, beyond the cores: -1
by number: 8, cores f0
missing library: 1
guard: 1
"""


def test_layouts_and_constants_are_bionics(rig: Rig, tmp_path: Path) -> None:
    program, libraries = tmp_path / "probe", root.shim()
    command = [
        "aarch64-linux-gnu-gcc",
        "-O1",
        "-fPIE",
        "-pie",
        "-nostdlib",
        "-ffreestanding",
        "-fno-stack-protector",
    ]
    command += [
        "-Wl,--dynamic-linker=/system/bin/linker64",
        "-Wl,--allow-shlib-undefined",
        "-o",
        str(program),
    ]
    command += [str(HERE / "bionic_probe.c"), str(libraries / "libc.so"), str(libraries / "libdl.so")]
    subprocess.run(command, check=True, timeout=60)
    rig.shell(f"mkdir -p {PLACE}")
    rig.adb("-s", rig.serial, "push", str(program), f"{PLACE}/probe")
    done = rig.adb("-s", rig.serial, "shell", f"chmod 755 {PLACE}/probe; {PLACE}/probe 'an argument'")
    assert (done.stdout, done.stderr, done.returncode) == (FOUND, "an error\n", 42)


@pytest.fixture(scope="session")
def bionic() -> Bundle:
    """The runner for phones with the engine out of the AARs."""
    try:
        return bundle("bionic")
    except UserError as error:
        pytest.skip(f"no bundle: {error}")


def install(rig: Rig, parts: Bundle, inputs: np.ndarray[Any, Any], folder: Path) -> None:
    """Put the runner, its engine, the model and its inputs on the device."""
    rig.shell(f"mkdir -p {PLACE}")
    inputs.tofile(folder / "in.bin")
    files = [str(parts.folder / name) for name in parts.files]
    pushed = rig.adb("-s", rig.serial, "push", *files, str(MODEL), str(folder / "in.bin"), PLACE)
    assert pushed.returncode == 0, pushed.stdout
    rig.shell(f"chmod 755 {PLACE}/facekp_runner_*")


def run(rig: Rig, parts: Bundle, *options: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the model on the device's two inputs."""
    command = [*parts.command, "--engine", parts.engine, "--model", MODEL.name, *options]
    command += ["--input", "in.bin", "--output", "out.bin", "--warmup", "0", "--min-runs", "1"]
    command += ["--min-seconds", "0", "--max-seconds", "60"]
    script = f"cd {PLACE} && rm -f out.bin && {' '.join(command)}"
    return rig.adb("-s", rig.serial, "shell", script, timeout=timeout)


def difference(rig: Rig, inputs: np.ndarray[Any, Any], folder: Path) -> float:
    """How far the device's outputs are from the host's, at most."""
    from facekp_export.inference.runtimes import open_runtime

    rig.adb("-s", rig.serial, "pull", f"{PLACE}/out.bin", str(folder / "out.bin"))
    found = np.fromfile(folder / "out.bin", np.float32).reshape(len(inputs), -1)
    host = open_runtime(MODEL)
    expected = []
    for one in inputs:
        host.set_inputs([one[None]])
        host.invoke()
        expected.append(host.results()[0].ravel())
    return float(np.abs(found - np.stack(expected)).max())


@pytest.fixture(scope="module")
def inputs() -> np.ndarray[Any, Any]:
    return np.random.default_rng(5).uniform(0, 255, (2, 128, 128, 3)).astype(np.float32)


def test_the_phones_own_engine_gives_the_hosts_points(
    rig: Rig, bionic: Bundle, inputs: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    install(rig, bionic, inputs, tmp_path)
    done = run(rig, bionic, "--delegate", "cpu", "--threads", "1", "--cpus", "7,4")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["engine_version"] == "2.16.1" and report["pinned"] is True
    assert difference(rig, inputs, tmp_path) < 1e-4


def test_the_processor_computes_by_xnnpack_as_in_an_app(
    rig: Rig, bionic: Bundle, inputs: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    install(rig, bionic, inputs, tmp_path)
    done = run(rig, bionic, "--delegate", "cpu", "--threads", "1")
    assert "Created TensorFlow Lite XNNPACK delegate for CPU" in done.stderr


def test_kernels_for_old_cores_give_the_same_points(
    bionic: Bundle, inputs: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    """A Kirin 960 has neither half precision nor dot products, so other kernels run there."""
    with Rig("kirin-960", data_mb=64) as old:
        install(old, bionic, inputs, tmp_path)
        done = run(old, bionic, "--delegate", "cpu", "--threads", "2")
        assert done.returncode == 0, done.stderr
        assert difference(old, inputs, tmp_path) < 1e-4


def test_a_phone_without_opencl_fails_loudly(
    rig: Rig, bionic: Bundle, inputs: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    install(rig, bionic, inputs, tmp_path)
    assert bionic.gpu_library
    done = run(rig, bionic, "--delegate", "gpu", "--threads", "1", "--gpu-library", bionic.gpu_library)
    # The trap: nodes are "replaced" all the same.
    assert "Replacing 67 out of 67" in done.stderr and "Can not open OpenCL library" in done.stderr
    assert (done.returncode, done.stdout) == (5, "")


@pytest.mark.slow
def test_the_gpu_delegate_computes_through_opencl(
    bionic: Bundle, inputs: np.ndarray[Any, Any], tmp_path: Path
) -> None:
    """Its kernels are compiled by an LLVM under qemu: minutes the first time, seconds from then on."""
    with Rig("snapdragon-845", opencl=True) as gpu:
        install(gpu, bionic, inputs, tmp_path)
        assert bionic.gpu_library
        options = ("--delegate", "gpu", "--threads", "1", "--gpu-library", bionic.gpu_library)
        done = run(gpu, bionic, *options, timeout=1500)
        assert done.returncode == 0, done.stderr
        assert (
            "Initialized OpenCL-based API" in done.stderr and "Created 1 GPU delegate kernels" in done.stderr
        )
        assert json.loads(done.stdout)["delegate"] == "gpu"
        assert difference(gpu, inputs, tmp_path) < 5e-3
