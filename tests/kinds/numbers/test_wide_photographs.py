"""Kind: faces in panoramas and strips, that are small against the longer side alone, are found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from facekp_export.finders.blazeface import BlazeFace
from facekp_export.finders.tiles import tile_sides
from tests.support.pictures.moving_faces import scene


@pytest.fixture(scope="module")
def finder() -> BlazeFace:
    return BlazeFace()


@pytest.mark.parametrize(
    ("size", "places"),
    [
        ((320, 6000), [400, 1150, 1900, 2650, 3400, 4150, 4900, 5650]),
        ((200, 3000), [333, 1500, 2888]),
        ((256, 7680), [5000]),
    ],
)
@pytest.mark.parametrize("tall", [False, True])
def test_every_face_of_a_strip_is_found(
    finder: BlazeFace, size: tuple[int, int], places: list[int], tall: bool
) -> None:
    if tall:  # upright faces, one below the other
        strip = scene(*((size[0] / 2, place) for place in places), size=(size[1], size[0]))
    else:
        strip = scene(*((place, size[0] / 2) for place in places), size=size)
    found = [face.box for face in finder.find(strip)]
    along = sorted((y + h / 2 if tall else x + w / 2) for x, y, w, h in found)
    assert len(along) == len(places)
    assert np.abs(np.subtract(along, places)).max() < 25
    assert all(after - before > 100 for before, after in pairwise(along))


@pytest.mark.parametrize("size", [(512, 512), (480, 640), (1080, 1920), (300, 400)])
def test_photographs_of_usual_shapes_are_searched_as_before(size: tuple[int, int]) -> None:
    height, width = size
    assert {round(side / max(size), 3) for side in tile_sides(width, height)} <= {0.4, 0.25, 0.14}
