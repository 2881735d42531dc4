"""The rig itself: it is a phone to adb, it can be broken in chosen ways, and it leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig import root
from tests.rig.errors import RigError
from tests.rig.profiles import PROFILES
from tests.rig.rig import Rig
from tests.rig.state import State
from tests.support.places import ROOT

# `rig` skips where none can stand, also those that raise one of their own.
pytestmark = [pytest.mark.adb, pytest.mark.usefixtures("rig")]

TEMPORARY = Path(tempfile.gettempdir())


def soon(holds: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether something comes to hold within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def traces() -> dict[str, set[str]]:
    """What a rig could leave on this machine, apart from its cache."""
    mine = [p for p in Path("/proc").iterdir() if p.name.isdigit()]
    return {
        "mounts": set(Path("/proc/mounts").read_text().splitlines()),
        "interfaces": {p.name for p in Path("/sys/class/net").iterdir()},
        "binfmt": {p.name for p in Path("/proc/sys/fs/binfmt_misc").glob("*")},
        "folders": {p.name for p in TEMPORARY.glob("facekp-rig-*")}
        | {p.name for p in TEMPORARY.glob("adb*")},
        "processes": {f"{p.name} {command}" for p in mine if (command := rig_command(p))},
        "home": {str(p) for p in (Path.home() / ".android").glob("*")},
    }


def rig_command(process: Path) -> str:
    """The command line of a process that belongs to a rig; an empty text for others."""
    try:
        command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
    return command if "facekp-rig-" in command or "adbd" in command else ""


def left_since(before: dict[str, set[str]], folder: str) -> dict[str, set[str]]:
    """Traces that were not there before; rigs of other test runs come and go, so only ours count there."""
    now = traces()
    ours = {kind: now[kind] - before[kind] for kind in now}
    ours["folders"] = {
        name for name in ours["folders"] if name == folder or not name.startswith("facekp-rig-")
    }
    ours["processes"] = {command for command in ours["processes"] if folder in command}
    return {kind: names for kind, names in ours.items() if names}


def test_the_shell_is_a_phones(rig: Rig) -> None:
    assert rig.shell("uname -m") == "aarch64\n"
    assert rig.shell("getprop ro.soc.model; getprop ro.none; getprop ro.none else") == "SM8150\n\nelse\n"
    assert rig.shell("getconf PAGESIZE; id -u; pwd") == "4096\n0\n/\n"
    assert "apt-get" not in rig.shell("ls /system/bin") and "LD_" not in rig.shell("env")
    assert "ELF" in rig.shell("file -L /system/bin/linker64")


def test_exit_codes_and_streams_come_through(rig: Rig) -> None:
    done = rig.adb("-s", rig.serial, "shell", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert rig.adb("-s", rig.serial, "shell", "sh -c 'kill -9 $$'").returncode == 137
    with pytest.raises(RigError, match="exit 127"):
        rig.shell("no-such-program")


def test_a_pushed_file_comes_back_whole(rig: Rig, tmp_path: Path) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "there").write_bytes(content)
    place = "/data/local/tmp/a file's name"
    assert rig.adb("-s", rig.serial, "push", str(tmp_path / "there"), place).returncode == 0
    assert rig.adb("-s", rig.serial, "pull", place, str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_bytes() == content
    rig.shell('rm "/data/local/tmp/a file\'s name"')


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_are_told_apart_by_what_engines_and_people_read(name: str) -> None:
    profile = PROFILES[name]
    parts = [cluster.part for cluster in profile.clusters for _ in range(cluster.cores)]
    fastest = [cluster.max_khz for cluster in profile.clusters for _ in range(cluster.cores)]
    with Rig(name, data_mb=16) as rig:
        told = rig.shell("cat /proc/cpuinfo").split("\n\n")
        assert [
            int(core.split("CPU part\t: ")[1].split()[0], 16) for core in told if "CPU part" in core
        ] == parts
        read = rig.shell("cat /sys/devices/system/cpu/cpu?/cpufreq/cpuinfo_max_freq").split()
        assert [int(khz) for khz in read] == fastest
        assert rig.shell("getprop ro.board.platform").strip() == profile.platform
        assert int(rig.shell("grep MemTotal /proc/meminfo").split()[1]) == profile.memory_kb
        # What every emulator says, and what makes a record `emulated`.
        assert rig.shell("getprop ro.boot.qemu").strip() == "1"


def test_state_is_what_the_services_tell(fresh_rig: Rig) -> None:
    fresh_rig.set_state(
        State(battery_level=12, charging=False, battery_celsius=41.5, thermal_status=3, screen_on=False)
    )
    battery = fresh_rig.shell("dumpsys battery")
    assert "  level: 12\n" in battery and "  temperature: 415\n" in battery and "  status: 3\n" in battery
    assert "Thermal Status: 3\n" in fresh_rig.shell("dumpsys thermalservice")
    assert "mWakefulness=Asleep" in fresh_rig.shell("dumpsys power")
    assert "41500\n" in fresh_rig.shell("cat /sys/class/thermal/thermal_zone*/temp")
    assert fresh_rig.shell("dumpsys no-such 2>&1") == "Can't find service: no-such\n"
    fresh_rig.shell("cmd power set-fixed-performance-mode-enabled true")
    assert b"enabled true" in fresh_rig.read_root("/system/etc/rig/cmd.log")
    with pytest.raises(RigError, match="exit 20"):
        fresh_rig.shell("cmd no-such")


def test_files_of_the_system_can_be_replaced_while_it_runs(fresh_rig: Rig) -> None:
    fresh_rig.push_root("/system/bin/getconf", b"#!/system/bin/sh\necho 16384\n", 0o755)
    assert fresh_rig.shell("getconf PAGESIZE") == "16384\n"
    fresh_rig.push_root("/proc/cpuinfo", b"nothing known\n")
    assert fresh_rig.shell("cat /proc/cpuinfo") == "nothing known\n"
    fresh_rig.remove_root("/sys/class/thermal")
    assert "No such file" in fresh_rig.shell("ls /sys/class/thermal 2>&1 || true")
    with pytest.raises(RigError, match="outside"):
        fresh_rig.push_root("/usr/bin/mksh", b"")


def test_a_killed_daemon_is_an_offline_device_until_it_is_restarted(fresh_rig: Rig) -> None:
    running = subprocess.Popen(
        ["adb", "-s", fresh_rig.serial, "shell", "echo begun; sleep 60; echo done"],
        stdout=subprocess.PIPE,
        env=fresh_rig.environment,
        text=True,
    )
    assert running.stdout and running.stdout.readline() == "begun\n"
    fresh_rig.kill_adbd()
    # The trap: the client ends with 0 and without a word.
    assert running.communicate(timeout=20)[0] == "" and running.returncode == 0
    lost = fresh_rig.adb("-s", fresh_rig.serial, "shell", "true")
    assert lost.returncode == 1 and ("offline" in lost.stderr or "not found" in lost.stderr)
    fresh_rig.restart_adbd()
    assert fresh_rig.shell("echo back") == "back\n"


def test_what_is_killed_on_the_device_is_listed_there_no_more(fresh_rig: Rig) -> None:
    number = fresh_rig.shell("sleep 987 >/dev/null 2>&1 & echo $!").strip()
    listed = f"ps -A -o PID | grep -cw {number} || true"
    assert fresh_rig.shell(listed) == "1\n"
    fresh_rig.shell(f"kill -9 {number}")
    assert soon(lambda: fresh_rig.shell(listed) == "0\n")


def test_a_stopped_daemon_is_listed_and_answers_nothing(fresh_rig: Rig) -> None:
    fresh_rig.stop_adbd()
    assert fresh_rig.adb("-s", fresh_rig.serial, "get-state").stdout == "device\n"
    with pytest.raises(subprocess.TimeoutExpired):
        fresh_rig.adb("-s", fresh_rig.serial, "shell", "true", timeout=2)
    fresh_rig.continue_adbd()
    assert fresh_rig.shell("echo back") == "back\n"


def test_a_full_disk_refuses_a_push_and_frees_up(fresh_rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1 << 20))
    push = ("-s", fresh_rig.serial, "push", str(tmp_path / "file"), "/data/local/tmp/file")
    assert fresh_rig.fill_disk() > 60 << 20
    refused = fresh_rig.adb(*push)
    assert refused.returncode == 1 and "No space left on device" in refused.stdout + refused.stderr
    fresh_rig.free_disk()
    assert fresh_rig.adb(*push).returncode == 0


def test_a_second_device_has_files_and_a_state_of_its_own(fresh_rig: Rig) -> None:
    other = fresh_rig.second_device("kirin-960")
    assert fresh_rig.adb("devices").stdout.count("\tdevice") == 2
    assert "more than one device" in fresh_rig.adb("shell", "true").stderr
    fresh_rig.shell("echo here > /data/local/tmp/mark")
    assert "No such file" in fresh_rig.shell("cat /data/local/tmp/mark 2>&1 || true", other)
    assert fresh_rig.shell("getprop ro.board.platform", other) == "hi3660\n"
    # An Android 9 has no such service.
    assert "Can't find" in fresh_rig.shell("dumpsys thermalservice 2>&1", other)
    fresh_rig.kill_adbd(other)
    assert fresh_rig.shell("echo alive") == "alive\n"


def test_nothing_is_left_when_the_rig_goes_down() -> None:
    before = traces()
    with Rig(data_mb=16) as rig:
        folder = rig.folder.name
        rig.second_device()
        rig.shell("sleep 100 >/dev/null 2>&1 &")
        during = left_since(before, folder)
        assert folder in during["folders"] and len(during["processes"]) > 1
        assert set(during) == {"folders", "processes"}
    assert soon(lambda: not left_since(before, folder)), left_since(before, folder)


def test_nothing_is_left_when_the_holder_is_killed() -> None:
    before = traces()
    script = "from tests.rig.rig import Rig; r = Rig(data_mb=16); print(r.folder.name, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert holder.stdout
    folder = holder.stdout.readline().strip()
    assert folder in left_since(before, folder)["folders"]
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert soon(lambda: not left_since(before, folder)), left_since(before, folder)


def test_it_stands_without_root() -> None:
    """As `nobody`, with the cache's root; the suite's own Python may lie where only root may read."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if os.geteuid() != 0 or not python:
        pytest.skip("needs root, to be someone else, and the system's Python")
    with tempfile.TemporaryDirectory(prefix="rig-of-nobody-") as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "tests/rig", home / "tests/rig")
        for made in (root.device_root(), root.shim()):
            shutil.copytree(made, home / "cache" / made.name, symlinks=True)
        (home / "tmp").mkdir()
        subprocess.run(["chown", "-R", "nobody:nogroup", folder], check=True, timeout=60)
        command = [
            "setpriv",
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            python,
            "-m",
            "tests.rig",
        ]
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": folder,
            "FACEKP_RIG": str(home / "cache"),
            "TMPDIR": str(home / "tmp"),
        }
        done = subprocess.run(
            [*command, "adb", "shell", "getprop ro.soc.model; df /data | tail -n 1"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=folder,
            env=environment,
        )
        assert done.returncode == 0 and done.stdout.startswith("SM8150\ndata "), done.stderr
        assert soon(lambda: not any((home / "tmp").iterdir()))


def test_an_unknown_phone_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RigError, match="kirin-980"):
        Rig("nokia-3310")


def test_hand_use_runs_a_command_beside_the_rig() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.rig",
            "--profile",
            "kirin-980",
            "adb",
            "shell",
            "getprop ro.board.platform",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "kirin980\n"), done.stderr
