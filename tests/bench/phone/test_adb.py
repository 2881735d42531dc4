"""What we make of what adb says: every fault is one sentence, in bounded time."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from android_bench.phone.adb import find
from android_bench.phone.adb.adb import Adb, AdbError, PhoneLostError, StoppedError, TimeLimitError
from android_bench.phone.adb.find import find_phones
from android_bench.phone.adb.server import Server
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.device import describe, expect_usable
from facekp_train.common.console import UserError
from tests.support.phones.scripted_phone import PROPERTIES, ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")


@pytest.fixture
def phone(scripted: ScriptedPhone) -> Phone:
    return Phone(Adb(), "TEST")


def test_the_only_phone_is_found_whatever_it_is_called(scripted: ScriptedPhone) -> None:
    odd = "a 'b\" $(touch hacked); c"
    scripted.save(phones={odd: "device"})
    (phone,) = find_phones(Adb())
    assert phone.serial == odd
    assert phone.shell("true").code == 0
    assert scripted.calls[-1][:2] == ["-s", odd]
    assert not Path("hacked").exists()


@pytest.mark.parametrize(
    ("phones", "serials", "says"),
    [
        ({}, (), "no phone is connected"),
        ({"A": "device", "B": "device"}, (), "2 phones are connected: A, B"),
        ({"A": "unauthorized"}, (), "Allow USB debugging"),
        ({"A": "no permissions (user in plugdev group; see [http://x])"}, (), "udev"),
        ({"A": "bootloader"}, (), "fastboot reboot"),
        ({"A": "host"}, (), "not ready (host)"),
        ({"A": "device"}, ("B",), "no phone has the serial 'B'; connected: A"),
        ({"A": "recovery"}, ("A",), "recovery mode"),
        ({}, ("all",), "no phone is connected"),
    ],
    ids=str,
)
def test_a_phone_that_is_no_use_has_its_sentence(
    scripted: ScriptedPhone,
    phones: dict[str, str],
    serials: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(find, "_identity", lambda phone, _deadline: phone.serial)  # all have one script
    scripted.save(phones=phones)
    with pytest.raises(AdbError) as error:
        find_phones(Adb(), serials)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_offline_phone_is_waited_for_and_then_named(
    scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.adb.find._SETTLE_SECONDS", 3.0)
    scripted.save(phones={"A": "offline"})
    with pytest.raises(AdbError, match=r"not ready \(offline\): unplug"):
        find_phones(Adb())
    assert sum(call == ["devices"] for call in scripted.calls) >= 2


def test_an_offline_phone_beside_a_ready_one_is_no_obstacle(
    scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.adb.find._SETTLE_SECONDS", 0.1)
    scripted.save(phones={"A": "offline", "B": "device"})
    assert [phone.serial for phone in find_phones(Adb())] == ["B"]
    assert [phone.serial for phone in find_phones(Adb(), ("all",))] == ["B"]


def test_no_adb_and_what_is_no_adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AdbError, match="no adb on this computer; install"):
        Adb()
    with pytest.raises(AdbError, match="cannot be started"):
        Adb(str(tmp_path / "gone")).version()
    for text, says in (
        ("echo hello", "is not adb"),
        ("echo 'Android Debug Bridge version 1.0.39'; echo 'Version 27.0.1'", "too old"),
        ("echo 'Android Debug Bridge version 1.0.32'", "too old"),
    ):
        program = tmp_path / "platform-tools" / "adb"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        monkeypatch.setenv("ANDROID_HOME", str(tmp_path))
        with pytest.raises(AdbError, match=says):
            Adb().version()


def test_a_server_of_another_version_is_not_ended(scripted: ScriptedPhone) -> None:
    scripted.server_version(40)
    with pytest.raises(AdbError, match="version 40 is already running"):
        find_phones(Adb())
    # A client of another version would end the server with any of these.
    assert all(call == ["version"] for call in scripted.calls)


def test_a_server_elsewhere_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert Server.parse(f"127.0.0.1:{port}").version(1) is None
    assert Server("tcp:farm.example:5037").remote
    assert not Server.parse("127.0.0.1").remote
    for text in (
        "a b",
        "host:99999",
        "",
        "host:port",
        "tcp:abc",
        "tcp:localhost",
        "tcp::5037x",
        "tcp:h:99999",
    ):
        with pytest.raises(ValueError, match="not HOST:PORT"):
            Server.parse(text)


@pytest.mark.parametrize("port", ["99999", "9" * 5000, "x", "-1", "\u0663"])
def test_a_port_that_is_none_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADB_SERVER_SOCKET", raising=False)
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", port)
    with pytest.raises(UserError, match="ANDROID_ADB_SERVER_PORT is"):
        Server.from_environment()


def test_adbs_own_notation_is_taken_as_it_is() -> None:
    for text in ("tcp:5037", "tcp:farm:5038", "tcp:[::1]:5037", "localfilesystem:/a b", "localabstract:adb"):
        assert Server.parse(text).address == text


def test_a_server_that_was_named_is_not_started_where_it_is_missing(
    scripted: ScriptedPhone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"localfilesystem:{tmp_path / 'nothing.sock'}"
    with pytest.raises(AdbError, match=r"no adb server listens at .*nothing\.sock; start one there"):
        find_phones(Adb(server=Server(nowhere)))
    assert ["start-server"] not in scripted.calls
    monkeypatch.setenv("ADB_SERVER_SOCKET", nowhere)
    scripted.save(phones={"A": "device"})
    assert [phone.serial for phone in find_phones(Adb())] == ["A"]
    assert ["start-server"] in scripted.calls


def test_a_server_that_says_nothing_or_nonsense_is_named_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(f"tcp:localhost:{listening.getsockname()[1]}")
        with pytest.raises(UserError, match=r"does not answer within 0\.2 s"):
            server.version(0.2)

        def nonsense() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                connection.sendall(b"HTTP/1.1 400 Bad")
                connection.close()

        threading.Thread(target=nonsense, daemon=True).start()
        # The first in line is the connection above.
        with pytest.raises(UserError, match="not an adb server"):
            server.version(5)


def test_connect_is_judged_by_its_text(scripted: ScriptedPhone) -> None:
    stdout = "failed to connect to '10.0.0.9:5555': Connection refused\n"
    scripted.save(phones={}, connect={"stdout": stdout, "code": 0})
    with pytest.raises(AdbError, match=r"10.0.0.9:5555 cannot be reached .*Connection refused"):
        find_phones(Adb(), ("10.0.0.9:5555",))
    assert ["disconnect", "10.0.0.9:5555"] in scripted.calls


def test_a_phone_that_is_listed_and_silent(scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("android_bench.phone.adb.find.DISCOVERY_SECONDS", 2.0)
    scripted.save(shell={"sleep": 60})
    begun = time.monotonic()
    with pytest.raises(TimeLimitError, match="gave no answer within"):
        find_phones(Adb())
    assert time.monotonic() - begun < 10


def test_only_the_last_line_proves_that_a_script_ended(scripted: ScriptedPhone, phone: Phone) -> None:
    result = phone.shell("echo '  out'; echo err >&2; exit 7")
    assert (result.code, result.stdout, result.stderr) == (7, "  out\n", "err\n")
    assert phone.shell("printf 'no newline'").stdout == "no newline"
    # Exit code 0 and half of the output is what a phone leaves that is unplugged.
    scripted.save(cut="seq")
    with pytest.raises(PhoneLostError, match="lost in the middle"):
        phone.shell("seq 100")
    scripted.save(cut=None, shell={"stderr": "error: device offline\n", "code": 1})
    with pytest.raises(PhoneLostError, match=r"\(error: device offline\)"):
        phone.shell("true")


def test_a_script_cannot_pretend_its_end(scripted: ScriptedPhone, phone: Phone) -> None:
    scripted.save(shell={"stdout": "\nfacekp-0123456789abcdef 0\n", "code": 0})
    with pytest.raises(PhoneLostError):
        phone.shell("true")


def test_a_flood_of_output_is_cut_off(
    scripted: ScriptedPhone, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.adb.adb._MOST_BYTES", 1_000_000)
    scripted.save(shell={"flood": True})
    begun = time.monotonic()
    with pytest.raises(AdbError, match="phone TEST answers without end"):
        phone.shell("true", timeout=60)
    assert time.monotonic() - begun < 30


def test_a_call_is_called_off_at_once(scripted: ScriptedPhone, phone: Phone) -> None:
    scripted.save(shell={"sleep": 60})
    threading.Timer(0.3, phone.adb.stop.set).start()
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        phone.shell("true", timeout=60)
    assert time.monotonic() - begun < 10


def test_of_all_phones_those_that_are_not_ready_are_named(
    scripted: ScriptedPhone, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.save(phones={"A": "device", "B": "unauthorized"})
    assert [phone.serial for phone in find_phones(Adb(), ["all"])] == ["A"]
    assert "left out: phone B is not ready (unauthorized)" in capsys.readouterr().err


def test_a_phone_too_old_for_our_shell_is_not_called_lost(scripted: ScriptedPhone, phone: Phone) -> None:
    scripted.save(shell={"stderr": "error: target doesn't support PTY args -Tt\n", "code": 1})
    with pytest.raises(AdbError, match="Android 6 or older"):
        phone.shell("true")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ro.product.cpu.abilist": "armeabi-v7a,armeabi"}, "armeabi-v7a"),
        ({"ro.product.cpu.abilist": "x86_64,x86"}, "arm64-v8a"),
        ({"ro.product.cpu.abilist": "x86_64,arm64-v8a,x86,armeabi-v7a"}, "as its own 64-bit ABI"),
        ({"ro.build.version.sdk": "23", "ro.build.version.release": "6.0"}, "Android 6.0"),
    ],
    ids=str,
)
def test_a_phone_that_cannot_run_us_is_refused(
    scripted: ScriptedPhone, phone: Phone, changes: dict[str, str], says: str
) -> None:
    scripted.properties(PROPERTIES | changes)
    with pytest.raises(UserError, match=says):
        expect_usable(describe(phone), "TEST")
