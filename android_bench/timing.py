"""Timing: when to stop, what the samples say, which of them are outliers.

Nothing here knows what is being timed, so a phone's samples are judged like the host's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from android_bench.defaults import MIN_RUNS, MIN_SECONDS

OUTLIER_LIMIT = 10.0
"""Robust deviations from the median beyond which a sample is an outlier.

Iglewicz and Hoaglin propose 3.5 for data with normal errors; times of runs have a long right tail,
and hyperfine's 10 leaves that tail alone and finds what another program did.
"""
OUTLIER_SHARE = 0.01
"""Share of outliers from which they are worth a warning: below it, the p95 does not feel them."""
SPREAD_LIMIT = 0.25
"""(p90 - p50) / p50 above which the machine was too restless for a comparison."""
SHORT_RUN_MS = 0.005
"""Below it the call from Python and the clock itself are a good part of what is measured."""
_CLOCKS_DIFFER_SECONDS = 1.0
"""What two clocks, and the way to a phone, may make of one call."""

Progress = Callable[[float, int, str], None]
"""Called between turns, never during one, with (measurements done, measurements, what is measured)."""


@dataclass(frozen=True)
class StopRule:
    """Time on until there are at least so many runs *and* so many seconds inside runs.

    Attributes:
        min_runs: 1 or more.
        min_seconds: 0 or more.

    Raises:
        ValueError: for numbers out of range.
    """

    min_runs: int = MIN_RUNS
    min_seconds: float = MIN_SECONDS

    def __post_init__(self) -> None:
        if self.min_runs < 1:
            raise ValueError(f"at least one run is needed, not {self.min_runs}")
        if not 0 <= self.min_seconds < float("inf"):
            raise ValueError(f"the seconds to measure must be 0 or more, not {self.min_seconds}")

    def progress(self, runs: int, seconds: float) -> float:
        """How much of the rule is fulfilled.

        Args:
            runs: so far.
            seconds: inside these runs.

        Returns:
            0 to 1; 1 exactly when it is.
        """
        by_time = 1.0 if seconds >= self.min_seconds else seconds / self.min_seconds
        return min(1.0, runs / self.min_runs, by_time)

    def met(self, runs: int, seconds: float) -> bool:
        """Whether both minima are reached."""
        return runs >= self.min_runs and seconds >= self.min_seconds


def impossible(samples_ns: Sequence[int], seconds: float, other_ms: float = 0.0) -> str | None:
    """Why no clock can have given these samples; None where one can.

    Args:
        samples_ns: of one call, in nanoseconds.
        seconds: that the whole call took by this computer's clock.
        other_ms: what else of the call was timed, finite or infinite.
    """
    # In whole numbers: a stranger's may be beyond any float.
    most = int((seconds + _CLOCKS_DIFFER_SECONDS) * 1e9)
    if sum(samples_ns) > most or other_ms * 1e6 > most:
        return (
            f"its runs took longer than the {seconds:.1f} s of the whole call, so its clock cannot be "
            "trusted; measure again"
        )
    if 2 * sum(sample == 0 for sample in samples_ns) >= len(samples_ns):
        return "its runs took no time, so its clock cannot be trusted; measure again"
    return None


@dataclass(frozen=True)
class Summary:
    """Statistics of samples, in milliseconds; the names are those of `record.Record`."""

    p50_ms: float
    p90_ms: float
    p95_ms: float
    mean_ms: float
    std_ms: float
    min_ms: float
    max_ms: float
    outliers: int


def summarize(samples_ms: Sequence[float]) -> Summary:
    """Statistics of samples.

    Percentiles interpolate linearly between the two nearest samples (NumPy's and R's default). The
    standard deviation divides by n - 1 and is 0 for a single sample.

    Args:
        samples_ms: one or more, finite, in milliseconds.

    Raises:
        ValueError: on no samples, and on samples that are negative or not finite.
    """
    values = np.asarray(samples_ms, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError("there are no samples to summarize")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("a sample is negative or not a finite number: the clock cannot be trusted")
    p50, p90, p95 = np.percentile(values, [50, 90, 95])
    std = values.std(ddof=1) if values.size > 1 else 0.0
    outliers = int(np.count_nonzero(np.abs(modified_z_scores(values)) > OUTLIER_LIMIT))
    return Summary(
        float(p50), float(p90), float(p95), float(values.mean()), float(std), float(values.min()),
        float(values.max()), outliers,
    )  # fmt: skip


def modified_z_scores(samples: Sequence[float] | np.ndarray) -> np.ndarray:
    """How many robust standard deviations each sample lies from the median.

    0.6745 (x - median) / MAD, with 1.2533 times the mean absolute deviation as the divisor where more
    than half of the samples are equal and the MAD is 0.

    Args:
        samples: in any unit.

    Returns:
        One number a sample; zeros where all samples are equal.

    Source:
        Iglewicz and Hoaglin 1993, "How to Detect and Handle Outliers", ASQC Basic References in Quality
        Control, volume 16; hyperfine uses the same score.
    """
    values = np.asarray(samples, dtype=np.float64)
    offsets = values - np.median(values)
    deviation = np.median(np.abs(offsets)) / 0.6745 or 1.2533 * np.mean(np.abs(offsets))
    return offsets / deviation if deviation > 0 else np.zeros_like(values)


def sample_warnings(samples_ms: Sequence[float], summary: Summary) -> list[str]:
    """What the samples themselves say against trusting their statistics.

    Args:
        samples_ms: in milliseconds.
        summary: their statistics.

    Returns:
        Sentences with the remedy; [] where nothing speaks against them.
    """
    warnings = []
    # A shorter measurement than by default is allowed, but its p95 is a guess.
    runs, seconds = len(samples_ms), math.fsum(samples_ms) / 1e3
    if runs < MIN_RUNS or seconds < MIN_SECONDS:
        warnings.append(
            f"{runs} runs in {seconds:.2f} s are few; take at least {MIN_RUNS} and {MIN_SECONDS:g} s"
        )
    if summary.p50_ms < SHORT_RUN_MS:
        warnings.append(
            "one run takes hardly longer than the call itself: most of the time is not the model's"
        )
    if summary.outliers >= OUTLIER_SHARE * runs:
        warnings.append(
            f"{summary.outliers} of {runs} runs are outliers; close other programs and measure again"
        )
    elif summary.p90_ms > (1 + SPREAD_LIMIT) * summary.p50_ms:
        spread = (summary.p90_ms / summary.p50_ms - 1) * 100 if summary.p50_ms else float("inf")
        warnings.append(
            f"p90 is {spread:.0f} % above p50: the machine's load was unsteady; compare with care"
        )
    return warnings
