"""The studies' statistics against scipy, brute force, and what must hold of any data."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from facekp_train.evaluation.significance import (
    change_over_runs,
    fold_tests,
    paired_change,
    paired_t_test,
    t_interval,
)


def errors(seed: int, count: int, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, scale, count)


def p_of(result: Any) -> float:
    return float(result.pvalue)


def test_every_pair_of_folds_is_tested_as_scipy_does() -> None:
    folds = [errors(1, 40), errors(2, 50), errors(3, 45, 2.0)]
    tests = fold_tests(folds)
    assert [(t.first, t.second) for t in tests] == list(combinations(range(3), 2))
    for t in tests:
        assert t.t_test == p_of(stats.ttest_ind(folds[t.first], folds[t.second]))
        assert t.levene == p_of(stats.levene(folds[t.first], folds[t.second]))
    by_pair = {(t.first, t.second): t for t in tests}
    apart, alike = by_pair[1, 2], by_pair[0, 1]
    assert apart.t_test is not None and apart.levene is not None and alike.t_test is not None
    assert apart.t_test < 0.01 and apart.levene < 0.01 < alike.t_test


def test_folds_without_any_spread_have_no_p() -> None:
    assert fold_tests([np.ones(4), np.ones(5)])[0][2:] == (None, None)
    with pytest.raises(ValueError, match="fewer than two"):
        fold_tests([np.ones(4), np.ones(1)])


def test_the_t_test_over_folds_pairs_them() -> None:
    """A constant gain is seen through folds that differ much more among themselves."""
    reference = np.array([1.0, 2.0, 3.0])
    other = reference - np.array([0.10, 0.11, 0.09])
    p_value = paired_t_test(reference, other)
    assert p_value is not None and p_value == pytest.approx(p_of(stats.ttest_rel(reference, other)))
    assert p_value < 0.01 and p_of(stats.ttest_ind(reference, other)) > 0.5
    assert paired_t_test(reference[:1], other[:1]) is None
    assert paired_t_test(reference, reference - 1.0) is None


def test_the_interval_agrees_with_scipys_bootstrap() -> None:
    reference, other = errors(1, 200), errors(2, 200, 1.1)
    change = paired_change(reference, other, np.arange(200))
    theirs = stats.bootstrap(
        (other - reference,), np.mean, n_resamples=10_000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    assert change.difference.value == pytest.approx((other - reference).mean())
    width = theirs.high - theirs.low
    assert change.difference.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert change.difference.high == pytest.approx(theirs.high, abs=0.05 * width)
    assert change.percent.value == pytest.approx((other.mean() / reference.mean() - 1) * 100)
    assert change.percent.low < change.percent.value < change.percent.high


def test_pairing_sees_what_two_separate_means_would_not() -> None:
    reference = errors(1, 300, 5.0)
    change = paired_change(reference, reference * 0.97, np.arange(300))
    assert change.percent.value == pytest.approx(-3)
    assert change.percent.high == pytest.approx(-3) and change.difference.high < 0


def test_faces_of_one_image_are_drawn_together() -> None:
    """Every image's two faces say the same: twice the faces must not narrow the interval."""
    reference, other = errors(1, 100), errors(2, 100)
    once = paired_change(reference, other, np.arange(100))
    twice = paired_change(np.repeat(reference, 2), np.repeat(other, 2), np.repeat(np.arange(100), 2))
    assert (twice.faces, twice.images) == (200, 100)
    assert once.difference == pytest.approx(twice.difference)
    assert once.percent == pytest.approx(twice.percent)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        reference = random.gamma(2.0, 1.0, 60)
        other = reference + random.normal(0.1, 0.5, 60)
        low, high = paired_change(reference, other, np.arange(60), seed, 400).difference[1:]
        covered += low <= 0.1 <= high
    assert 175 <= covered <= 199


@given(st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_the_unit_of_the_errors_changes_no_percentage(seed: int, unit: float) -> None:
    reference, other = errors(seed, 30), errors(seed + 1, 30)
    plain = paired_change(reference, other, np.arange(30), resamples=100)
    scaled = paired_change(reference * unit, other * unit, np.arange(30), resamples=100)
    assert np.allclose(plain.percent, scaled.percent)
    assert np.allclose(np.array(plain.difference) * unit, scaled.difference)


@given(st.integers(0, 1000))
def test_exchanging_the_methods_turns_the_difference_around(seed: int) -> None:
    first, second = errors(seed, 30), errors(seed + 1, 30)
    one = paired_change(first, second, np.arange(30), resamples=100).difference
    two = paired_change(second, first, np.arange(30), resamples=100).difference
    assert np.allclose((two.value, two.high, two.low), -np.array(one))


def test_what_does_not_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="do not pair"):
        paired_change(np.ones(3), np.ones(4), np.arange(3))
    with pytest.raises(ValueError, match="do not pair"):
        paired_change(np.ones(0), np.ones(0), np.arange(0))
    with pytest.raises(ValueError, match="without any error"):
        paired_change(np.zeros(3), np.ones(3), np.arange(3))


# Over runs


def runs_of(seed: int, runs: int = 3, images: int = 40) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Errors of methods whose second is worse by an amount that differs from run to run."""
    random = np.random.default_rng(seed)
    hard = random.gamma(2.0, 1.0, images)
    first = [hard * random.uniform(0.8, 1.2, images) for _ in range(runs)]
    return first, [errors * random.normal(1.1, 0.1) for errors in first]


def test_the_interval_over_runs_and_images_agrees_with_plain_loops() -> None:
    first, second = runs_of(0)
    random = np.random.default_rng(9)
    draws = []
    for _ in range(4000):
        faces = random.integers(0, 40, 40)
        runs = random.integers(0, 3, 3)
        before = sum(first[run][face] for run in runs for face in faces)
        after = sum(second[run][face] for run in runs for face in faces)
        draws.append((after / before - 1) * 100)
    low, high = np.percentile(draws, [2.5, 97.5])
    change = change_over_runs(first, second, [np.arange(40)] * 3)
    assert change.over_both.low == pytest.approx(low, abs=0.05 * (high - low))
    assert change.over_both.high == pytest.approx(high, abs=0.05 * (high - low))
    assert change.over_both.value == pytest.approx((np.sum(second) / np.sum(first) - 1) * 100)


def test_runs_of_folds_are_measured_on_images_of_their_own() -> None:
    first, second = runs_of(1)
    change = change_over_runs(first, second, [np.arange(40) + 40 * run for run in range(3)])
    assert change.runs == pytest.approx(
        [(b.sum() / a.sum() - 1) * 100 for a, b in zip(first, second, strict=True)]
    )
    assert change.over_both.high - change.over_both.low > change.over_images.high - change.over_images.low


def test_one_run_has_no_interval_over_runs_and_the_rest_is_that_of_its_images() -> None:
    first, second = runs_of(2, runs=1)
    change = change_over_runs(first, second, [np.arange(40)])
    alone = paired_change(first[0], second[0], np.arange(40)).percent
    assert change.over_runs is None and change.over_images == alone
    assert change.over_both == pytest.approx(alone, abs=0.2)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=6))
def test_students_interval_is_scipys(values: list[float]) -> None:
    interval = t_interval(np.array(values))
    assert interval is not None and interval.value == pytest.approx(np.mean(values))
    spread = stats.sem(values)
    if spread > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)
        assert (interval.low, interval.high) == pytest.approx((low, high))
    assert t_interval(np.array(values[:1])) is None
