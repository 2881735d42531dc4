"""The crop rule: exact both ways, and the pixels that it promises."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facekp_train.crop import (
    CropRule,
    Square,
    apply_affine,
    cut,
    invert_affine,
    sample_crop,
    tight_box,
)

RULE = CropRule()

places = st.floats(-5000, 5000)
sides = st.floats(1, 20_000)


def smooth_image(height: int, width: int, waves: float = 3.0, seed: int = 0) -> np.ndarray:
    """A picture without sharp edges: OpenCV reads between pixels in steps of 1/32."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width) * 2 * math.pi * waves
    channels = [np.sin(x * a + y * b + c) for a, b, c in rng.random((3, 3)) * 2]
    return (127.5 + 127.5 * np.dstack(channels)).round().astype(np.uint8)


def brute_force(image: np.ndarray, square: Square, rule: CropRule) -> np.ndarray:
    """The rule's text in plain numpy, in float64."""
    k = min(16, math.ceil(square.side / rule.size))
    fine = rule.size * k
    share = (np.arange(fine) + 0.5) / fine
    x = square.x - square.side / 2 + share * square.side
    y = square.y - square.side / 2 + share * square.side
    height, width = image.shape[:2]
    padded = np.full((height + 2, width + 2, 3), rule.border, np.float64)
    padded[1:-1, 1:-1] = image

    def read(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        inside = np.ix_(np.clip(rows + 1, 0, height + 1), np.clip(columns + 1, 0, width + 1))
        return padded[inside]

    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right_share, below = (x - left)[None, :, None], (y - top)[:, None, None]
    upper = read(top, left) * (1 - right_share) + read(top, left + 1) * right_share
    lower = read(top + 1, left) * (1 - right_share) + read(top + 1, left + 1) * right_share
    view = upper * (1 - below) + lower * below
    return view.reshape(rule.size, k, rule.size, k, 3).mean(axis=(1, 3))


@given(places, places, sides, st.lists(st.tuples(places, places), min_size=1, max_size=5))
def test_points_go_to_the_crop_and_back(x: float, y: float, side: float, points: list) -> None:
    square = Square(x, y, side)
    there = square.to_crop(np.array(points))
    np.testing.assert_allclose(square.to_image(there), points, atol=1e-7)


@given(places, places, sides)
def test_corners_and_center_of_the_square(x: float, y: float, side: float) -> None:
    square = Square(x, y, side)
    corners = [[x - side / 2, y - side / 2], [x, y], [x + side / 2, y + side / 2]]
    np.testing.assert_allclose(square.to_crop(np.array(corners)), [[0, 0], [0.5, 0.5], [1, 1]], atol=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=6, max_size=6), st.tuples(places, places))
def test_affine_inverse(numbers: list[float], point: tuple[float, float]) -> None:
    matrix = np.array(numbers).reshape(2, 3)
    matrix[:, :2] += np.eye(2) * 300
    back = apply_affine(invert_affine(matrix), apply_affine(matrix, np.array(point)))
    np.testing.assert_allclose(back, point, atol=1e-7)


def test_square_is_the_scaled_longer_side_around_the_center() -> None:
    assert CropRule(scale=1.5).square((10, 20, 40, 100)) == Square(30, 70, 150)


@given(st.floats(80, 176), st.floats(80, 176), st.floats(60, 400), st.floats(-10, 10), st.floats(-10, 10))
@settings(max_examples=60)
def test_painted_dot_lands_where_to_crop_says(x: float, y: float, side: float, dx: float, dy: float) -> None:
    """The center of mass of a soft dot, seen through the crop, is the dot's mapped center."""
    rows, columns = np.mgrid[:256, :256]
    radius = max(1.5, 1.5 * side / 128)
    dot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
    square = Square(x + dx, y + dy, side)
    view = cut(np.dstack([dot.round().astype(np.uint8)] * 3), square, RULE)[..., 0].astype(float)
    rows, columns = np.mgrid[:128, :128]
    found = np.array([(view * columns).sum(), (view * rows).sum()]) / view.sum()
    np.testing.assert_allclose(found, square.to_crop(np.array([x, y])) * 128 - 0.5, atol=0.1)


@pytest.mark.parametrize(
    "square",
    [
        Square(150, 120, 40),
        Square(150.3, 120.7, 128),
        Square(149.5, 99.5, 128.5),
        Square(160.2, 110.1, 230.7),
        Square(170.4, 100.2, 700),
        Square(5, 195, 150.25),
        Square(300, 0, 300),
        Square(150, 100, 3000),
    ],
    ids=lambda s: f"side {s.side:g}",
)
@pytest.mark.parametrize("border", [0, 90])
def test_pixels_follow_the_rule(square: Square, border: int) -> None:
    image = smooth_image(200, 300)
    rule = CropRule(border=border)
    difference = np.abs(cut(image, square, rule).astype(float) - brute_force(image, square, rule))
    # Along the image's edge the picture is not smooth, and 1/32 pixel is up to 8 grays.
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 2
    assert difference.max() <= 9


def test_shrinking_averages_rather_than_drops_pixels() -> None:
    stripes = np.zeros((1280, 1280, 3), np.uint8)
    stripes[:, ::2] = 200
    view = cut(stripes, Square(639.5, 639.5, 1280), RULE)
    assert view.min() >= 98
    assert view.max() <= 102


def test_crop_at_its_own_size_is_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    view = cut(image, Square(30 + 63.5, 40 + 63.5, 128), RULE)
    np.testing.assert_array_equal(view, image[40:168, 30:158])


def test_mirrored_image_gives_the_mirrored_crop() -> None:
    image = smooth_image(200, 300)
    square = Square(140.25, 90.5, 170)
    mirrored = Square(299 - square.x, square.y, square.side)
    view = cut(np.ascontiguousarray(image[:, ::-1]), mirrored, RULE)
    difference = np.abs(view[:, ::-1].astype(int) - cut(image, square, RULE))
    assert difference.max() <= 1


@pytest.mark.parametrize("far", [(-40_000.0, 50.0), (1e6, -1e6), (1e9, 0.0)])
def test_square_beside_the_image_is_all_border(far: tuple[float, float]) -> None:
    image = np.full((100, 100, 3), 255, np.uint8)
    view = cut(image, Square(*far, side=200), CropRule(border=7))
    assert set(np.unique(view)) == {7}


@pytest.mark.parametrize("tall", [False, True])
def test_image_beyond_opencvs_coordinates(tall: bool) -> None:
    """The same face, far along a very long image, gives the same crop."""
    small = smooth_image(100, 400)
    large = np.zeros((100, 40_000, 3), np.uint8)
    large[:, 39_000:39_400] = small
    near, far = Square(200.5, 48, 150), Square(39_200.5, 48, 150)
    small_padded = np.zeros((100, 1000, 3), np.uint8)
    small_padded[:, 100:500] = small
    expected = cut(small_padded, Square(near.x + 100, near.y, near.side), RULE)
    if tall:
        large, far = np.ascontiguousarray(large.transpose(1, 0, 2)), Square(far.y, far.x, far.side)
        np.testing.assert_allclose(cut(large, far, RULE).transpose(1, 0, 2), expected, atol=1)
    else:
        np.testing.assert_array_equal(cut(large, far, RULE), expected)


def test_sample_crop_turns() -> None:
    image = smooth_image(200, 200)
    upright = Square(99.5, 99.5, 128).matrix()
    turned = upright @ np.array([[0, -1, 1], [1, 0, 0], [0, 0, 1]])
    view = sample_crop(image, turned, 128)
    quarter = cv2.rotate(sample_crop(image, upright, 128), cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert np.abs(view.astype(int) - quarter).max() <= 1


@pytest.mark.parametrize(
    ("image", "square"),
    [
        (np.zeros((10, 10), np.uint8), Square(5, 5, 5)),
        (np.zeros((10, 10, 3), np.float32), Square(5, 5, 5)),
        (np.zeros((0, 10, 3), np.uint8), Square(5, 5, 5)),
        (np.zeros((10, 10, 3), np.uint8), Square(5, 5, 0)),
        (np.zeros((10, 10, 3), np.uint8), Square(5, 5, -3)),
        (np.zeros((10, 10, 3), np.uint8), Square(math.nan, 5, 5)),
        (np.zeros((10, 10, 3), np.uint8), Square(5, 5, math.inf)),
    ],
)
def test_cut_refuses_what_it_cannot_cut(image: np.ndarray, square: Square) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[H, W, 3\]|finite box"):
        cut(image, square, RULE)


def test_tight_box() -> None:
    assert tight_box(np.array([[3.0, 9], [1, 4], [2, 5]])) == (1, 4, 2, 5)
    for bad in (np.zeros((0, 2)), np.array([[1.0, np.nan]])):
        with pytest.raises(ValueError, match="tight box"):
            tight_box(bad)


def test_rule_survives_a_model_file() -> None:
    rule = CropRule(size=96, scale=1.25, border=3)
    assert CropRule.from_dict(rule.as_dict()) == rule


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": "many"},
        {"size": 10**9},
        {"scale": math.nan},
        {"scale": -1},
        {"scale": 10**400},
        {"size": math.inf},
        {"border": 300},
        {"sampling": "nearest"},
        {"size": None},
    ],
    ids=str,
)
def test_rule_that_cannot_be_obeyed_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="crop rule"):
        CropRule.from_dict(RULE.as_dict() | change)


def test_rule_with_a_missing_part_is_refused() -> None:
    stored = RULE.as_dict()
    del stored["scale"]
    with pytest.raises(ValueError, match="incomplete"):
        CropRule.from_dict(stored)
