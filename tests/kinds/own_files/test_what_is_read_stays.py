"""What a command reads is not what it writes: refused before anything is lost, and before the work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from android_bench.cli import app as bench
from facekp_train.common.console import run
from tests.support.files.tool_files import SOUND, write
from tests.support.models.train_cli import command

MODEL = ("--model", "mdp-0.25x")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents, annotations, a photograph and a model of the user's, and other names of them."""
    monkeypatch.chdir(tmp_path)
    for form in ("coco", "cvat"):
        write(tmp_path, form, SOUND[form][1].encode())
    Path("labels.json").write_text(SOUND["coco"][1])
    Path("r.json").write_text(json.dumps({"schema": "facekp-bench/1", "records": []}))
    Path("other.json").symlink_to("r.json")
    Path("m").mkdir()
    Path("m/model.tflite").write_bytes(b"a model")
    Path("m/times.json").write_text("earlier times")
    return tmp_path


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _benched(*words: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        run(bench, words)
    return ended.value.code


@pytest.mark.parametrize(
    "words",
    [
        ("label", *MODEL, "--data", "coco:labels.json", "--out", "labels.json"),
        ("label", *MODEL, "--data", "coco:labels.json"),
        ("label", *MODEL, "--data", "coco:coco.json"),
        ("label", *MODEL, "--data", "coco:coco.json@.", "--out", "./coco.json"),
        (
            "label",
            *MODEL,
            "--data",
            "cvat:annotations.xml",
            "--format",
            "labelstudio",
            "--out",
            "annotations.json",
        ),
        ("data", "coco:coco.json", "--out", "coco.json"),
        ("data", "coco.json", "--out", "coco.json"),
        ("data", "coco:coco.json", "--out", "a.png"),
    ],
)
def test_labels_and_photographs_stay(
    words: Sequence[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _contents(here)
    assert command(*words) == 2
    assert _contents(here) == before
    assert "Error: Invalid value: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("report", "r.json", "--markdown", "r.json"),
        ("report", "other.json", "--csv", "r.json"),
        ("report", "r.json", "--html", "page.html", "--markdown", "page.html"),
        ("compare", "r.json", "labels.json", "--html", "labels.json"),
        ("decide", "m", "--records", "r.json", "--out", "other.json"),
        ("decide", "m", "--out", "m/model.tflite"),
        ("--models", "m", "--out", "m/model.tflite"),
        ("--models", "m/model.tflite", "--markdown", "m/model.tflite"),
    ],
)
def test_measurements_and_models_stay(
    words: Sequence[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _contents(here)
    assert _benched(*words) == 2
    assert _contents(here) == before
    said = capsys.readouterr().err
    assert "is what is read" in said or "written twice" in said


def test_a_file_beside_them_is_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy("r.json", "again.json")
    assert _benched("--models", "m", "--out", "m/times.json", "--runtime", "litert", "--min-runs", "1") == 1
    assert "a model" not in capsys.readouterr().out
    assert json.loads((here / "m" / "times.json").read_text())["records"]
    assert command("data", "coco:coco.json", "--out", "sheet.png") == 0
    assert command("data", "coco:coco.json", "--out", "sheet.png") == 0
