"""A disk that fills up while a command writes, or takes no file at all: one sentence, nothing half-written.

The stages of `facekp-train run` on such a disk are in test_stages.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from facekp_export.demo import demo_photo
from facekp_train.common.shipped import default_checkpoint, shipped_models_dir
from tests.support.extras import needs_export
from tests.support.files.small_disk import able, small_disk

pytestmark = pytest.mark.skipif(not able(), reason="needs user and mount namespaces (Linux)")


def _on_a_disk(options: str, disk: Path, module: str, *words: str | Path) -> tuple[int, str, list[str]]:
    """Exit code, the last line on stderr, and the files left on a disk mounted so."""
    with small_disk(disk, options) as mounted:
        ended = mounted.run([sys.executable, "-m", module, *words])
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stderr.splitlines()[-1], mounted.files()


def _full(target: Path) -> str:
    return f"error: {target}: the disk is full; free some space, or write elsewhere"


def test_a_picture(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    code, said, left = _on_a_disk(
        "size=8k", disk, "facekp_export.detect", demo_photo(), "--out", disk / "points.png"
    )
    assert (code, said, left) == (1, _full(disk / "points.png"), [])


# A file that is written needs a block for itself and one for the lock of its hidden folder.
@pytest.mark.parametrize(
    ("size", "left"), [("8k", ["evaluation.json"]), ("40k", ["errors.csv", "evaluation.json"])]
)
def test_an_evaluation(photos: Path, tmp_path: Path, size: str, left: list[str]) -> None:
    disk = tmp_path / "disk"
    words = ("evaluate", "--data", f"pts:{photos}", "--out", disk / "report")
    code, said, found = _on_a_disk(f"size={size}", disk, "facekp_train", *words)
    assert code == 1
    assert said.endswith("the disk is full; free some space, or write elsewhere")
    assert found == [f"report/{name}" for name in left]


def test_labels(photos: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    words = (
        "label",
        "--model",
        default_checkpoint(),
        "--data",
        f"pts:{photos}",
        "--out",
        disk / "labels.json",
    )
    assert _on_a_disk("size=4k", disk, "facekp_train", *words) == (1, _full(disk / "labels.json"), [])


def test_a_training_run(discs: Path, tmp_path: Path) -> None:
    """What was finished before the disk was full is whole; nothing else lies there."""
    disk = tmp_path / "disk"
    words = ("fit", "--data", f"mtfl:{discs}", "--split", "train", "--points", "5", "--out", disk / "run")
    settings = (
        "validation=[]",
        "epochs=2",
        "batch=16",
        "widths=[" + ",".join(["8"] * 16) + "]",
        "imagenet=false",
    )
    options = [word for setting in settings for word in ("--set", setting)]
    code, said, left = _on_a_disk("size=700k", disk, "facekp_train", *words, *options)
    assert code == 1
    assert said.endswith("the disk is full; free some space, or write elsewhere")
    assert not [name for name in left if Path(name).name.startswith(".")]


@pytest.mark.slow
def test_an_export(tmp_path: Path) -> None:
    needs_export()
    disk = tmp_path / "disk"
    words = ("--to", "onnx", "--out", disk / "export")
    assert _on_a_disk("size=3m", disk, "facekp_export", *words) == (1, _full(disk / "export"), [])


def test_a_measurement(tmp_path: Path) -> None:
    """What was measured is on stdout even though the file cannot be."""
    disk = tmp_path / "disk"
    model = shipped_models_dir() / "mdp-0.25x" / "model_int8.tflite"
    words = ("--models", model, "--min-runs", "1000", "--min-seconds", "0", "--out", disk / "result.json")
    code, said, left = _on_a_disk("size=4k", disk, "android_bench", *words)
    assert (code, said, left) == (1, _full(disk / "result.json"), [])


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("facekp_export.detect", [demo_photo(), "--out", "{disk}/points.png"]),
        ("facekp_export", ["--to", "onnx", "--out", "{disk}/export"]),
        ("facekp_train", ["evaluate", "--data", "pts:{photos}", "--out", "{disk}/report"]),
        ("facekp_train", ["data", "pts:{photos}", "--out", "{disk}/sheet.png"]),
        ("android_bench", ["--min-runs", "3", "--min-seconds", "0", "--out", "{disk}/result.json"]),
    ],
)
def test_a_disk_that_is_read_only(module: str, words: list[str | Path], photos: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    filled = [str(word).format(disk=disk, photos=photos) for word in words]
    code, said, left = _on_a_disk("ro", disk, module, *filled)
    assert (code, left) == (1, [])
    assert said.startswith(f"error: {disk}")
    ends = (
        "nothing can be written there (Read-only file system); choose another folder",
        "is not a folder that you can write to",  # looked at before the measurement
    )
    assert said.endswith(ends)
