"""Heat: what a phone tells of it, what is waited for, and what is said of figures that it has spoiled."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from android_bench.phone.device.clusters import clusters_of
from android_bench.phone.device.state import caps, slowed
from android_bench.phone.trial import TREND_LIMIT, climb, trend
from android_bench.records.phone import CurvePoint, State
from tests.support.phones.scripted_phone import ScriptedPhone

Measure = Callable[..., tuple[int, list[Any], str]]
SNAPDRAGON_855 = {cpu: 1_785_600 if cpu < 4 else 2_419_200 if cpu < 7 else 2_841_600 for cpu in range(8)}

needs_a_shell = pytest.mark.skipif(
    os.name != "posix", reason="the scripted phone is this computer's own shell"
)
COOL = State(at="2026-01-01T00:00:00+00:00", thermal_status=0)  # type: ignore[call-arg]


def test_a_lowered_limit_is_heat_and_a_low_frequency_is_not() -> None:
    limits = {"0": 1_800_000, "7": 2_800_000}
    cool = COOL.model_copy(update={"limits_khz": limits, "frequencies_khz": {"7": 300_000}})
    assert slowed(cool, cool, [7]) is None
    assert slowed(cool, cool.model_copy(update={"frequencies_khz": {"7": 100_000}}), [7]) is None
    capped = cool.model_copy(update={"limits_khz": {"0": 1_800_000, "7": 2_000_000}})
    assert slowed(cool, capped, [7]) == "core 7 may only reach 2.00 GHz after 2.80 GHz"
    assert slowed(cool, capped, [0]) is None
    assert slowed(cool, cool.model_copy(update={"thermal_status": 2}), [7]) == "its thermal status rose to 2"


def test_a_limit_that_was_lowered_before_the_start_is_named() -> None:
    clusters = clusters_of(SNAPDRAGON_855, {}, {}, range(8))
    free = COOL.model_copy(update={"limits_khz": {str(cpu): khz for cpu, khz in SNAPDRAGON_855.items()}})
    assert caps(free, clusters) == []
    saving = free.model_copy(update={"limits_khz": free.limits_khz | {"5": 1_400_000}})
    (warning,) = caps(saving, clusters)
    assert warning.startswith("cores 4,5,6 may only reach 1.40 of 2.42 GHz")
    assert caps(free.model_copy(update={"limits_khz": {}}), clusters) == []


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn takes a second, however busy this computer is."""
    monkeypatch.setattr(
        "android_bench.phone.session.time", SimpleNamespace(monotonic=itertools.count().__next__)
    )


def curve(*times: float) -> list[CurvePoint]:
    return [CurvePoint(seconds=n, p50_ms=time) for n, time in enumerate(times)]  # type: ignore[call-arg]


def test_a_curve_that_climbs_early_or_at_its_very_end_has_throttled() -> None:
    assert climb(curve(*[10.0] * 20, *[16.0] * 180)) == pytest.approx(0.6)  # after the first of ten minutes
    assert climb(curve(*[10.0] * 180, *[16.0] * 20)) == pytest.approx(0.6)
    noise = np.random.default_rng(0).normal(10, 0.3, 200)
    assert climb(curve(*noise)) < TREND_LIMIT
    noise[[50, 90, 91, 150]] = 40  # a stray turn is no heat
    assert climb(curve(*noise)) < TREND_LIMIT
    assert climb(curve(10.0, 10.0, 10.0, 20.0, 20.0)) == 0  # too few to tell


def test_times_that_rise_are_a_trend_and_noise_is_none() -> None:
    noise = np.random.default_rng(0).normal(10, 0.5, 90)
    assert abs(trend(list(noise))) < 0.05
    assert trend(list(noise * np.linspace(1, 1.5, 90))) > 0.2
    assert trend([1.0, 9.0]) == 0


@needs_a_shell
def test_a_phone_that_stays_warm_is_not_measured(
    scripted: ScriptedPhone, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.watch.COOL_SECONDS", 0.0)
    code, (record,), _ = measure("--max-temp", "20")
    assert code == 1
    assert record.samples_ms == []
    assert "28.5 C (battery)" in record.invalid_reasons[0] and "--max-temp" in record.invalid_reasons[0]


@needs_a_shell
def test_a_phone_that_slows_down_is_tried_again_and_then_given_up(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    limits = scripted.root / "sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq"
    lower = f"p = {str(limits)!r}; n = int(open(p).read()); open(p, 'w').write(str(n - 1000))"
    once = f"if not os.path.exists('once'): open('once', 'w').close(); {lower}"
    scripted.behave(once)
    code, (record,), _ = measure("--repeat", "1")
    assert code == 0
    assert record.repeats[0].attempts == 2 and not record.throttled
    scripted.behave(lower)
    code, (record,), _ = measure("--repeat", "1")
    assert code == 1
    assert "slowed down in each of 3 attempts" in record.invalid_reasons[0]
    assert record.throttled and len(record.samples_ms) == 5


@needs_a_shell
def test_a_phone_that_holds_itself_back_is_not_blamed_for_its_temperature(
    scripted: ScriptedPhone, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.watch.COOL_SECONDS", 0.0)
    scripted.tool("dumpsys", "echo 'Thermal Status: 1'")
    code, (record,), _ = measure()
    assert code == 1
    (reason,) = record.invalid_reasons
    assert "still at thermal status 1" in reason and "--max-temp" not in reason


@needs_a_shell
def test_a_cap_that_was_there_before_is_warned_of(scripted: ScriptedPhone, measure: Measure) -> None:
    scripted.put("/sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq", "1200000\n")
    code, (record,), _ = measure("--repeat", "1")
    assert code == 0
    assert record.throttled is None, "five runs tell nothing of heat"
    assert any("may only reach 1.20 of 2.40 GHz" in warning for warning in record.warnings)


@needs_a_shell
def test_a_sustained_measurement_keeps_its_curve(
    scripted: ScriptedPhone, measure: Measure, ticking: None
) -> None:
    code, (record,), _ = measure("--sustained", "3s")
    assert code == 0
    assert record.curve[-1].seconds >= 3
    assert record.curve[0].frequency_khz == 2_400_000 and record.curve[0].temperature_c == 28.5
    assert len(record.samples_ms) == 5 * len(record.curve)
    assert record.throttled is False


@needs_a_shell
def test_a_sustained_measurement_notices_that_the_phone_slows_down(
    scripted: ScriptedPhone, measure: Measure, ticking: None
) -> None:
    count = "open('turns', 'a').write('x')"
    rise = "answer['samples_ns'] = [int(ns * (1 + n / 5)) for ns in answer['samples_ns']]"
    scripted.behave(f"{count}; n = len(open('turns').read()); {rise}")
    code, (record,), _ = measure("--sustained", "8s", "--min-runs", "20")
    assert code == 0
    assert record.curve[-1].p50_ms > record.curve[0].p50_ms
    assert record.throttled


@needs_a_shell
@pytest.mark.parametrize(
    "slower",
    ["sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq", "thermal"],
    ids=["a lowered limit", "thermal status"],
)
def test_a_sustained_measurement_notices_what_android_says_of_heat(
    slower: str, scripted: ScriptedPhone, measure: Measure, ticking: None
) -> None:
    """The curve is what was asked for: it stays valid, and says that the phone throttled."""
    scripted.put("/thermal", "0")
    scripted.tool("dumpsys", f'echo "Thermal Status: $(cat {scripted.root}/thermal)"')
    scripted.behave(f"open({str(scripted.root / slower)!r}, 'w').write('3')")
    code, (record,), _ = measure("--sustained", "2s")
    assert code == 0
    assert record.throttled and record.valid
    assert len(record.curve) == 2
