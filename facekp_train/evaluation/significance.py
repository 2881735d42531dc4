"""Whether two figures differ: the paper's tests over folds, and intervals of paired differences.

The paper (Appl. Sci. 2024, 14, 7153, section 4) tests whether the folds of one method agree. That
says how even the folds are, not whether one method beats another; for this the same images are
compared under both.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import Doubles

_BLOCK = 2_000_000
_RESAMPLES = 10_000


class FoldTest(NamedTuple):
    """Two folds of one method. p of Student's t-test (equal means) and of Levene's (equal spreads,
    about the median); None where every error is the same."""

    first: int
    second: int
    t_test: float | None
    levene: float | None


class Interval(NamedTuple):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


class PairedChange(NamedTuple):
    """From a reference to another method on the same faces: difference of the mean errors, the
    same as percent of the reference's, and how many faces and images there were."""

    difference: Interval
    percent: Interval
    faces: int
    images: int


def fold_tests(folds: Sequence[Doubles]) -> list[FoldTest]:
    """Every pair of a method's folds, each the errors of its own faces; folds count from 0.

    Raises ValueError for a fold of fewer than two faces.
    """
    from scipy import stats

    if any(len(errors) < 2 for errors in folds):
        raise ValueError("a fold of fewer than two faces cannot be tested")
    tests = []
    for (i, first), (j, second) in combinations(enumerate(folds), 2):
        if np.ptp(np.concatenate([first, second])) == 0:
            tests.append(FoldTest(i, j, None, None))
            continue
        t_test = _p_value(stats.ttest_ind(first, second))
        tests.append(FoldTest(i, j, t_test, _p_value(stats.levene(first, second))))
    return tests


def paired_t_test(reference: Doubles, other: Doubles) -> float | None:
    """p of equal means over folds [K] that two methods share: unlike an interval over images, it
    knows how training runs vary. None for one fold, or differences that are all the same."""
    from scipy import stats

    if len(reference) < 2 or np.ptp(reference - other) == 0:
        return None
    return _p_value(stats.ttest_rel(reference, other))


def paired_change(
    reference: Doubles,
    other: Doubles,
    images: NDArray[np.integer],
    seed: int = 0,
    resamples: int = _RESAMPLES,
) -> PairedChange:
    """The change between two methods' errors [F] on the same faces, by bootstrap over images.

    images: [F], the number of each face's image; faces of one image are drawn together. Percentile
    intervals. They say how the result hangs on the images tested, not on chance in training. Raises
    ValueError where the shapes differ, nothing was measured or the reference has no error.
    """
    if not (len(reference) == len(other) == len(images)) or not len(images):
        raise ValueError(f"{len(reference)} and {len(other)} errors do not pair with {len(images)} images")
    if reference.sum() <= 0:
        raise ValueError("a reference without any error allows no relative change")
    _, place = np.unique(images, return_inverse=True)
    columns = (reference, other, np.ones(len(place)))
    sums = np.array([np.bincount(place, values) for values in columns], np.float64)
    first, second, faces = _drawn(sums, seed, resamples)
    # A draw of faultless faces alone tells no ratio.
    ratios = np.divide(second, first, out=np.ones_like(first), where=first > 0)
    whole = sums.sum(axis=1)
    return PairedChange(
        _interval(float((whole[1] - whole[0]) / whole[2]), (second - first) / faces),
        _interval(float((whole[1] / whole[0] - 1) * 100), (ratios - 1) * 100),
        len(images),
        sums.shape[1],
    )


def _drawn(sums: Doubles, seed: int, resamples: int) -> Doubles:
    """Totals [3, resamples] of images drawn with replacement from sums [3, images]."""
    random = np.random.default_rng(seed)
    count = sums.shape[1]
    blocks = []
    block = max(1, _BLOCK // count)
    for start in range(0, resamples, block):
        draws = random.integers(0, count, (min(block, resamples - start), count))
        blocks.append(sums[:, draws].sum(axis=2))
    return np.concatenate(blocks, axis=1)


def _interval(value: float, draws: Doubles) -> Interval:
    low, high = np.percentile(draws, [2.5, 97.5]).tolist()
    return Interval(value, low, high)


def _p_value(result: object) -> float | None:
    p = float(result.pvalue)  # type: ignore[attr-defined]
    return p if np.isfinite(p) else None
