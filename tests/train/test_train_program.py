"""`facekp-train` as a program: wrong usage, failures, help at once, modules that stay light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.models.train_cli import command


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["data", "webcam:x"], 2, "FORMAT:PATH"),
        (["data", "pts:photos", "--split", "test"], 2, "no split 'test'"),
        (["data", "pts:gone"], 1, "gone does not exist"),
        (["data", "mtfl:photos"], 1, "trainImageList.txt is missing"),
        (["data", "pts:photos", "--out", "sheet.docx"], 1, "sheet.docx"),
        (["data"], 2, "Missing argument"),
        (["evaluate", "--model", "gone.safetensors", "--data", "pts:photos"], 1, "gone.safetensors"),
        (["evaluate", "--model", "a.tflite", "--data", "pts:photos"], 1, "facekp-export check a.tflite"),
        (["evaluate", "--model", "a.onnx", "--data", "pts:photos"], 1, "facekp-export check a.onnx"),
        (["evaluate", "--model", "a.safetensors", "--data", "photos"], 2, "FORMAT:PATH"),
        (["evaluate", "--model", "a.safetensors", "--data", "pts:photos", "--boxes", "mine"], 2, "listed"),
        (["evaluate", "--model", "a.safetensors", "--data", "pts:photos", "--batch", "0"], 2, "batch"),
        (["evaluate", "--model", "photos/a.pts", "--data", "pts:photos"], 1, "safetensors"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_and_failures(
    photos: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert command(*words) == code
    streams = capsys.readouterr()
    assert message in " ".join(streams.err.split())
    assert "Traceback" not in streams.err
    assert not Path("sheet.docx").exists()


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"], ["evaluate", "-h"]], ids=" ".join)
def test_help_needs_nothing_heavy(words: list[str]) -> None:
    """That is how it answers at once."""
    program = (
        "import sys\nfrom facekp_train.cli import app\nfrom facekp_train.common.console import run\n"
        f"try:\n    run(app, {words!r})\nfinally:\n"
        "    heavy = {'torch', 'cv2', 'numpy', 'matplotlib', 'lightning_fabric'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert "heavy: []" in done.stderr


def test_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "facekp_train", "data", "webcam:x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "FORMAT:PATH" in done.stderr
