"""What lies and runs on a phone: files that arrive whole, programs that end, one measurement at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from android_bench.phone.adb.adb import Adb, AdbError
from android_bench.phone.adb.shell import DiskFullError, Phone
from android_bench.phone.lock import locked
from android_bench.phone.runner.install import ROOT, install
from android_bench.phone.runner.run import RunError, run_program
from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of
from tests.support.phones.scripted_phone import ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")


@pytest.fixture
def phone(scripted: ScriptedPhone) -> Phone:
    return Phone(Adb(), "TEST")


def files(folder: Path, **contents: str) -> dict[str, Path]:
    for name, text in contents.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in contents}


def test_only_what_differs_is_pushed_and_what_is_stale_goes(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    there = scripted.root / ROOT[1:] / "x"
    wanted = files(tmp_path, **{"a b'c.so": "one", "lib.so": "two", "same": "three"})
    scripted.put(f"{ROOT}/x/same", "three")
    scripted.put(f"{ROOT}/x/lib.so", "TWO")  # of the same size
    scripted.put(f"{ROOT}/x/libc.so", "of an older bundle")
    scripted.put(f"{ROOT}/x/lib.so.part", "of a push that was killed")
    install(phone, f"{ROOT}/x", wanted)
    assert {path.name: path.read_text() for path in there.iterdir()} == {
        name: path.read_text() for name, path in wanted.items()
    }
    assert sorted(Path(call[4]).name for call in scripted.calls if "push" in call) == [
        "a b'c.so.part",
        "lib.so.part",
    ]
    assert os.access(there / "lib.so", os.X_OK)


def test_what_is_told_to_lie_elsewhere_is_not_deleted(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    scripted.put(f"{ROOT}/x/stale", "of an older bundle")
    scripted.put(f"{ROOT}/holiday.jpg", "the user's")
    sums = f"{'0' * 64}  ../holiday.jpg"
    scripted.tool("sha256sum", f"echo '{sums}'; exec /usr/bin/sha256sum \"$@\"")
    scripted.tool("ls", 'echo ../holiday.jpg; exec /bin/ls "$@"')
    install(phone, f"{ROOT}/x", files(tmp_path, same="three"))
    assert [path.name for path in (scripted.root / ROOT[1:] / "x").iterdir()] == ["same"]
    assert (scripted.root / ROOT[1:] / "holiday.jpg").read_text() == "the user's"


def test_a_phone_without_sha256sum_is_read_back(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    # Android 7 has none: https://android.googlesource.com/platform/system/core/+/refs/heads/main/shell_and_utilities
    scripted.save(without=["sha256sum"])
    wanted = files(tmp_path, **{"a b'c.so": "one", "lib.so": "two"})
    scripted.put(f"{ROOT}/x/lib.so", "TWO")
    scripted.put(f"{ROOT}/x/older", "of an older bundle")
    there = install(phone, f"{ROOT}/x", wanted)
    assert there == {name: sha256_of(path) for name, path in wanted.items()}
    assert sorted(path.name for path in (scripted.root / ROOT[1:] / "x").iterdir()) == sorted(wanted)
    before = len(scripted.calls)
    install(phone, f"{ROOT}/x", wanted)
    assert not any("push" in call for call in scripted.calls[before:])
    scripted.save(damage=True)
    with pytest.raises(AdbError, match="arrived damaged"):
        install(phone, f"{ROOT}/y", wanted)


def test_a_damaged_push_is_noticed_and_leaves_nothing(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    scripted.save(damage=True)
    with pytest.raises(AdbError, match=r"lib\.so arrived damaged"):
        install(phone, f"{ROOT}/x", files(tmp_path, **{"lib.so": "two"}))
    assert list((scripted.root / ROOT[1:] / "x").iterdir()) == []


def test_a_full_phone_is_told_how_much_is_needed(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    wanted = files(tmp_path, big="x" * 3_000_000)
    scripted.tool(
        "df", "echo 'Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/x 9 9 1000 9% /data'"
    )
    with pytest.raises(DiskFullError, match=r"3\.0 MB are needed in /data/local/tmp and 1\.0 MB are free"):
        install(phone, f"{ROOT}/x", wanted)
    # Where df tells nothing, adb does, and on stdout.
    scripted.tool("df", "true")
    scripted.save(push={"stdout": "adb: error: remote write failed: No space left on device\n", "code": 1})
    with pytest.raises(DiskFullError, match=r"3\.0 MB are needed"):
        install(phone, f"{ROOT}/x", wanted)


def test_a_phone_without_room_for_a_folder_is_told_the_same(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    """A phone may be so full that not even a folder can be made; df may not say so."""
    wanted = files(tmp_path, big="x" * 3_000_000)
    scripted.tool("mkdir", "echo \"mkdir: '$2': No space left on device\" >&2; exit 1")
    for tells in ("'Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/x 9 9 0 9% /data'", ""):
        scripted.tool("df", f"echo {tells}")
        with pytest.raises(DiskFullError, match=r"phone TEST: 3\.0 MB are needed in /data/local/tmp"):
            install(phone, f"{ROOT}/x", wanted)
    assert not (scripted.root / ROOT[1:]).exists()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_program_that_hangs_is_ended_on_the_phone(
    scripted: ScriptedPhone, phone: Phone, tmp_path: Path
) -> None:
    folder = f"{ROOT}/hang"
    scripted.put(f"{folder}/hang", "#!/bin/sh\necho $$ > number\nexec sleep 300\n")
    (scripted.root / folder[1:] / "hang").chmod(0o755)
    with pytest.raises(RunError, match="no answer within 3 s, so it was stopped"):
        run_program(phone, folder, ["./hang"], timeout=3)
    number = int((scripted.root / folder[1:] / "number").read_text())
    until(lambda: not Path(f"/proc/{number}").exists())


@pytest.mark.parametrize("waited_for", [True, False])
def test_a_program_that_was_left_alone_is_ended_before_the_next(
    waited_for: bool, scripted: ScriptedPhone, phone: Phone
) -> None:
    """The daemon's end leaves one without the script that waited for it; another computer's has it."""
    folder = f"{ROOT}/x"
    scripted.put(f"{folder}/run", "#!/bin/sh\necho done\n")
    there = scripted.root / folder[1:]
    (there / "run").chmod(0o755)
    home = there if waited_for else scripted.root
    waiting = ["sh", "-c", f"cd {there}; sleep 300 & echo $! > {there.parent}/runner.pid; cd {home}; wait"]
    with subprocess.Popen(waiting) as waiter:
        number = there.parent / "runner.pid"
        until(lambda: number.exists() and number.read_text().strip())
        old = Path("/proc") / number.read_text().strip()
        assert run_program(phone, folder, ["./run"], timeout=20).stdout == "done\n"
        assert not number.exists()
        if waited_for:
            assert (old / "cwd").readlink() == there
            os.kill(int(old.name), signal.SIGKILL)
        assert waiter.wait(20) is not None  # the wait for a program that was ended


def test_one_measurement_at_a_time_on_a_phone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with (
        locked("a/../b", "s"),
        locked("another", "s"),
        pytest.raises(UserError, match="under another serial"),
        locked("another", "t"),
    ):
        pass
    with locked("a/../b", "s"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["facekp"]


def test_a_phone_that_another_process_measures_names_that_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    holds = (
        "from android_bench.phone.lock import locked\nwith locked('k', 's'): print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout and other.stdout.readline()
        with (
            pytest.raises(UserError, match=rf"another facekp-bench \(process {other.pid}\)"),
            locked("k", "s"),
        ):
            pass
        other.communicate(b"\n", timeout=20)
    with locked("k", "s"):
        pass


def test_threads_at_one_phone_at_once_see_themselves_not_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    start, tried = Barrier(8), Barrier(8)

    def measure(_: int) -> str:
        start.wait(20)
        try:
            with locked("k", "s"):
                tried.wait(20)
        except UserError as error:
            tried.wait(20)
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            errors = sorted(pool.map(measure, range(8)))
            assert errors[0] == "" and all("under another serial" in text for text in errors[1:])


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="set XDG_CACHE_HOME"), locked("a", "s"):
        pass
