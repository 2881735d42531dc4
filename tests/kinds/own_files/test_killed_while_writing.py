"""A command killed while it writes: the file that was there stays whole, what was left goes with the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facekp_train.common.files import write_text, written_aside
from facekp_train.common.held.folder import folder_beside
from facekp_train.pictures.folders import folders_below
from tests.support.places import DEMO_PHOTO, ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

KILLED = """\
import os, runpy, signal, sys
program, moment, sys.argv = sys.argv[1], sys.argv[2], sys.argv[2:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "written":
    os.fsync = die
else:
    from pathlib import Path
    Path.replace = die
if program == "-":
    from pathlib import Path
    from facekp_train.common.files import write_text
    write_text(Path(sys.argv[1]), "killed")
else:
    runpy.run_module(program, run_name="__main__")
"""


def kill(moment: str, program: str, *arguments: str | Path) -> None:
    """Run a command that is killed when its file is written, or when that is to get its name."""
    words = [sys.executable, "-c", KILLED, program, moment, *map(str, arguments)]
    done = subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("moment", ["written", "named"])
def test_what_a_kill_left_goes_with_the_next_file(moment: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("good")
    kill(moment, "-", tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == "good"
    (left,) = (path for path in tmp_path.iterdir() if path.name != "a.json")
    then = time.time() + 3e7  # a clock that went back since
    os.utime(left, (then, then))
    write_text(tmp_path / "other.json", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "other.json"]
    assert (tmp_path / "a.json").read_text() == "good"


def test_a_command_that_was_killed_leaves_the_earlier_picture(tmp_path: Path) -> None:
    target = tmp_path / "points.png"
    target.write_text("good")
    kill("written", "facekp_export.detect", DEMO_PHOTO, "--out", target)
    assert target.read_text() == "good" and len(list(tmp_path.iterdir())) == 2
    assert [file.name for _, files in folders_below(tmp_path) for file in files] == ["points.png"]
    with folder_beside(tmp_path) as own:
        assert sorted(tmp_path.iterdir()) == sorted([own, target])


NAME = ".facekp-0_wxyz12"  # as mkdtemp would name a folder of ours


@pytest.mark.parametrize("lock", [None, "mine", "folder", "pipe", "link"])
def test_what_bears_no_mark_of_ours_stays(lock: str | None, tmp_path: Path) -> None:
    mine = tmp_path / NAME
    mine.mkdir()
    (mine / "photo.png").write_text("mine")
    if lock == "mine":
        (mine / "lock").write_text("mine")
    elif lock == "folder":
        (mine / "lock").mkdir()
    elif lock == "pipe":
        os.mkfifo(mine / "lock")
    elif lock == "link":
        with folder_beside(tmp_path) as own:
            (tmp_path / "mark").write_bytes((own / "lock").read_bytes())
        (mine / "lock").symlink_to(tmp_path / "mark")
    write_text(tmp_path / "a.json", "x")
    assert (mine / "photo.png").read_text() == "mine"
    assert mine / "photo.png" in [file for _, files in folders_below(tmp_path) for file in files]


def test_a_file_or_a_link_of_such_a_name_stays(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("mine")
    with folder_beside(tmp_path / "..") as elsewhere:
        (tmp_path / ".facekp-1_wxyz12").symlink_to(elsewhere)
        (elsewhere / "kept").touch()
        write_text(tmp_path / "a.json", "x")
        assert (elsewhere / "kept").exists()
    assert (tmp_path / NAME).read_text() == "mine"


def test_a_file_that_is_being_written_is_left_to_its_process(tmp_path: Path) -> None:
    with written_aside(tmp_path / "a.json") as aside:
        aside.write_text("of the first")
        write_text(tmp_path / "b.json", "of the second")
        write_text(tmp_path / "a.json", "of the second")
    assert (tmp_path / "a.json").read_text() == "of the first"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


WRITER = """\
import sys
from pathlib import Path
from facekp_train.common.files import write_text
for _ in range(40):
    write_text(Path(sys.argv[1]), sys.argv[2] * 300_000)
"""


def test_two_processes_write_the_same_file_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    words = [sys.executable, "-c", WRITER, str(target)]
    processes = [subprocess.Popen([*words, letter], cwd=ROOT) for letter in "ab"]
    seen = set()
    while any(process.poll() is None for process in processes):
        if target.exists():
            seen.add(target.read_text())
        time.sleep(0.005)
    assert [process.returncode for process in processes] == [0, 0]
    assert seen <= {letter * 300_000 for letter in "ab"} and seen
    assert list(tmp_path.iterdir()) == [target]


def test_the_longest_name_that_a_file_may_have(tmp_path: Path) -> None:
    for name in ("n" * 251 + ".png", "n." + "p" * 253):
        write_text(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"
