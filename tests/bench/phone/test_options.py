"""What is asked of phones besides a measurement: their list, and options that make no sense."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.quick import quick_files
from android_bench.records.record import Document
from facekp_train.common.shipped import default_model
from tests.support.phones.scripted_phone import ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

Bench = Callable[..., tuple[int, str, str]]


def test_devices_lists_what_can_be_used_and_why_another_cannot(scripted: ScriptedPhone, bench: Bench) -> None:
    scripted.save(phones={"TEST": "device", "OTHER": "unauthorized"})
    code, stdout, _ = bench("devices", "--json")
    assert code == 0
    test, other = json.loads(stdout)
    assert test["fingerprint"]["chip"] == "Snapdragon 855" and test["problem"] is None
    assert [cluster["cpus"] for cluster in test["fingerprint"]["clusters"]] == [[4, 5, 6, 7], [0, 1, 2, 3]]
    assert "Allow USB debugging" in other["problem"]
    _, text, _ = bench("devices")
    assert "Cortex-A55 (0x41/0xd05), up to 1.80 GHz" in text and "battery 80 %, charging (usb)" in text


def test_cores_of_one_frequency_are_told_apart_by_their_capacity(
    scripted: ScriptedPhone, bench: Bench
) -> None:
    for cpu in range(8):
        folder = f"/sys/devices/system/cpu/cpu{cpu}"
        scripted.put(f"{folder}/cpufreq/cpuinfo_max_freq", "1600000\n")
        scripted.put(f"{folder}/cpu_capacity", f"{1024 if cpu < 4 else 400}\n")
    _, stdout, _ = bench("devices", "--json")
    (test,) = json.loads(stdout)
    assert [cluster["cpus"] for cluster in test["fingerprint"]["clusters"]] == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_several_silent_phones_take_no_longer_than_one(
    scripted: ScriptedPhone, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.survey.DISCOVERY_SECONDS", 5.0)
    scripted.save(phones=dict.fromkeys("ABCDEF", "device"), shell={"sleep": 60})
    begun = time.monotonic()
    code, stdout, _ = bench("devices", "--json")
    assert time.monotonic() - begun < 15
    assert code == 0
    assert all("gave no answer within" in phone["problem"] for phone in json.loads(stdout))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "cpu", "--serial", "x"), "--serial"),
        (("--runner", "magic"), "magic"),
        (("--delegate", "npu"), "npu"),
        (("--benchmark-binary", "x"), "--runner official"),
        (("--sustained", "soon"), "soon"),
        (("--adb-server", "a b"), "HOST:PORT"),
        (("--adb-server", "tcp:abc"), "HOST:PORT"),
        (("--runtime", "torch"), "PyTorch"),
        (("--repeat", "0"), "repeat"),
        (("--threads", "9" * 5000), "not a number from 1"),
    ],
    ids=str,
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], says: str, bench: Bench) -> None:
    code, _, stderr = bench("--device", "adb", *words)
    assert code == 2
    assert says in stderr


def test_a_first_look_takes_ten_runs_of_two_files(
    measure: Callable[..., tuple[int, list[Any], str]], bench: Bench, odd_model: Path, tmp_path: Path
) -> None:
    code, stdout, stderr = bench("--device", "adb", "--models", odd_model, "--json", "--quick")
    (record,) = Document.model_validate_json(stdout).records
    assert (code, len(record.samples_ms), len(record.repeats or ())) == (0, 10, 1)
    assert "a first look" in stderr
    assert any("are few" in warning for warning in record.warnings)
    assert quick_files([odd_model, odd_model.parent]) == [odd_model, odd_model.parent]
    export = default_model().parent
    assert [file.name for file in quick_files([export])] == ["model_float32.tflite", "model_int8.tflite"]
    for words in (("--repeat", "2"), ("--min-runs", "2"), ("--sustained", "10m")):
        code, stdout, stderr = bench("--device", "adb", "--quick", *words)
        assert (code, stdout) == (2, "")
        assert words[0] in stderr and "--quick sets it" in stderr
    assert bench("--device", "cpu", "--quick")[0] == 2
