"""An export killed while it builds or moves its files: the next one finds the earlier export whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.publishing.publish import staging_for
from facekp_export.verification.manifest import MANIFEST
from facekp_export.verification.report import PICTURE, REPORT
from tests.support.files.exports import contents, export_to
from tests.support.places import ROOT


def contents_of_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


_KILLED = """
import os, signal, sys
from pathlib import Path
from facekp_export.publishing.publish import staging_for
with staging_for(Path(sys.argv[1]), ["model.onnx"]) as staging:
    (staging / "model.onnx").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_export_left_goes_with_the_next(tmp_path: Path) -> None:
    out = tmp_path / "a"
    for content in ("new", "newer"):
        killed = subprocess.run([sys.executable, "-c", _KILLED, out], check=False, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert not out.exists() or contents_of_files(out)["model.onnx"] == "new"
        export_to(out, "model.onnx", content=content)
        assert set(contents(out)) == {MANIFEST, REPORT, PICTURE, "model.onnx"}
        assert [path.name for path in tmp_path.iterdir()] == ["a"]


_KILLED_WHILE_MOVING = """
import os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.support.files.exports import export_to
steps = 0
def counted(true):
    def step(*words, **options):
        global steps
        if steps == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return true(*words, **options)
    return step
Path.replace, shutil.rmtree = counted(Path.replace), counted(shutil.rmtree)
export_to(Path(sys.argv[1]), *sys.argv[4:], content="killed")
"""


def kill_after(moves: int, out: Path, *names: str) -> None:
    """Leave what an export leaves that is killed after so many moves; clearing up counts as one."""
    words = [out, str(moves), ROOT, *names]
    killed = subprocess.run([sys.executable, "-c", _KILLED_WHILE_MOVING, *words], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moves", range(10))
def test_what_a_kill_in_the_midst_of_moving_left_is_undone_by_the_next_export(
    tmp_path: Path, moves: int
) -> None:
    """Ten moves: five old files aside, then five new ones in, one of them under a new name."""
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    (out / "README.md").write_text("mine")
    before = contents(out)
    kill_after(moves, out, "model.onnx", "model_float16.tflite")
    assert (contents_of_files(out) == before) == (moves == 0)
    kill_after(moves, out, "model.onnx", "model_float16.tflite")  # in undoing, or in moving
    with pytest.raises(ValueError, match="a value"), staging_for(out, ["model.onnx"]):
        assert contents_of_files(out) == before
        raise ValueError("a value")
    assert contents(out) == before
    export_to(out, "model.onnx", content="newer")
    assert set(contents(out)) == {MANIFEST, REPORT, PICTURE, "model.onnx", "README.md"}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("moves", [1, 3])
def test_what_a_first_export_left_that_was_killed_in_the_midst_of_moving_goes(
    tmp_path: Path, moves: int
) -> None:
    out = tmp_path / "a"
    kill_after(moves, out, "model.onnx")
    assert len(contents(out)) == moves
    export_to(out, "model_float16.tflite")
    assert set(contents(out)) == {MANIFEST, REPORT, PICTURE, "model_float16.tflite"}
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_kill_after_the_last_move_leaves_the_new_export(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    kill_after(10, out, "model.onnx", "model_float16.tflite")
    with pytest.raises(ValueError, match="a value"), staging_for(out, ["model.onnx"]):
        raise ValueError("a value")
    assert set(contents(out)) == {MANIFEST, REPORT, PICTURE, "model.onnx", "model_float16.tflite"}
    assert contents(out)["model.onnx"] == "killed"
