"""What is named with --out: a device, a pipe or a stream stays what it is, a file keeps its mode."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from android_bench.reports.delivery import check_targets
from facekp_train.common.console import UserError
from facekp_train.common.files import write_text, written_aside
from facekp_train.common.locks import alone_with

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices, pipes and modes are POSIX")


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "all of it")
    reader.join(20)
    assert read == ["all of it"] and stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="needs /dev/null")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    for target in (Path("/dev/null"), tmp_path / "null.json"):
        if not target.exists():
            target.symlink_to("/dev/null")
        check_targets(target)
        write_text(target, "x")
        assert target.is_char_device()
    assert (tmp_path / "null.json").is_symlink()
    if os.geteuid() == 0:
        own = tmp_path / "n.png"
        try:
            os.mknod(own, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        except OSError:
            return  # a container that may not
        with written_aside(own) as aside:
            assert aside.suffix == ".png"
            aside.write_bytes(b"x")
        assert stat.S_ISCHR(own.lstat().st_mode)


PROGRAM = """\
import sys
from pathlib import Path
from facekp_train.common.files import write_text
print("before")
write_text(Path(sys.argv[1]), "document\\n")
print("after")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_a_stream_goes_on(name: str, to: str, tmp_path: Path) -> None:
    if not Path(name).exists():
        pytest.skip(f"{name} is not known here")
    with (tmp_path / "out").open("w+b") as file:
        stdout = subprocess.PIPE if to == "pipe" else file
        done = subprocess.run([sys.executable, "-c", PROGRAM, name], stdout=stdout, check=True)
        file.seek(0)
        assert (done.stdout or file.read()) == b"before\ndocument\nafter\n"
    assert Path(name).exists()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_replaced_file_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    target = tmp_path / "p.png"
    target.write_text("old")
    target.chmod(mode)
    write_text(target, "new")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_mode_of_any(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write_text(tmp_path / "new", "x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    true = os.fsync

    def noted(handle: int) -> None:
        synced.append((tmp_path / "new").exists())
        true(handle)

    monkeypatch.setattr(os, "fsync", noted)
    write_text(tmp_path / "new", "x")
    assert synced == [False]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_leads_on(there: bool, tmp_path: Path) -> None:
    """As with a shell's `>`: the link stays, and what it leads to is replaced, mode kept."""
    kept, link = tmp_path / "kept" / "out.json", tmp_path / "link.json"
    kept.parent.mkdir()
    if there:
        kept.write_text("old")
        kept.chmod(0o600)
    link.symlink_to("kept/out.json")
    check_targets(link)
    write_text(link, "new")
    assert link.is_symlink() and (kept.read_text(), list(kept.parent.iterdir())) == ("new", [kept])
    assert not there or stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_circle_of_links_and_a_socket_take_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    circle, one, listening = Path("loop.json"), Path("one.json"), Path("socket.json")
    circle.symlink_to("one.json")
    one.symlink_to("loop.json")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(listening))
        for target, words in ((circle, "leads back to itself"), (listening, "is a socket")):
            with alone_with(target), pytest.raises(UserError, match=words):
                check_targets(target)
            with pytest.raises(OSError, match=words):
                write_text(target, "x")
    assert circle.is_symlink() and one.is_symlink() and listening.is_socket()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full: the disk is full"):
        write_text(Path("/dev/full"), "x")
