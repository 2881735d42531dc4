"""Where small faces could hide, and the tiles that cover it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facekp_export.demo import demo_face, demo_photo
from facekp_export.finders.blazeface import BlazeFace
from facekp_export.finders.pyramid import Pyramid
from facekp_export.finders.registry import open_finder
from facekp_export.finders.tiles import SMALLEST_SEEN, TILE_ON_MASK, covering, hiding_places, tile_sides
from facekp_train.common.console import UserError
from facekp_train.images import read_image
from facekp_train.samples import Image


@pytest.fixture(scope="module")
def photo() -> Image:
    return read_image(demo_photo())


@pytest.fixture
def blaze() -> BlazeFace:
    try:
        return BlazeFace()
    except UserError as error:
        pytest.skip(str(error))


def strip(photo: Image, width: int, height: int, at: int) -> Image:
    """The demo photo of the strip's breadth on gray, at a place along it."""
    side = min(width, height)
    small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    image = np.full((height, width, 3), 128, np.uint8)
    x, y = (at, 0) if width > height else (0, at)
    image[y : y + side, x : x + side] = small
    return image


@pytest.mark.parametrize(("width", "height"), [(6000, 320), (256, 7680), (4000, 500)])
def test_a_face_is_found_anywhere_on_a_strip(blaze, photo, width, height):
    for share in (0.0, 0.37, 0.9):
        image = strip(photo, width, height, int(share * (max(width, height) - min(width, height))))
        assert len(blaze.find(image)) == 1, share


def test_levels_are_those_of_the_longer_side_unless_the_shorter_asks_for_more():
    assert tile_sides(1920, 1080) == pytest.approx([768, 480, 268.8])
    assert tile_sides(4000, 3000) == pytest.approx([1600, 1000, 560])
    assert tile_sides(512, 512) == pytest.approx([204.8])
    assert tile_sides(300, 200) == []
    # A face of 16 pixels fills the height of this one: no tile of 960 pixels could show it.
    assert tile_sides(2400, 16) == []
    assert min(tile_sides(6000, 320)) < 320


def test_the_smallest_face_decides_where_levels_end():
    assert tile_sides(1920, 1080, 250) == []
    assert tile_sides(1920, 1080, 249) == pytest.approx([768])
    for smallest in (5, 20, 60):
        sides = tile_sides(1920, 1080, smallest)
        assert SMALLEST_SEEN * sides[-1] <= smallest < SMALLEST_SEEN * sides[-2]


@pytest.mark.parametrize("shape", [(20, 30), (46, 300), (300, 46), (130, 230), (7, 500)])
@pytest.mark.parametrize("share", [0.001, 0.05, 1.0])
def test_tiles_show_every_place_with_room_around_it(shape, share):
    mask = (np.random.default_rng(1).random(shape) < share).astype(np.uint8)
    covered = np.zeros(shape, bool)
    room = 0.11 * TILE_ON_MASK
    tiles = list(covering(mask))
    for left, top in tiles:
        inside = []
        for start, length in ((top, shape[0]), (left, shape[1])):
            places = np.arange(length)
            # A picture's edge cuts no face of the picture.
            low = start + (room if start > 0 else 0)
            high = start + TILE_ON_MASK - (room if start + TILE_ON_MASK < length else 0)
            inside.append((places >= np.floor(low)) & (places <= high))
        covered |= inside[0][:, None] & inside[1][None]
    assert covered[mask > 0].all()
    if share == 1:
        counts = [max(1, int(np.ceil((n / TILE_ON_MASK - 1) / 0.768 - 1e-9)) + 1) for n in shape]
        assert len(tiles) == np.prod(counts)


def test_a_face_hides_in_structure_alone(photo):
    image = np.full((1080, 1920, 3), 128, np.uint8)
    image[:, :600] = 40
    small = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA)
    image[700:956, 1000:1256] = small
    mask = hiding_places(Pyramid(image), 480, [])
    x, y, width, height = (value / 2 for value in demo_face()[1])
    ratio = TILE_ON_MASK / 480
    assert mask[round((700 + y + height / 2) * ratio), round((1000 + x + width / 2) * ratio)]
    around = np.zeros_like(mask)
    around[int(700 * ratio) - 6 : int(956 * ratio) + 6, int(1000 * ratio) - 6 : int(1256 * ratio) + 6] = 1
    # An edge in one direction is no face.
    assert not (mask * (1 - around)).any()


def test_found_faces_hide_no_other_and_unsure_ones_might(photo):
    pyramid = Pyramid(photo)
    face = demo_face()[1]
    x, y = (
        round((start + side / 2) * TILE_ON_MASK / 204.8)
        for start, side in zip(face[:2], face[2:], strict=True)
    )
    free, hidden, unsure = (
        hiding_places(pyramid, 204.8, found) for found in ([], [(face, 0.9)], [(face, 0.5)])
    )
    assert free[y, x] and unsure[y, x] and not hidden[y, x]


def test_a_smaller_face_is_found_where_it_is_asked_for(blaze, photo):
    tiny = cv2.resize(photo, (100, 100), interpolation=cv2.INTER_AREA)
    image = np.full((1500, 2000, 3), 128, np.uint8)
    image[800:900, 1200:1300] = tiny
    assert blaze.find(image) == []
    blaze.smallest_face = 15
    assert len(blaze.find(image)) == 1


def test_finders_that_know_no_sizes_refuse_a_smallest_face():
    with pytest.raises(ValueError, match="smallest face"):
        open_finder("haar", smallest_face=30)
