"""What real phones print, retyped from public threads, read as a person reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.adb.adb import Adb, AdbError, Listed
from android_bench.phone.adb.find import _only, find_phones, unready
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.clusters import fastest_cores
from android_bench.phone.device.device import Device, describe
from android_bench.phone.device.state import blind_spots, caps, read_state
from android_bench.phone.runner import official_output
from android_bench.records.phone import State
from android_bench.reports.tables import markdown
from facekp_train.common.console import visible
from tests.support.phones.scripted_phone import ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")
CASES = Path(__file__).parents[2] / "cases" / "phone-outputs"
"""A folder a phone: a file is named after the look-up that prints it."""
Measure = Callable[..., tuple[int, list[Any], str]]


class Told:
    """Stands for a phone that prints what a folder holds, and what it is given besides."""

    serial = "TOLD"

    def __init__(self, case: str = "", **answers: str) -> None:
        self._case, self._answers = case, answers

    def look_up(self, commands: dict[str, str], timeout: float = 0) -> dict[str, str]:
        files = {name: CASES / self._case / name for name in commands}
        told = {name: path.read_text().strip() if path.is_file() else "" for name, path in files.items()}
        return told | {name: text for name, text in self._answers.items() if name in commands}


def device_of(case: str = "", **answers: str) -> Device:
    return describe(Told(case, **answers))  # type: ignore[arg-type]


def state_of(case: str = "", **answers: str) -> State:
    return read_state(Told(case, **answers))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "chip"),
    [
        ("chip_sm7325", "SM7325"),
        ("chip_sm8475", "Snapdragon 8+ Gen 1"),
        ("chip_taro_7plus_gen2", "taro"),
        ("chip_orlando", "Kirin 810"),
        ("chip_soc_is_a_maker", "kirin985"),
        ("chip_exynos5_s9", "exynos9810"),
        ("chip_exynos5_a8", "exynos7885"),
        ("control_chip_sm8550", "Snapdragon 8 Gen 2"),
    ],
)
def test_chips(case: str, chip: str) -> None:
    assert device_of(case).fingerprint.chip == chip


@pytest.mark.parametrize(
    ("properties", "chip"),
    [
        ({"ro.board.platform": "lahaina", "ro.hardware": "qcom"}, "lahaina"),
        ({"ro.board.platform": "msmnile"}, "msmnile"),
        ({"ro.soc.model": "SM8250", "ro.board.platform": "kona"}, "Snapdragon 865"),
        ({"ro.soc.model": "MT6893Z/CZA", "ro.board.platform": "mt6893"}, "MT6893Z/CZA"),
        ({"ro.soc.model": "Kirin", "ro.hardware": "kirin970"}, "Kirin 970"),
        ({"ro.board.platform": "sdm845", "ro.hardware": "qcom"}, "Snapdragon 845"),
        ({"ro.hardware": "qcom"}, "qcom"),
        ({}, None),
    ],
    ids=str,
)
def test_chips_of_other_phones(properties: dict[str, str], chip: str | None) -> None:
    lines = "\n".join(f"[{name}]: [{value}]" for name, value in properties.items())
    assert device_of(properties=lines).fingerprint.chip == chip


def test_temperatures() -> None:
    samsung = state_of("thermal_sdhms")
    assert (samsung.temperature_of, samsung.temperature_c) == ("skin", 25.3)
    pixel = state_of("thermal_no_degrees")
    assert (pixel.temperature_of, pixel.temperature_c) == ("skin", 24.83324)
    assert set(pixel.temperatures_c) == {"TPU", "BIG", "VIRTUAL-SKIN", "battery", "skin"}
    control = state_of("control_thermal_a52")
    assert (control.temperature_of, control.temperature_c, control.thermal_status) == ("skin", 24.7, 0)
    assert not control.unknown


@pytest.mark.parametrize(
    ("case", "says"), [("thermal_not_ready", "not ready"), ("thermal_overridden", "thermalservice reset")]
)
def test_a_thermal_status_that_tells_nothing_is_unknown(case: str, says: str) -> None:
    state = state_of(case)
    assert state.thermal_status is None
    assert any(says in text for text in blind_spots(state))


def test_batteries() -> None:
    frozen = state_of("battery_frozen")
    assert (frozen.temperature_c, frozen.battery_percent, frozen.charging) == (None, None, None)
    assert any("battery reset" in text for text in blind_spots(frozen))
    none = state_of("battery_none")
    assert none.temperature_c is None and any("temperature" in text for text in blind_spots(none))
    control = state_of("control_battery_s24")
    assert (control.temperature_c, control.battery_percent, control.charging) == (35.7, 75, "usb")
    freezing = state_of(battery="  voltage: 4000\n  temperature: 0\n")
    assert freezing.temperature_c == 0


def test_cores_that_sleep() -> None:
    ten = device_of("asleep_pro7plus").fingerprint
    assert [cluster.cpus for cluster in ten.clusters] == [[8, 9], [4, 5, 6, 7], [0, 1, 2, 3]]
    assert [fastest_cores(ten.clusters, threads) for threads in (1, 2)] == [[8, 9], [8, 9]]
    assert caps(state_of("asleep_pro7plus"), ten.clusters) == []
    six = device_of("asleep_nexus5x").fingerprint
    assert six.cores == 6 and fastest_cores(six.clusters, 1) is None
    (said,) = caps(state_of("asleep_nexus5x"), six.clusters)
    assert said.startswith("cores 4,5 are asleep")


def test_one_block_for_all_cores_tells_no_part() -> None:
    clusters = device_of("one_block_cpuinfo").fingerprint.clusters
    assert [(cluster.cpus, cluster.part) for cluster in clusters] == [
        ([4, 5, 6, 7], None),
        ([0, 1, 2, 3], None),
    ]


@pytest.mark.parametrize("name", ["LITERT_OPENGL", "LITERT_CL", "LITERT_WEBGPU", "LITERT_VULKAN"])
def test_delegates_by_the_name_that_the_tool_prints(name: str) -> None:
    log = (CASES / "litert_opengl" / "stderr").read_text()
    assert official_output.share_of(log.replace("LITERT_OPENGL", name), "gpu") == "all"


def test_an_adb_that_apt_has_no_newer_of(tmp_path: Path) -> None:
    program = tmp_path / "adb"
    program.write_text(f"#!/bin/sh\ncat '{CASES}/adb_ubuntu2204/adb_version'\n")
    program.chmod(0o755)
    with pytest.raises(AdbError, match="platform-tools") as stop:
        Adb(str(program)).version()
    assert "apt-get install" not in str(stop.value)


def _listing(scripted: ScriptedPhone, text: str) -> Adb:
    scripted.save(devices={"stdout": text, "code": 0})
    return Adb(str(scripted.program))


def test_a_phone_that_is_reached_twice_is_one(
    scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    adb = _listing(scripted, (CASES / "adb_one_phone_twice" / "adb_devices").read_text())
    scripted.tool("getprop", "echo ABCDEF")
    assert len(find_phones(adb)) == len(find_phones(adb, ["all"])) == 1
    scripted.tool("getprop", "echo $RANDOM$$")  # two phones
    with pytest.raises(AdbError, match="2 phones are connected"):
        find_phones(adb)
    scripted.save(devices={"stdout": "List of devices attached\n10.0.0.1:5555\tdevice\nUSB1\tdevice\n"})
    scripted.tool("getprop", "echo ABCDEF")
    assert [phone.serial for phone in find_phones(adb)] == ["USB1"]


def test_a_phone_without_a_serial_number_is_refused(scripted: ScriptedPhone) -> None:
    adb = _listing(scripted, (CASES / "adb_no_serial" / "adb_devices").read_text())
    for serials in ([], ["all"]):
        with pytest.raises(AdbError, match="without a serial number"):
            find_phones(adb, serials)


def test_blanks_in_place_of_tabs(scripted: ScriptedPhone) -> None:
    text = (
        "* daemon not running; starting now at tcp:5037\n* daemon started successfully\n"
        "List of devices attached \n0123456789ABCDEF       device\nXY-1   no permissions; see [x]\n"
        "emulator-5554 offline \n(no serial number)   device\n\n"
    )
    listed = _listing(scripted, text).devices(5)
    assert [(entry.serial, entry.state.split(";")[0]) for entry in listed] == [
        ("0123456789ABCDEF", "device"), ("XY-1", "no permissions"), ("emulator-5554", "offline"),
        ("(no serial number)", "device"),
    ]  # fmt: skip
    assert _only(listed).serial == "0123456789ABCDEF"
    assert "udev" in unready(listed[1])


def test_android_serial_chooses_as_it_does_for_adb(
    scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    adb = _listing(scripted, "List of devices attached\nONE\tdevice\nTWO\tdevice\n")
    scripted.tool("getprop", "echo $$")
    for value, chosen in {"TWO": "TWO", "ONE": "ONE"}.items():
        monkeypatch.setenv("ANDROID_SERIAL", value)
        assert [phone.serial for phone in find_phones(adb)] == [chosen]
        assert [phone.serial for phone in find_phones(adb, ["ONE"])] == ["ONE"]
    monkeypatch.setenv("ANDROID_SERIAL", "THREE")
    with pytest.raises(AdbError, match="no phone has the serial 'THREE'"):
        find_phones(adb)
    monkeypatch.setenv("ANDROID_SERIAL", "")
    with pytest.raises(AdbError, match="2 phones"):
        find_phones(adb)


LONG = "9" * 5000


@pytest.mark.parametrize("digits", [5000, 400, 60, 18])
def test_numbers_without_end_are_unknown(digits: int) -> None:
    n = "9" * digits
    device = device_of(
        memory=f"MemTotal: {n} kB", page=n, space=f"a b c d e f\n/d 1 2 {n} 3% /data", present=f"0-{n}",
        max_khz=f"/sys/devices/system/cpu/cpu{n}/cpufreq/cpuinfo_max_freq:{n}",
        cpuinfo=f"processor\t: {n}\nCPU part\t: 0x1", properties=f"[ro.build.version.sdk]: [{n}]",
    )  # fmt: skip
    assert (device.fingerprint.memory_mb, device.fingerprint.api, device.free_bytes) == (None, None, None)
    for sign in ("", "-"):
        state = state_of(
            battery=f"  level: {sign}{n}\n  temperature: {sign}{n}\n", load=f"{n}.0 1", online=f"0-{n}",
            thermal=f"Thermal Status: {n}\nCurrent temperatures from HAL:\n"
            f"Temperature{{mValue={sign}{n}, mType=3, mName=a, mStatus=0}}\n"
            "Temperature{mValue=NaN, mType=3, mName=b}\nTemperature{mValue=1.2.3, mType=3, mName=c}\n",
        )  # fmt: skip
        assert (state.temperature_c, state.battery_percent, state.load) == (None, None, None)
        assert state.thermal_status is None and not state.temperatures_c


def test_what_a_phone_tells_stays_short() -> None:
    """In sentences and tables: however many cores it states, and however long its names are."""
    device = device_of(
        present="0-1023", max_khz="/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq:1800000",
        properties=f"[ro.product.model]: [{'m' * 9000}]\n[ro.soc.model]: [SM8150]", kernel="k" * 9000,
    )  # fmt: skip
    assert (device.fingerprint.model, device.fingerprint.kernel) == (None, None)
    assert device.fingerprint.chip == "Snapdragon 855"
    state = state_of(
        present="0-1023", online="0", zones=f"/sys/class/thermal/thermal_zone0/type:{'skin' * 2000}\n"
        "/sys/class/thermal/thermal_zone0/temp:30000", clocks="/cpu0/cpufreq/scaling_governor:" + "g" * 9000,
        thermal=f"Temperature{{mValue=30.0, mType=3, mName={'n' * 9000}, mStatus=0}}",
    )  # fmt: skip
    (said,) = caps(state, device.fingerprint.clusters)
    assert said.startswith("cores 1 to 1023 (1023 cores) are asleep")
    assert state.governor is None and all(len(name) < 200 for name in state.temperatures_c)


def test_a_phone_of_endless_numbers_is_named(scripted: ScriptedPhone) -> None:
    scripted.put("/proc/meminfo", f"MemTotal: {LONG} kB\n")
    with pytest.raises(AdbError, match=r"phone TEST answers a number of 5000 digits .* for its memory"):
        describe(Phone(Adb(str(scripted.program)), "TEST"))


@pytest.mark.parametrize(
    ("behavior", "says"),
    [
        ("answer['load_ms'] = 1e308", "longer than"),
        ("answer['load_ms'] = float('nan')", "garbled"),
        ("answer['first_ms'] = -1", "garbled"),
        ("answer['samples_ns'] = [10**400] * 5", "garbled"),
        ("answer['samples_ns'][0] = 10**30", "longer than"),
        ("answer['samples_ns'] = [0] * 5", "no time"),
        ("answer['peak_memory_kb'] = 10**400", "garbled"),
    ],
    ids=str,
)
def test_a_runner_of_impossible_numbers_ends_its_job_alone(
    scripted: ScriptedPhone, measure: Measure, behavior: str, says: str
) -> None:
    scripted.behave(f"if answer['threads'] == 2:\n    {behavior}")
    code, (good, bad), stderr = measure("--threads", "1,2", "--min-seconds", "0", "--repeat", "1")
    assert code == 1 and good.valid
    assert not bad.valid and says in bad.invalid_reasons[0] and says in stderr


def test_escape_codes_of_a_phone_are_shown(scripted: ScriptedPhone, measure: Measure) -> None:
    sentence = "error: it is \\x1b[2J <b>|bad|</b>\\n"
    scripted.behave(f"sys.stderr.write('{sentence}'); sys.exit(3)")
    code, (record,), stderr = measure()
    assert code == 1 and "\x1b" not in stderr and "[2J" in stderr
    shown = markdown([record])
    assert "\x1b" not in shown and "<b>" not in shown.replace("\\<b\\>", "")
    assert "\x1b" not in visible(str(record.invalid_reasons))
    assert json.loads(record.model_dump_json())["valid"] is False


def test_a_record_that_fits_none_loses_no_other(
    scripted: ScriptedPhone, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    from android_bench.phone import trial

    true = trial.PhoneTrial._agreement

    def absurd(self: trial.PhoneTrial) -> float | None:
        return -1.0 if self.threads == 2 and self.repeats else true(self)

    monkeypatch.setattr(trial.PhoneTrial, "_agreement", absurd)
    code, (good, bad), _ = measure("--threads", "1,2")
    assert code == 1 and good.valid and not bad.valid
    assert "fit in no record" in bad.invalid_reasons[0] and not bad.samples_ms


def test_states_that_are_no_use() -> None:
    assert "without a serial number" in unready(Listed("(no serial number)", "device"))
