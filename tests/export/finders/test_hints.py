"""Places that a coarser look leaves without a hint of a face are not looked at again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facekp_export.demo import demo_photo
from facekp_export.finders.answers import FULL_RANGE, SHORT_RANGE, Glance
from facekp_export.finders.blazeface import BlazeFace, BlazeNet
from facekp_export.finders.hints import Hints, hinted
from facekp_train.crop import Square
from facekp_train.images import read_image
from facekp_train.samples import Image

VIEW = Square(99.5, 49.5, 100)


@pytest.fixture(scope="module")
def photo() -> Image:
    return read_image(demo_photo())


def test_what_is_hinted_at_or_not_seen_stays():
    mask = np.ones((10, 20), np.uint8)
    mask[0] = 0
    hints = [Hints(VIEW, np.array([[100.0, 50.0]]), 10)]
    left = hinted(mask, 200, hints, mask)
    expected = mask.copy()
    # Ten pixels of the photograph are one of the mask.
    expected[:, 4:15] = 0
    expected[4:7, 9:12] = 1
    np.testing.assert_array_equal(left, expected)
    assert not hinted(mask, 200, [Hints(VIEW, np.zeros((0, 2)), 10)], np.zeros_like(mask)).any()
    np.testing.assert_array_equal(hinted(mask, 200, [], mask), mask)


def test_squares_beyond_the_photograph_touch_nothing():
    mask = np.ones((10, 20), np.uint8)
    outside = np.array([[-30.0, 50], [250, 50], [100, -30], [100, 500]])
    assert not hinted(mask, 200, [Hints(VIEW, outside, 10)], np.zeros_like(mask)).any()


@pytest.mark.parametrize("variant", [SHORT_RANGE, FULL_RANGE])
def test_hints_lie_at_the_cells_of_the_finest_map(variant):
    anchors = variant.anchors()
    logits = np.full(len(anchors), -9, np.float32)
    stride, count = variant.cells[0]
    chosen = [0, 7 * count + count - 1, 500]
    logits[chosen] = -2
    # A coarser map hints at nothing: what it is for, this look shows.
    if len(variant.cells) > 1:
        logits[-1] = 3
    glance = Glance(variant, VIEW, logits, np.zeros((len(anchors), 4), np.float32))
    hints = glance.hints(-2.5, 1, 0.1)
    np.testing.assert_allclose(hints.places, VIEW.to_image(anchors[chosen]))
    assert hints.reach == pytest.approx(100 * stride / variant.size)
    assert (hints.seen.x, hints.seen.y, hints.seen.side) == (VIEW.x, VIEW.y, pytest.approx(80))


def test_a_large_face_alone_takes_few_looks_and_a_small_one_is_found(photo, monkeypatch):
    looks = []
    glance = BlazeNet.glance
    monkeypatch.setattr(BlazeNet, "glance", lambda *given: looks.append(0) or glance(*given))
    finder = BlazeFace()
    assert len(finder.find(photo)) == 1
    assert len(looks) < 6, "of 12 at every tile"
    image = np.tile(photo[380:, :128], (9, 15, 1))[:1080, :1920].copy()
    image[700:920, 1100:1320] = cv2.resize(photo, (220, 220), interpolation=cv2.INTER_AREA)
    assert len(finder.find(image)) == 1
