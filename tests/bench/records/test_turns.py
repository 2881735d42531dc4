"""The ratio of two models that took turns, on a machine whose speed changes."""

from __future__ import annotations

import random
from statistics import median

import pytest

from android_bench.records.record import Record
from android_bench.records.turns import time_ratio


def _record(turns: list[list[float]], cpu: bool = True) -> Record:
    samples = [sample for turn in turns for sample in turn]
    half = median(samples)
    facts = {
        "model": "a.tflite", "name": "a", "kind": "float32", "sha256": "0" * 64, "bytes": 1, "inputs": [],
        "runtime": "litert", "device": "cpu", "threads": 1, "started": "2026-01-01T00:00:00Z",
        "machine": {"cpu": "a core", "cores": 2, "os": "Linux"}, "min_runs": 1, "min_seconds": 0,
        "first_ms": 1.0, "valid": True, "std_ms": 0.0, "outliers": 0,
    }  # fmt: skip
    statistics = dict.fromkeys(("p50_ms", "p90_ms", "p95_ms", "mean_ms", "min_ms", "max_ms"), half)
    by_cpu = {"cpu_samples_ms": samples, "cpu_p50_ms": half} if cpu else {}
    turns_of = {"samples_ms": samples, "turn_runs": [len(turn) for turn in turns]}
    return Record.model_validate(facts | statistics | by_cpu | turns_of)


@pytest.mark.parametrize("cpu", [True, False])
def test_moods_of_the_machine_do_not_change_the_ratio(cpu: bool) -> None:
    # Slow for the first 49 rounds of the one, and for 51 of the other's, whose next turn came too late.
    draw = random.Random(3)
    moods = [1.5] * 50 + [1.0] * 50
    own = [[2.0 * mood * draw.uniform(0.99, 1.01) for _ in range(5)] for mood in [*moods[1:], 1.0]]
    other = [[1.0 * mood * draw.uniform(0.99, 1.01) for _ in range(9)] for mood in [1.5, *moods[:-1]]]
    first, second = _record(own, cpu), _record(other, cpu)
    assert first.p50_ms and second.p50_ms and abs(first.p50_ms / second.p50_ms - 2) > 0.5
    assert time_ratio(first, second) == pytest.approx(2, rel=0.01)
    assert time_ratio(second, first) == pytest.approx(0.5, rel=0.01)


def test_without_turns_medians_are_compared() -> None:
    own, other = _record([[3.0, 4.0, 5.0]]), _record([[1.0, 2.0, 3.0]])
    assert time_ratio(own.model_copy(update={"turn_runs": None}), other) == 2


def test_what_is_not_valid_or_shows_no_time_has_no_ratio() -> None:
    good, none = _record([[1.0]]), _record([[0.0]])
    assert time_ratio(good, none) is None
    assert time_ratio(good, good.model_copy(update={"valid": False})) is None


def test_turns_add_up_to_the_runs() -> None:
    with pytest.raises(ValueError, match="turn_runs adds up to the number of samples_ms"):
        Record.model_validate({**_record([[1.0, 2.0]]).model_dump(), "turn_runs": [1]})
