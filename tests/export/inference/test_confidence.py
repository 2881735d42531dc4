"""Confidence: a number from 0 to 1 for any scatter, falling with it, its scale fitted and strictly read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_export.inference.confidence import (
    DEFAULT_SCALE,
    confidence_of,
    fit_scale,
    read_scale,
    scatter_at,
    scatter_of,
    texture_of,
)
from facekp_train.crop import CropRule

BOX = (10.0, 10.0, 80.0, 80.0)
scatters = st.floats(min_value=0)
scales = st.none() | st.floats(0, 1, exclude_min=True)


@given(st.floats(min_value=0) | st.just(math.nan), scales)
def test_it_lies_between_0_and_1_for_any_scatter(scatter: float, scale: float | None) -> None:
    assert 0 <= confidence_of(scatter, scale) <= 1


@given(scatters, scatters, scales)
def test_it_never_rises_with_the_scatter(one: float, other: float, scale: float | None) -> None:
    assert confidence_of(min(one, other), scale) >= confidence_of(max(one, other), scale)


@given(st.floats(1e-4, 0.5))
def test_the_scatter_comes_back_from_it(scatter: float) -> None:
    assert scatter_at(confidence_of(scatter)) == pytest.approx(scatter, rel=1e-6)


def test_its_fixed_points() -> None:
    assert [confidence_of(s) for s in (0.0, DEFAULT_SCALE, math.inf, math.nan)] == [1, 0.5, 0, 0]
    assert confidence_of(0.03, 0.03) == 0.5 and scatter_at(0.0) == math.inf


@given(st.integers(2, 6), st.integers(0, 99))
def test_more_answers_of_the_same_spread_scatter_alike(count: int, seed: int) -> None:
    answers = np.random.default_rng(seed).normal(50, 0.8, (count, 400, 2))
    assert scatter_of(answers, BOX) == pytest.approx(0.0125, rel=0.12)
    assert scatter_of(answers + 7, (0, 0, 40, 160)) == pytest.approx(scatter_of(answers, BOX) / 2)


def test_equal_answers_do_not_scatter() -> None:
    assert scatter_of(np.ones((3, 5, 2), np.float32), BOX) == 0


@pytest.mark.parametrize("size", [16, 128])
def test_a_flat_crop_has_no_texture_and_a_drawn_one_has(size: int) -> None:
    rule = CropRule(size=size)
    image = np.full((120, 120, 3), 90, np.uint8)
    for box in (BOX, (-30.0, 50.0, 80.0, 80.0), (500.0, 0.0, 80.0, 80.0)):
        assert texture_of(image, box, rule) == 0, "the image's edge is no texture"
    noisy = image + np.random.default_rng(0).integers(0, 9, image.shape, np.uint8)
    assert texture_of(noisy, BOX, rule) < 0.3, "noise is no texture"
    image[40:80] = 160
    assert texture_of(image, BOX, rule) == 1


def test_the_scale_that_made_the_errors_is_found() -> None:
    random = np.random.default_rng(0)
    scatters = random.lognormal(math.log(0.02), 0.6, 4000)
    good = random.random(4000) < [confidence_of(scatter, 0.025) for scatter in scatters]
    scale = fit_scale(scatters.tolist(), np.where(good, 3.0, 8.0).tolist())
    assert scale == pytest.approx(0.025, rel=0.05)
    chances = [confidence_of(scatter, scale) for scatter in scatters]
    assert np.mean(chances) == pytest.approx(good.mean(), abs=1e-3)


@pytest.mark.parametrize("errors", [[3.0] * 200, [9.0] * 200, [3.0] * 50 + [9.0] * 49])
def test_too_few_faces_or_all_alike_fit_nothing(errors: list[float]) -> None:
    assert fit_scale([0.01] * len(errors), errors) is None


def test_a_scale_is_read_strictly() -> None:
    assert read_scale(None) is None and read_scale({"scale": 1}) == 1.0
    for bad in (0.02, [], {}, {"scale": "0.02"}, {"scale": True}, {"scale": 0}, {"scale": 2},
                {"scale": math.nan}, {"scale": 0.02, "power": 3}):  # fmt: skip
        with pytest.raises(ValueError, match="not a scale above 0"):
            read_scale(bad)
