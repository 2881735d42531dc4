"""How much longer one model takes than another that took turns with it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from android_bench.records.record import Record


def time_ratio(own: Record, other: Record) -> float | None:
    """The time of one over that of the other, by the clock that both have: CPU time before the wall's.

    A shared machine computes 1.5 times slower for seconds, now in one model's turns and now in another's; the
    medians of all samples then differ from run to run by that much. So turns are compared that lie side by
    side, and the median of their ratios is taken. Records without turns are compared by their medians.

    Args:
        own, other: records of one call of `measure`, with one number of threads.

    Returns:
        The ratio; None where one is not valid, there is no clock that both have, or it shows no time.
    """
    if not (own.valid and other.valid):
        return None
    for times, whole in (
        ((own.cpu_samples_ms, other.cpu_samples_ms), (own.cpu_p50_ms, other.cpu_p50_ms)),
        ((own.samples_ms, other.samples_ms), (own.p50_ms, other.p50_ms)),
    ):
        mine, reference = whole
        if not mine or not reference:
            continue
        if own.turn_runs is None or other.turn_runs is None:
            return mine / reference
        turns = zip(
            _medians(times[0] or (), own.turn_runs), _medians(times[1] or (), other.turn_runs), strict=False
        )
        ratios = [numerator / denominator for numerator, denominator in turns if denominator]
        return median(ratios) if ratios else None
    return None


def _medians(samples: Sequence[float], runs: Sequence[int]) -> list[float]:
    """The median of each turn."""
    ends = [sum(runs[: count + 1]) for count in range(len(runs))]
    return [median(samples[end - count : end]) for end, count in zip(ends, runs, strict=True)]
