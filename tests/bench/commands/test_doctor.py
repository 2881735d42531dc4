"""doctor: what is there, what is missing, and how to get it, on hosts and phones of scripts."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.engines.engines import ENGINES
from android_bench.host import machine

Doctor = Callable[..., tuple[int, list[str], str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its adb is a shell script")

ADB = """\
#!/bin/sh
# The adb of a phone that is this machine's own shell, with PHONE in front of PATH.
[ "$1" = -s ] && { serial=$2; shift 2; }
case "$1" in
version) printf 'Android Debug Bridge version 1.0.41\\nVersion RELEASE\\n' ;;
start-server) ;;
devices) printf 'List of devices attached\\nDEVICES\\n' ;;
shell) shift; [ "$1" = -T ] && shift; PATH="PHONE:$PATH" exec sh -c "$1" ;;
*) exit 1 ;;
esac
"""
PROPERTIES = {
    "ro.product.model": "One", "ro.board.platform": "sm8150", "ro.build.version.release": "13",
    "ro.build.version.sdk": "33", "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a",
}  # fmt: skip
BATTERY = "Current Battery Service state:\n  USB powered: true\n  level: 80\n  temperature: 285\n"


@pytest.fixture
def run_doctor(
    bench: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Doctor:
    """Run the command; exit code, lines of stdout, stderr."""
    monkeypatch.setenv("ADB_SERVER_SOCKET", f"localfilesystem:{tmp_path}/no.sock")
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "cache"))

    def call(*words: str | Path) -> tuple[int, list[str], str]:
        code, stdout, stderr = bench("doctor", *words)
        return code, stdout.splitlines(), stderr

    return call


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def phone(
    folder: Path,
    devices: str = "R5CT\\tdevice",
    release: str = "34.0.5-debian",
    battery: str = BATTERY,
    page: int = 4096,
    free_kb: int = 5_000_000,
    wakefulness: str = "Asleep",
    **properties: str,
) -> Path:
    """An adb with one phone, whose answers are these; the program's path."""
    listed = "".join(f"[{key}]: [{value}]\n" for key, value in {**PROPERTIES, **properties}.items())
    answers = {
        "getprop": f"cat <<'END'\n{listed}END",
        "getconf": f"echo {page}",
        "df": f"printf 'Filesystem 1K-blocks Used Available Use%% Mounted on\\nx 9 9 {free_kb} 9%% /data\\n'",
        "ls": "exit ${1:+0}",
        "dumpsys": f"case $1 in battery) cat <<'END'\n{battery}END\n;; "
        f"power) echo mWakefulness={wakefulness};; esac",
    }
    for name, text in answers.items():
        script(folder / "phone" / name, f"#!/bin/sh\n{text}\n")
    text = ADB.replace("PHONE", str(folder / "phone")).replace("DEVICES", devices).replace("RELEASE", release)
    return script(folder / "sdk" / "adb", text)


def states(lines: list[str], subject: str) -> list[str]:
    return [line.split()[0] for line in lines if f" {subject}: " in line]


def test_a_phone_that_is_ready(tmp_path: Path, run_doctor: Doctor) -> None:
    code, lines, stderr = run_doctor("--device", "adb", "--adb", phone(tmp_path))
    assert (code, stderr) == (0, "")
    text = "\n".join(lines)
    assert "ok      adb: 34.0.5-debian" in text
    assert "ok      phone R5CT: One (Snapdragon 855, Android 13)" in text
    assert "battery at 28.5 C" in text
    assert "facekp-bench bundle" in text
    assert "missing" not in text


def test_bundles_that_were_fetched_are_seen(tmp_path: Path, run_doctor: Doctor) -> None:
    for name in ("bionic-0123", "glibc-0123", "onnxruntime-4567"):
        (tmp_path / "cache" / name).mkdir(parents=True)
    _, lines, _ = run_doctor("--adb", phone(tmp_path))
    assert states(lines, "bundle onnxruntime") == ["ok"]
    assert not any("not fetched" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "state", "says"),
    [
        ({"page": 16384}, "ok", "runner glibc: the phone's memory pages have 16 KB"),
        ({"page": 16384}, "note", "CPU only"),
        ({"battery": BATTERY.replace("285", "412")}, "note", "a run waits until it has cooled to 37 C"),
        ({"battery": BATTERY.replace("80", "9")}, "note", "battery at 9 %; charge it"),
        ({"battery": ""}, "note", "does not report its temperature"),
        ({"wakefulness": "Awake"}, "note", "the screen is on"),
        ({"ro.kernel.qemu": "1"}, "note", "emulated"),
        ({"free_kb": 20_000}, "missing", "20 MB are free"),
        ({"ro.product.cpu.abilist": "armeabi-v7a"}, "missing", "64-bit ARM"),
        ({"ro.build.version.sdk": "21"}, "missing", "API 21"),
    ],
)
def test_what_a_phone_lacks_or_suffers_from(
    changes: dict[str, Any], state: str, says: str, tmp_path: Path, run_doctor: Doctor
) -> None:
    code, lines, stderr = run_doctor("--adb", phone(tmp_path, **changes))
    assert any(line.startswith(f"{state:7} phone R5CT: ") and says in line for line in lines), lines
    assert code == (state == "missing")
    assert bool(stderr) == (state == "missing")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"devices": ""}, "no phone is connected"),
        ({"devices": "R5CT\\tunauthorized"}, "accept this computer"),
        ({"devices": "R5CT\\tno permissions (udev)"}, "plugdev"),
        ({"release": "28.0.2"}, "too old"),
    ],
)
def test_a_phone_that_cannot_be_reached(
    changes: dict[str, Any], says: str, tmp_path: Path, run_doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.adb.find._SETTLE_SECONDS", 0.1)
    code, lines, stderr = run_doctor("--adb", phone(tmp_path, **changes))
    assert code == 1
    assert [line for line in lines if line.startswith("missing")] == [lines[-1]]
    assert says in lines[-1]
    assert says in stderr
    assert stderr.startswith("error: not ready: ")


def test_a_phone_that_is_no_use_does_not_hide_the_others(tmp_path: Path, run_doctor: Doctor) -> None:
    adb = phone(tmp_path, devices="A\\tunauthorized\\nB\\tdevice\\nC\\tunauthorized")
    code, lines, stderr = run_doctor("--adb", adb)
    assert code == 1
    assert set(states(lines, "phone B")) <= {"ok", "note"}
    assert states(lines, "phone B")
    assert (states(lines, "phone A"), states(lines, "phone C")) == (["missing"], ["missing"])
    assert "1 more" in stderr
    code, lines, _ = run_doctor("--adb", adb, "--serial", "B")
    assert code == 0
    assert not states(lines, "phone A")


def test_all_phones_by_name_are_all_phones(tmp_path: Path, run_doctor: Doctor) -> None:
    code, lines, _ = run_doctor(
        "--adb", phone(tmp_path, devices="A\\tdevice\\nB\\tdevice"), "--serial", "all"
    )
    assert code == 0
    assert states(lines, "phone A") and states(lines, "phone B")


def test_no_adb_at_all(tmp_path: Path, run_doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATH", "HOME", "ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.setenv(name, str(tmp_path))
    for words in ((), ("--adb", tmp_path / "gone" / "adb")):
        code, lines, stderr = run_doctor(*words)
        assert code == 1
        assert "apt-get install adb" in lines[-1]
        assert stderr.count("\n") == 1


def test_this_machine(run_doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    code, lines, _ = run_doctor("--device", "cpu")
    assert (code, states(lines, "processor")[0]) == (0, "ok")
    assert not any("adb" in line for line in lines)
    monkeypatch.setattr(machine, "machine_warnings", lambda *_: ["the governor sleeps"])
    assert "note    state: the governor sleeps" in run_doctor("--device", "cpu")[1]


def test_packages_that_are_not_installed(run_doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, lines, stderr = run_doctor("--device", "cpu")
    assert code == 1
    assert "pip install ai-edge-litert" in stderr
    by_name = {name: states(lines, name)[0] for name in (*ENGINES, "matplotlib")}
    assert by_name == {"onnxruntime": "note", "litert": "missing", "torch": "note", "matplotlib": "note"}
    assert any("facekp[train]" in line for line in lines)
    assert any("facekp[onnx]" in line for line in lines)


def test_no_models(run_doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Path:
        raise OSError("models: nothing there")

    monkeypatch.setattr("facekp_train.common.shipped.default_model", gone)
    code, lines, _ = run_doctor("--device", "cpu")
    assert (code, states(lines, "shipped export")) == (1, ["missing"])


def test_json(tmp_path: Path, run_doctor: Doctor) -> None:
    code, lines, _ = run_doctor("--adb", phone(tmp_path, page=16384), "--json")
    document = json.loads("\n".join(lines))
    assert (code, document["schema"], document["ok"]) == (0, "facekp-bench-doctor/1", True)
    assert {finding["state"] for finding in document["findings"]} == {"ok", "note"}
    code, lines, _ = run_doctor("--adb", phone(tmp_path, devices="A\\tunauthorized"), "--json")
    assert (code, json.loads("\n".join(lines))["ok"]) == (1, False)


def test_wrong_usage(run_doctor: Doctor) -> None:
    for words in (("--device", "gpu"), ("--adb-server", "a:b:c:d"), ("more",)):
        assert run_doctor(*words)[0] == 2, words


def test_a_phones_name_cannot_drive_the_terminal(tmp_path: Path, run_doctor: Doctor) -> None:
    named: dict[str, Any] = {"ro.product.model": "\x1b[2J[red]One"}
    code, lines, _ = run_doctor("--adb", phone(tmp_path, **named))
    assert code == 0
    assert any("?[2J[red]One" in line for line in lines)
    assert "\x1b" not in "".join(lines)
