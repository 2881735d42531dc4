"""Statistics against their definitions; when a measurement may stop; what is called an outlier."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from android_bench.clocks import cpu_clock, time_runs
from android_bench.host.verdict import judge
from android_bench.timing import StopRule, modified_z_scores, sample_warnings, summarize

times = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=200)


def percentile(samples: list[float], percent: float) -> float:
    """The definition: the value at rank p (n - 1) / 100 of the sorted samples, linear in between."""
    ordered = sorted(samples)
    rank = percent / 100 * (len(ordered) - 1)
    below, above = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    return below + (above - below) * (rank - math.floor(rank))


@given(times)
def test_statistics_agree_with_their_definitions(samples: list[float]) -> None:
    summary = summarize(samples)
    for percent, value in ((50, summary.p50_ms), (90, summary.p90_ms), (95, summary.p95_ms)):
        assert value == pytest.approx(percentile(samples, percent), rel=1e-9, abs=1e-9)
    assert summary.p50_ms == pytest.approx(statistics.median(samples), rel=1e-9, abs=1e-9)
    assert summary.mean_ms == pytest.approx(statistics.fmean(samples), rel=1e-9, abs=1e-9)
    spread = statistics.stdev(samples) if len(samples) > 1 else 0.0
    assert summary.std_ms == pytest.approx(spread, rel=1e-6, abs=1e-6)
    assert (summary.min_ms, summary.max_ms) == (min(samples), max(samples))


@given(times, st.randoms())
def test_statistics_do_not_depend_on_the_order(samples: list[float], random) -> None:
    shuffled = random.sample(samples, len(samples))
    ours, theirs = summarize(samples), summarize(shuffled)
    assert (ours.p95_ms, ours.outliers) == (theirs.p95_ms, theirs.outliers)


@pytest.mark.parametrize("samples", [[], [1.0, math.nan], [1.0, math.inf], [1.0, -0.1]])
def test_samples_that_cannot_be_times_are_refused(samples: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        summarize(samples)


@given(times)
def test_modified_z_scores_follow_iglewicz_and_hoaglin(samples: list[float]) -> None:
    median = statistics.median(samples)
    mad = statistics.median(abs(x - median) for x in samples)
    assume(mad > 1e-6)
    expected = [0.6745 * (x - median) / mad for x in samples]
    assert modified_z_scores(samples) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_modified_z_scores_where_most_samples_are_equal() -> None:
    assert modified_z_scores([2.0, 2.0, 2.0]).tolist() == [0, 0, 0]
    # The mean absolute deviation, 8 / 5, takes the place of the MAD of 0.
    assert modified_z_scores([2.0, 2.0, 2.0, 2.0, 10.0])[-1] == pytest.approx(8 / (1.2533 * 1.6))


def test_a_disturbed_run_is_an_outlier_and_a_normal_tail_is_not() -> None:
    noise = np.random.default_rng(3)
    quiet = (1.0 + noise.gamma(2.0, 0.01, 1000)).tolist()
    assert summarize(quiet).outliers == 0
    assert summarize([*quiet, 3.0, 4.0]).outliers == 2


@given(
    st.integers(1, 100), st.floats(0, 10), st.integers(0, 200), st.floats(0, 20)
)  # fmt: skip
def test_both_minima_must_be_reached(min_runs: int, min_seconds: float, runs: int, seconds: float) -> None:
    rule = StopRule(min_runs, min_seconds)
    assert rule.met(runs, seconds) == (runs >= min_runs and seconds >= min_seconds)
    assert (rule.progress(runs, seconds) >= 1) == rule.met(runs, seconds)
    assert 0 <= rule.progress(runs, seconds) <= 1


def test_impossible_rules_are_refused() -> None:
    for rule in ((0, 1.0), (1, -1.0), (1, math.nan), (1, math.inf)):
        with pytest.raises(ValueError, match=r"run|seconds"):
            StopRule(*rule)


class FakeClock:
    """Nanoseconds that pass only while the timed call runs: each call takes the next duration."""

    def __init__(self, durations: Iterator[int]) -> None:
        self.now = 10**15
        self.durations = durations

    def __call__(self) -> int:
        return self.now

    def work(self) -> None:
        self.now += next(self.durations)


def test_runs_are_timed_one_by_one_until_the_time_is_over() -> None:
    clock = FakeClock(iter([30, 50, 20, 999]))
    assert time_runs(clock.work, 100e-9, clock).wall == [30, 50, 20]


def test_at_least_one_run_is_timed() -> None:
    clock = FakeClock(iter([7, 999]))
    assert time_runs(clock.work, 0, clock).wall == [7]


def test_both_clocks_time_the_same_runs() -> None:
    wall, used = FakeClock(iter([30, 50, 20, 999])), FakeClock(iter([10, 11, 12, 999]))

    def work() -> None:
        wall.work()
        used.work()

    samples = time_runs(work, 100e-9, wall, used)
    assert (samples.wall, samples.cpu) == ([30, 50, 20], [10, 11, 12])


def test_a_clock_that_counts_in_ticks_times_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def ticking(step: int) -> Callable[[], int]:
        reads = iter(range(10**9))
        return lambda: next(reads) // 5 * step

    for step, usable in ((1_000, True), (10_000_000, False)):
        monkeypatch.setattr(time, "thread_time_ns", ticking(step))
        assert (cpu_clock("thread") is not None) == usable
    assert cpu_clock(None) is None


def test_runs_that_scatter_widely_hold_by_cpu_time_alone() -> None:
    wall = [1.0] * 80 + [5.1] * 20
    assert "p90 is more than 5 times p50" in judge(wall, None, (0.0, 0.0), 2).reasons[0]
    assert judge(wall, [1.0] * 100, (9.0, 9.0), 2).statistics["cpu_p50_ms"] == 1.0
    assert judge([1.0] * 80 + [4.9] * 20, None, (None, None), 2).reasons == []


def test_a_quiet_measurement_has_no_warning_and_a_disturbed_one_says_why() -> None:
    def warned(samples: list[float]) -> str:
        return " ".join(sample_warnings(samples, summarize(samples)))

    quiet = [10.0 + i % 7 / 10 for i in range(200)]
    assert warned(quiet) == ""
    assert "49 runs" in warned(quiet[:49])
    assert "69 runs in 0.50 s are few" in warned(quiet[:49] + [0.01] * 20)
    assert "4 of 204 runs are outliers" in warned([*quiet, *[90.0] * 4])
    assert warned([*quiet, 90.0]) == "", "one run in 200 does not reach the p95"
    assert "unsteady" in warned([10.0 + i % 10 * 2 for i in range(200)])
    assert "hardly longer" in warned([0.001] * 100)
