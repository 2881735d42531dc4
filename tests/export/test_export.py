"""A checkpoint through the whole chain: files, what they answer, what they carry, how failures end."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facekp_export.inference.flatbuffer import operators, read_model
from facekp_export.inference.layers import read_layers
from facekp_export.inference.metadata import read_info
from facekp_export.inference.runtimes import open_model, open_runtime
from facekp_export.verification.check import check_integrity, check_labelled, find_models
from facekp_export.verification.labelled import LabelledFaces
from facekp_export.verification.manifest import Manifest, read_manifest
from facekp_train.datasets import open_dataset
from tests.support.extras import needs_export
from tests.support.models.small_nets import save_small_checkpoint
from tests.support.places import ROOT

needs_export()

pytestmark = pytest.mark.slow

SIZE = 64
# The small net is trained for seconds; test_shipped_models.py holds real ones to the real limits.
TOLERANCE = 0.9
FILES = {
    "model.onnx": ("onnx", (1, 3, SIZE, SIZE), "float32"),
    "model_int8.onnx": ("onnx_int8", (1, 3, SIZE, SIZE), "float32"),
    "model_float32.tflite": ("float32", (1, SIZE, SIZE, 3), "float32"),
    "model_float16.tflite": ("float16", (1, SIZE, SIZE, 3), "float32"),
    "model_dynamic.tflite": ("dynamic", (1, SIZE, SIZE, 3), "float32"),
    "model_int8.tflite": ("int8", (1, SIZE, SIZE, 3), "uint8"),
    "model_int8_io.tflite": ("int8_io", (1, SIZE, SIZE, 3), "int8"),
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_small_checkpoint(tmp_path_factory.mktemp("net") / "small.safetensors", 5, SIZE)


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export by the command, in a process of its own as users run it."""
    out = tmp_path_factory.mktemp("exports") / "small"
    done = facekp_export(
        "--model", checkpoint, "--out", out, "--io", "int8", "--tolerance", TOLERANCE, "--json"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document.pop("folder") == str(out)
    assert Manifest.model_validate(document) == read_manifest(out)
    steps = [line for line in done.stderr.splitlines() if line]
    assert [line.split(".")[0] for line in steps] == [str(i + 1) for i in range(len(steps))], done.stderr
    assert all(re.fullmatch(r"\d+\. .+[^ \]] \d+\.\d s", line) for line in steps), done.stderr
    return out


def facekp_export(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "facekp_export", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def torch_points(checkpoint: Path, crops: np.ndarray) -> np.ndarray:
    from facekp_train.networks.checkpoint import load_checkpoint

    return load_checkpoint(checkpoint).predict(crops)


def views(count: int) -> np.ndarray:
    from facekp_export.quantization.calibration import demo_views
    from facekp_train.crop import CropRule

    return demo_views(CropRule(size=SIZE), count)


def test_the_folder_holds_the_files_and_no_more(exported: Path) -> None:
    expected = {*FILES, "manifest.json", "report.md", "report.png", "export.log"}
    assert {path.name for path in exported.iterdir()} == expected
    assert [path.name for path in exported.parent.iterdir()] == ["small"]


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_the_promised_tensors_and_metadata(
    exported: Path, checkpoint: Path, name: str
) -> None:
    kind, shape, dtype = FILES[name]
    runtime = open_runtime(exported / name)
    assert [(spec.shape, str(spec.dtype)) for spec in runtime.inputs] == [(shape, dtype)]
    output = "int8" if kind == "int8_io" else "float32"
    assert [(spec.shape, str(spec.dtype)) for spec in runtime.outputs] == [((1, 10), output)]
    info = read_info(exported / name)
    assert info is not None
    assert (info.kind, info.points, info.crop.size, info.name) == (kind, 5, SIZE, "small")
    assert info.checkpoint_sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "largest", "mean_px"),
    [
        ("model.onnx", 1e-4, None), ("model_float32.tflite", 1e-4, None),
        ("model_float16.tflite", 1e-3, None), ("model_dynamic.tflite", None, TOLERANCE),
        ("model_int8.onnx", None, TOLERANCE), ("model_int8.tflite", None, TOLERANCE),
        ("model_int8_io.tflite", None, TOLERANCE),
    ],
)  # fmt: skip
def test_every_file_answers_as_pytorch_does(
    exported: Path, checkpoint: Path, name: str, largest: float | None, mean_px: float | None
) -> None:
    crops = views(24)
    expected = torch_points(checkpoint, crops)
    assert expected.std(axis=0).mean() * SIZE > 2 * TOLERANCE, "it always says the same"
    difference = open_model(exported / name).predict(crops) - expected
    if largest is not None:
        assert np.abs(difference).max() < largest
    if mean_px is not None:
        assert np.linalg.norm(difference, axis=-1).mean() * SIZE < mean_px


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".tflite")])
def test_tflite_files_waste_nothing_and_old_engines_read_them(exported: Path, name: str) -> None:
    found = {operator.name: operator for operator in operators(read_model((exported / name).read_bytes()))}
    assert not {"TRANSPOSE", "PAD", "PADV2"} & set(found)
    # 12 is per-channel dense layers, which TensorFlow Lite 2.14 and 2.16 refuse.
    assert found["FULLY_CONNECTED"].version <= 9
    if name.startswith("model_int8"):
        assert not {"MUL", "SUB"} & set(found), "the raw bytes are the quantized input"


def test_a_dynamic_range_file_keeps_floats_where_integers_lose(exported: Path) -> None:
    """The last layer's int8 weights made two thirds of its error, depthwise ones took longer than floats."""
    found = [layer for layer in read_layers(exported / "model_dynamic.tflite") if layer.macs]
    assert not any(layer.dynamic for layer in found if layer.kind == "depthwise")
    assert not found[-1].dynamic
    assert any(layer.dynamic for layer in found)


def test_the_int8_inputs_scale_is_the_normalization(exported: Path) -> None:
    spec = open_runtime(exported / "model_int8.tflite").inputs[0]
    assert (spec.scale, spec.zero_point) == (pytest.approx(1 / 128, rel=1e-6), 128)


def test_the_manifest_describes_what_is_there(exported: Path) -> None:
    manifest = read_manifest(exported)
    assert manifest is not None
    assert [entry.file for entry in manifest.files] == list(FILES)
    for entry in manifest.files:
        data = (exported / entry.file).read_bytes()
        assert (entry.bytes, entry.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert entry.operators and entry.oldest_engine[-1].isdigit()
        assert entry.deviation.mean_px <= entry.deviation.max_px < 10
    report = (exported / "report.md").read_text(encoding="utf-8")
    assert all(name in report for name in FILES) and "report.png" in report
    # No word of speed that holds on one processor, or of one net, alone.
    assert "is for size. Whether it saves time, too, depends on the" in report


def test_check_finds_a_changed_file(exported: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(exported, tmp_path / "copy")
    assert check_integrity(find_models(copy), copy).good
    name = "model_float16.tflite"
    (copy / name).write_bytes((exported / "model_float32.tflite").read_bytes())
    done = facekp_export("check", copy, "--json")
    assert done.returncode == 1
    problems = {entry["file"]: entry["problem"] for entry in json.loads(done.stdout)["files"]}
    assert problems == {**dict.fromkeys(FILES), name: "it was changed after its export"}


def labelled_folder(folder: Path, checkpoint: Path) -> str:
    """Photographs with five points each, somewhere near what the net says."""
    import cv2

    from facekp_train.crop import CropRule, cut, tight_box

    rule = CropRule(size=SIZE)
    for number, photo in enumerate(np.repeat(np.repeat(views(6), 3, axis=1), 3, axis=2)):
        guess = np.array([[60.0, 60], [130, 60], [95, 95], [70, 130], [120, 130]])
        square = rule.square(tight_box(guess))
        points = square.to_image(torch_points(checkpoint, cut(photo, square, rule)[None])[0])
        cv2.imwrite(str(folder / f"{number}.png"), photo[..., ::-1])
        lines = "\n".join(f"{x + 1:.3f} {y + 1:.3f}" for x, y in points)
        (folder / f"{number}.pts").write_text(f"version: 1\nn_points: 5\n{{\n{lines}\n}}\n")
    return f"pts:{folder}"


def test_check_measures_every_file_on_labelled_faces(
    exported: Path, checkpoint: Path, tmp_path: Path
) -> None:
    faces = LabelledFaces.of(open_dataset(labelled_folder(tmp_path, checkpoint)))
    document = check_labelled(find_models(exported), faces).document
    assert [entry["file"] for entry in document["files"]] == list(FILES)
    by_file = {entry["file"]: entry for entry in document["files"]}
    exact = faces.measure(lambda crops: torch_points(checkpoint, crops), read_info_rule(exported))
    for name in ("model.onnx", "model_float32.tflite"):
        entry = by_file[name]
        assert entry["n"] == 6 and set(entry["failure_rate"]) == {"8", "10"}
        assert entry["nme"]["inter_pupil"] == pytest.approx(exact.nme["inter_pupil"], rel=1e-3)
    single = facekp_export("check", exported / "model_int8.tflite", "--data", f"pts:{tmp_path}", "--json")
    assert single.returncode == 0, single.stderr
    assert json.loads(single.stdout)["files"][0]["nme"] == by_file["model_int8.tflite"]["nme"]


def read_info_rule(folder: Path):
    info = read_info(folder / "model.onnx")
    assert info is not None
    return info.crop


def test_beyond_the_tolerance_nothing_is_published(exported: Path, checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    shutil.copytree(exported, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = facekp_export("--to", "tflite", "--model", checkpoint, "--out", out, "--tolerance", "0")
    assert done.returncode == 1
    said = done.stderr.replace("\n", " ")
    assert "model_dynamic.tflite differs from PyTorch" in said and "quantize-aware" in said
    assert "the layers that cost most, rounded alone, in pixels: " in said
    assert "backbone.features.17.conv.2\n" in (tmp_path / "a.export.log").read_text(encoding="utf-8")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"a", "a.export.log"}


def test_onnx_alone(checkpoint: Path, tmp_path: Path) -> None:
    words = ("--to", "onnx", "--model", checkpoint, "--out", tmp_path / "a", "--tolerance", TOLERANCE)
    done = facekp_export(*words, "--name", "ours")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "a/manifest.json").read_text())["name"] == "ours"
    info = read_info(tmp_path / "a/model_int8.onnx")
    assert info is not None and info.name == "ours"
    made = {path.name for path in (tmp_path / "a").iterdir()}
    assert made == {"model.onnx", "model_int8.onnx", "manifest.json", "report.md", "export.log"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--model", "absent.safetensors"], 1, "absent.safetensors: no such file; give a checkpoint"),
        (["--model", "a.tflite"], 1, "already; measure it with: facekp-export check a.tflite"),
        (["--model", "a.ONNX"], 1, "a.ONNX is an exported file already"),
        (["--model", "folder"], 1, "folder is a folder; give a checkpoint, and there is none in it"),
        (["--model", "a.safetensors", "--out", "full"], 1, "model_int8.tflite is a folder"),
        (["--model", "a.safetensors", "--out", "mine"], 1, "report.md is not of an earlier export"),
        (["--model", "a.safetensors", "--out", "a.tflite"], 1, "a.tflite is a file; name a folder"),
        (["--model", "a.safetensors", "--out", "/proc/x"], 1, "/proc: nothing can be written there ("),
        (["--to", "onnx", "--io", "int8"], 2, "--to tflite"),
        (["--to", "coreml"], 2, "Invalid value for '--to': 'coreml' is not one of 'onnx'"),
        (["--split", "test"], 2, "--data"),
        (["--calibration", "nowhere"], 2, "FORMAT:PATH"),
        (["check", "a.safetensors"], 1, "make them from a checkpoint with facekp-export"),
        (["check", "absent.tflite"], 1, "absent.tflite: no such file"),
        (["check", "folder"], 1, "holds no .onnx or .tflite"),
    ],
)  # fmt: skip
def test_wrong_words_end_in_one_sentence(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    for folder in ("folder", "full/model_int8.tflite", "mine"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("a.tflite", "a.ONNX", "a.safetensors", "mine/report.md"):
        (tmp_path / file).write_text("mine")
    command = [sys.executable, "-m", "facekp_export", *words]
    root = ROOT
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
