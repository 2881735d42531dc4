"""Searches between tracks: at once where a face is missing, else now and then, spread over frames."""

from __future__ import annotations

import numpy as np
import pytest

from facekp_export.finders.base import FoundFace
from facekp_export.finders.blazeface import BlazeFace
from facekp_export.video.searching import Searches
from facekp_train.samples import Image

IMAGE = np.zeros((4, 6, 3), np.uint8)


class Whole:
    """Writes down that the whole was searched."""

    box_source = "tight"

    def __init__(self) -> None:
        self.searched: list[int | str] = []

    def find(self, image: Image) -> list[FoundFace]:
        self.searched.append("whole")
        return []


class Parts(Whole):
    """Writes down which part was searched."""

    parts = 3

    def find_part(self, image: Image, part: int) -> list[FoundFace]:
        self.searched.append(part)
        return []


def searched(
    finder: Whole, times: list[float], missing: tuple[int, ...] = (0,), every: float = 0.4
) -> list[int | str | None]:
    searches = Searches()
    seen: list[int | str | None] = []
    for number, seconds in enumerate(times):
        found = searches.found(finder, IMAGE, seconds, every, at_once=number in missing)
        seen.append(None if found is None else finder.searched[-1])
    return seen


def test_a_search_is_spread_over_frames_once_faces_are_followed() -> None:
    times = [0.1 * number for number in range(11)]
    assert searched(Parts(), times) == ["whole", *[None] * 3, 0, 1, 2, None, 0, 1, 2]
    assert searched(Whole(), times) == ["whole", *[None] * 3, "whole", *[None] * 3, "whole", None, None]


def test_a_lost_face_is_looked_for_at_once_everywhere() -> None:
    times = [0.1 * number for number in range(8)]
    assert searched(Parts(), times, missing=(0, 5)) == ["whole", None, None, None, 0, "whole", None, None]


@pytest.mark.parametrize("every", [0.0, 0.4])
def test_frames_far_apart_are_searched_whole(every: float) -> None:
    assert searched(Parts(), [0.0, 0.5, 1.0], every=every) == ["whole"] * 3


def test_parts_together_look_at_every_place_of_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    from facekp_export.finders import blazeface

    seen = []
    monkeypatch.setattr(blazeface, "hiding_places", lambda *_: np.ones((40, 61), np.uint8))
    monkeypatch.setattr(
        BlazeFace, "_looks_at_tiles", lambda _self, _photo, _side, mask: seen.append(mask) or []
    )
    finder = BlazeFace()
    image = np.zeros((400, 610, 3), np.uint8)
    for part in range(finder.parts):
        finder.find_part(image, part)
    by_part = np.array(seen).reshape(finder.parts, -1, 40, 61)
    assert (by_part.sum(axis=0) == 1).all()
    seen.clear()
    finder.find(image)
    assert np.array(seen).all()
