"""Whether two figures differ: the paper's tests over folds, and intervals of paired changes.

The paper (Appl. Sci. 2024, 14, 7153, section 4) tests whether the folds of one method agree. That
says how even the folds are, not whether one method beats another; for this the same images are
compared under both. A net trained again is another net: what is said of a method, not of one net, must
hold over its runs too.
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


class RunsChange(NamedTuple):
    """From a reference to another method, in percent of the reference's error, over all of their runs.

    over_both: drawn by run, then by image. over_images: by image alone. runs: the change of each run.
    over_runs: Student's interval of the runs' mean; None for a single run.
    """

    over_both: Interval
    over_images: Interval
    runs: tuple[float, ...]
    over_runs: Interval | None


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


def change_over_runs(
    reference: Sequence[Doubles],
    other: Sequence[Doubles],
    images: Sequence[NDArray[np.integer]],
) -> RunsChange:
    """The change between two methods' errors on the same faces, by bootstrap over runs and images.

    Args:
        reference: a run's errors [F] each.
        other: those of the other method, run by run on the same faces.
        images: the faces' images, run by run. An image that several runs were measured on is drawn for
            all of them at once: it is hard or easy for each.

    Raises:
        ValueError: where shapes differ, nothing was measured or a run of the reference has no error.
    """
    if not (len(reference) == len(other) == len(images)) or not len(images):
        raise ValueError(f"{len(reference)} and {len(other)} runs do not pair")
    alone = [
        paired_change(*run, resamples=1).percent.value for run in zip(reference, other, images, strict=True)
    ]
    joined = [np.concatenate(list(each)) for each in (reference, other, images)]
    over_images = paired_change(*joined).percent  # type: ignore[arg-type]
    _, places = np.unique(joined[2], return_inverse=True)
    count = int(places.max()) + 1
    of_runs = np.split(places, np.cumsum([len(run) for run in images])[:-1])
    sums = np.array([
        [np.bincount(at, errors, count) for at, errors in zip(of_runs, method, strict=True)]
        for method in (reference, other)
    ], np.float64)  # fmt: skip
    first, second = _drawn_by_run(sums)
    ratios = np.divide(second, first, out=np.ones_like(first), where=first > 0)
    both = _interval(over_images.value, (ratios - 1) * 100)
    return RunsChange(both, over_images, tuple(alone), t_interval(np.array(alone)))


def t_interval(values: Doubles) -> Interval | None:
    """The mean of values [K] and its 95 % interval by Student's t with K - 1 degrees of freedom; None for
    a single one."""
    from scipy import stats

    if len(values) < 2:
        return None
    mean = float(values.mean())
    half = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Interval(mean, mean - half, mean + half)


def _drawn_by_run(sums: Doubles) -> Doubles:
    """Totals [2, draws] of runs drawn with replacement, on images drawn with replacement, from
    sums [2, runs, images]."""
    random = np.random.default_rng(0)
    _, runs, images = sums.shape
    blocks = []
    block = max(1, _BLOCK // max(runs, images))
    for start in range(0, _RESAMPLES, block):
        size = min(block, _RESAMPLES - start)
        by_image = np.einsum("bi,mri->mbr", _times_drawn(random, size, images), sums, optimize=True)
        blocks.append((by_image * _times_drawn(random, size, runs)).sum(axis=2))
    return np.concatenate(blocks, axis=1)


def _times_drawn(random: np.random.Generator, size: int, count: int) -> Doubles:
    """How often each of `count` comes up in `count` draws with replacement, [size, count]."""
    draws = random.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
    return np.bincount(draws.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


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
