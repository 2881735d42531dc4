"""What is asked of phones besides a measurement: their list, and options that make no sense."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest
from scripted_phone import ScriptedPhone

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
    _, shown, _ = bench("devices")
    assert "Cortex-A55 (0x41/0xd05), up to 1.80 GHz" in shown and "battery 80 %, charging (usb)" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "cpu", "--serial", "x"), "--serial"),
        (("--runner", "magic"), "magic"),
        (("--delegate", "npu"), "npu"),
        (("--benchmark-binary", "x"), "--runner official"),
        (("--sustained", "soon"), "soon"),
        (("--adb-server", "a b"), "HOST:PORT"),
        (("--runtime", "torch"), "PyTorch"),
        (("--repeat", "0"), "repeat"),
    ],
    ids=str,
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], says: str, bench: Bench) -> None:
    code, _, stderr = bench("--device", "adb", *words)
    assert code == 2
    assert says in stderr
