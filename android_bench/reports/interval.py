"""Between which bounds a change of times lies, and what may be said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

import numpy as np

LEVEL = 0.95
"""Confidence of the intervals."""
FEWEST = 4
"""Times, repeats or parts, of which both sides must have so many: three against three allow no 95 %."""

Verdict = Literal["slower", "faster", "same", "unclear"]


def interval(before: Sequence[float], after: Sequence[float]) -> tuple[float, float] | None:
    """Bounds at 95 % of the relative change of times; None for too few times, or one that is 0.

    The interval of the Hodges-Lehmann estimate on logarithms, which belongs to the Mann-Whitney test:
    from the ratios of all pairs, those that the test rejects are taken off at either end. It assumes no
    distribution, and one stray repeat does not move it.

    Source:
        Hollander and Wolfe, "Nonparametric Statistical Methods", section 4.3.
    """
    if min(len(before), len(after)) < FEWEST or min(*before, *after) <= 0:
        return None
    n, m = len(before), len(after)
    ratios = np.sort(np.subtract.outer(np.log(after), np.log(before)), axis=None)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    # The normal approximation takes off as many as the exact test or one fewer, for every n and m from
    # 4 to 20 (see the tests).
    cut = math.floor(n * m / 2 - z * math.sqrt(n * m * (n + m + 1) / 12) - 0.5)
    return math.expm1(ratios[cut]), math.expm1(ratios[-1 - cut])


def judge(change: float, bounds: tuple[float, float] | None, tolerance: float) -> Verdict:
    """slower or faster: beyond the tolerance, and not by chance. same: within it for certain."""
    low, high = bounds or (change, change)
    if change > tolerance and low > 0:
        return "slower"
    if change < -tolerance and high < 0:
        return "faster"
    return "same" if -tolerance <= low and high <= tolerance else "unclear"
