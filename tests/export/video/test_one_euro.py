"""The One-Euro filter against its formula, written out once more number by number, and its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_export.video.one_euro import OneEuro, OneEuroFilter

SETTINGS = st.builds(OneEuro, st.floats(0.05, 20), st.floats(0, 50), st.floats(0.1, 20))
STEPS = st.lists(st.tuples(st.floats(1e-3, 2), st.floats(-1000, 1000)), min_size=1, max_size=12)


def smoothed(settings: OneEuro, steps: list[tuple[float, float]], scale: float = 1.0) -> list[float]:
    own, seconds, answers = OneEuroFilter(settings), 0.0, []
    for passed, value in steps:
        seconds += passed
        answers.append(float(own.smooth(np.array([value]), seconds, scale)[0]))
    return answers


def by_formula(settings: OneEuro, steps: list[tuple[float, float]], scale: float) -> list[float]:
    """Algorithm 1 of the paper, one number at a time."""

    def alpha(rate: float, cutoff: float) -> float:
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau * rate)

    value, speed, answers = steps[0][1], 0.0, [steps[0][1]]
    for passed, x in steps[1:]:
        rate = 1 / passed
        dx = (x - value) * rate / scale
        a = alpha(rate, settings.speed_cutoff)
        speed = a * dx + (1 - a) * speed
        a = alpha(rate, settings.min_cutoff + settings.beta * abs(speed))
        value = a * x + (1 - a) * value
        answers.append(value)
    return answers


@given(SETTINGS, STEPS, st.floats(0.1, 500))
def test_it_is_the_published_formula(settings, steps, scale):
    expected = by_formula(settings, steps, scale)
    np.testing.assert_allclose(smoothed(settings, steps, scale), expected, rtol=1e-6, atol=1e-6)


@given(SETTINGS, STEPS)
def test_the_answer_never_leaves_the_range_of_what_came_in(settings, steps):
    values = [value for _, value in steps]
    for count, answer in enumerate(smoothed(settings, steps), 1):
        assert min(values[:count]) - 1e-6 <= answer <= max(values[:count]) + 1e-6


@given(SETTINGS, STEPS, st.floats(0.1, 100))
def test_a_face_twice_as_large_is_smoothed_alike(settings, steps, zoom):
    plain = np.array(smoothed(settings, steps, 10.0))
    zoomed = smoothed(settings, [(passed, value * zoom) for passed, value in steps], 10.0 * zoom)
    np.testing.assert_allclose(zoomed, plain * zoom, rtol=1e-6, atol=1e-3)


def test_numbers_of_an_array_do_not_touch_each_other():
    random = np.random.default_rng(0)
    values = random.normal(0, 5, (20, 3, 2))
    whole, single = OneEuroFilter(OneEuro()), OneEuroFilter(OneEuro())
    for step, value in enumerate(values):
        together = whole.smooth(value, step / 30)
        alone = single.smooth(value[1:2], step / 30)
        np.testing.assert_array_equal(together[1:2], alone)


def test_it_rests_where_the_signal_rests_and_lags_less_with_a_larger_beta():
    random = np.random.default_rng(1)
    noise = [(1 / 30, value) for value in random.normal(0, 1, 300)]
    ramp = [(1 / 30, 10.0 * step) for step in range(60)]
    slow, quick = OneEuro(0.5, 0.0), OneEuro(0.5, 1.0)
    assert np.abs(np.diff(smoothed(slow, noise))).mean() < 0.2 * np.abs(np.diff([v for _, v in noise])).mean()
    lag = [ramp[-1][1] - smoothed(settings, ramp)[-1] for settings in (slow, quick)]
    assert lag[0] > 5 * lag[1] > 0


def test_what_comes_in_is_left_as_it_was_and_the_answer_is_the_callers():
    own = OneEuroFilter(OneEuro())
    value = np.array([1.0, 2.0])
    first = own.smooth(value, 0.0)
    first[:] = 99
    second = own.smooth(value, 0.1)
    np.testing.assert_array_equal(value, [1, 2])
    np.testing.assert_allclose(second, [1, 2])


@pytest.mark.parametrize("seconds", [1.0, 0.5, math.nan])
def test_time_must_advance(seconds):
    own = OneEuroFilter(OneEuro())
    own.smooth(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match="advance"):
        own.smooth(np.zeros(2), seconds)


def test_the_shape_may_not_change():
    own = OneEuroFilter(OneEuro())
    own.smooth(np.zeros(2), 1.0)
    with pytest.raises(ValueError, match="began"):
        own.smooth(np.zeros(3), 2.0)


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, -1, 1), (1, 1, 0), (math.inf, 1, 1), (1, math.nan, 1)])
def test_settings_that_make_no_filter_are_refused(numbers):
    with pytest.raises(ValueError, match="positive cut-offs"):
        OneEuro(*numbers)
