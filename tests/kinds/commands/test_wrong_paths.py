"""Kind: a wrong path is answered in a moment, before PyTorch or TensorFlow is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.demo import demo_photo
from tests.support.models.detect_cli import call
from tests.support.models.train_cli import annotated, command
from tests.support.places import ROOT

pytest.importorskip("torch", reason="without it nothing heavy can be loaded")

FACES, MODEL = ("--data", "pts:photos"), ("--model", "a.safetensors")
TRAINING = {
    "fit": (),
    "distill": (*MODEL, "--teacher", "a.safetensors"),
    "prune": (*MODEL, "--rate", "0.5"),
    "quantize-aware": MODEL,
}
SHARED = (
    ("--data", "pts:gone"), ("--data", "webcam:x"), ("--data", "coco:gone.json"),
    ("--validation", "pts:gone"), ("--recipe", "gone.yaml"), ("--recipe", "of-gone.yaml"),
    ("--out", "a.safetensors"), ("--out", "a.safetensors/deep"), ("--out", "done"),
    ("--set", "init=gone.safetensors"), ("--set", "imagenet=gone.pth"), ("--set", "learning_rat"),
)  # fmt: skip
OWN = {
    "fit": (("--init", "gone.safetensors"), ("--imagenet", "gone.pth"), ("--scheme", "gone.yaml")),
    "distill": (("--model", "gone.safetensors"), ("--teacher", "gone"), ("--teacher", "a.tflite")),
    "prune": (("--model", "gone.safetensors"), ("--prune-teacher", "teacher", "--teacher", "gone")),
    "quantize-aware": (("--model", "gone.safetensors"),),
}
TRAIN = [
    ["facekp_train.cli", command, *rest, *([] if "--data" in wrong else FACES), *wrong]
    for command, rest in TRAINING.items()
    # One place looks at what all of them take.
    for wrong in (*(SHARED if command == "fit" else SHARED[:1]), *OWN[command])
] + [
    ["facekp_train.cli", *words]
    for words in (
        ["data", "pts:gone"],
        ["data", "pts:photos", "--scheme", "gone.yaml"],
        ["data", "coco:faces.json", "--images", "gone"],
        ["evaluate", *MODEL, "--data", "pts:gone"],
        ["evaluate", *FACES, "--model", "gone.safetensors"],
        ["evaluate", *FACES, "--model", "photos"],
        ["evaluate", *FACES, "--model", "a.tflite"],
        ["evaluate", *FACES, *MODEL, "--against", "gone.safetensors"],
        ["evaluate", *FACES, *MODEL, "--scheme", "gone.yaml"],
        ["evaluate", "--data", "coco:faces.json", *MODEL, "--images", "gone"],
        ["evaluate", *FACES, *MODEL, "--out", "a.safetensors"],
        ["label", *FACES, "--model", "gone.safetensors"],
        ["label", *MODEL, "--data", "pts:gone"],
        ["label", *MODEL, *FACES, "--also", "mesh:gone.task"],
        ["label", *MODEL, *FACES, "--scheme", "gone.yaml"],
        ["label", *MODEL, *FACES, "--out", "photos"],
        ["label", *MODEL, *FACES, "--out", "a.safetensors/labels.json"],
        ["run", "gone.yaml"],
        ["run", "data.yaml"],
        ["run", "teacher.yaml"],
        ["run", "recipe.yaml"],
        ["run", "unset.yaml"],
        ["run", "good.yaml", "--out", "a.safetensors"],
        ["study", "--data", "pts:gone"],
        ["study", *FACES, "--validation", "pts:gone"],
        ["study", *FACES, "--teacher", "gone.safetensors"],
        ["study", *FACES, "--out", "a.safetensors"],
        ["study", *FACES, "--work", "a.safetensors"],
    )
]
EXPORT = [
    ["facekp_export.cli", *words]
    for words in (
        ["--model", "gone.safetensors"],
        ["--model", "photos"],
        ["--model", "a.tflite"],
        [*MODEL, "--data", "pts:gone"],
        [*MODEL, "--calibration", "pts:gone"],
        [*MODEL, "--out", "a.tflite"],
        ["check", "gone"],
        ["check", "gone.tflite"],
        ["check", "a.tflite", "--data", "pts:gone"],
        ["layers", "gone.safetensors"],
        ["layers", "a.safetensors", "--data", "pts:gone"],
        ["boxes", "--points68", "pts:gone"],
    )
]
PROGRAM = """
import contextlib, importlib, io, json, sys, time
for module, *words in json.load(sys.stdin):
    cli, console = importlib.import_module(module), importlib.import_module("facekp_train.common.console")
    stream, begun, code = io.StringIO(), time.process_time(), 0
    console.err.file = stream
    with contextlib.redirect_stderr(stream):
        try:
            console.run(cli.app, words)
        except SystemExit as ended:
            code = ended.code
    heavy = sorted({"torch", "tensorflow", "lightning_fabric", "onnx2tf"} & set(sys.modules))
    said = " ".join(stream.getvalue().split())
    print(json.dumps([[module, *words], code, said, heavy, time.process_time() - begun]), flush=True)
"""


def test_nothing_heavy_is_loaded_for_a_wrong_path(tmp_path: Path) -> None:
    for name in "ab":
        annotated(tmp_path / "photos", name)
    for name in ("a.safetensors", "a.tflite", "done/best.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    (tmp_path / "faces.json").write_text('{"images": [], "annotations": []}')
    (tmp_path / "of-gone.yaml").write_text("teacher: gone.safetensors\n")
    good = "shared: {data: ['pts:photos']}\nteacher: {checkpoint: a.safetensors}\n"
    for name, text in (
        ("good", good),
        ("data", good.replace("pts:photos", "pts:gone")),
        ("teacher", good.replace("a.safetensors", "gone.safetensors")),
        ("recipe", good + "student: {recipe: gone.yaml}\n"),
        ("unset", good.replace("photos", "$FACEKP_NOT_SET/photos")),
    ):
        (tmp_path / f"{name}.yaml").write_text(text)
    lines = [*TRAIN, *EXPORT]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(lines), capture_output=True, text=True, check=True,
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "COLUMNS": "1000", "HOME": str(tmp_path)},
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer[0] for answer in answers] == lines
    for words, code, said, heavy, seconds in answers:
        assert code in (1, 2), (words, said)
        assert not heavy, (words, heavy)
        assert seconds < 2, (words, seconds)
        wrong = "done" if "done" in words else "gone"
        assert wrong in said or wrong not in " ".join(words), (words, said)
        assert "Traceback" not in said


def test_a_folder_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert call(demo_photo(), "--out", "x.png") == 1
    assert "error: the folder that you work in is gone; change to one" in capsys.readouterr().err


def test_the_systems_own_errors_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").touch()
    assert command("data", f"pts:{tmp_path / ('x' * 300)}") == 1
    assert command("data", f"coco:{tmp_path / 'a' / 'b.json'}") == 1
    assert "Errno" not in capsys.readouterr().err
