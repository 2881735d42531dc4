"""Where the faces on a photograph are: finders behind one small interface.

A finder has `find(image) -> list[FoundFace]` and names, as `box_source`, the mapping that brings its
boxes to the tight keypoint box (`facekp_train.boxes`). To add one, write a class with these two and
register it in `FINDERS`. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.console import UserError
from facekp_train.samples import Box

Image = NDArray[np.uint8]
# Pixels: far beyond any photograph, well within float32. A NaN is not less.
_LARGEST = 1e12


@dataclass(frozen=True)
class FoundFace:
    """A face on a photograph: its box in pixels (x, y, width, height) and a score from 0 to 1."""

    box: Box
    score: float


class FaceFinder(Protocol):
    """Anything that finds faces."""

    box_source: str

    def find(self, image: Image) -> list[FoundFace]:
        """The faces on an RGB image, uint8 [H, W, 3], by falling score; [] where there is none."""
        ...


class CallableFinder:
    """A user's own function from an RGB image to boxes (x, y, width, height), each scored 1.

    box_source names whose boxes they are like; `tight` for boxes around all keypoints.
    """

    def __init__(self, function: Callable[[Image], Iterable[Sequence[float]]], box_source: str) -> None:
        self.function, self.box_source = function, box_source

    def find(self, image: Image) -> list[FoundFace]:
        return [FoundFace(as_box(box), 1.0) for box in self.function(image)]


def as_box(values: Sequence[float] | NDArray[np.floating]) -> Box:
    """Four numbers as a Box. Raises ValueError for anything but finite ones with a positive size."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(numbers) != 4 or not np.less(np.abs(numbers), _LARGEST).all() or min(numbers[2:]) <= 0:
        raise ValueError(
            f"a face box is four finite numbers x, y, width, height of a positive size, not {values}"
        )
    x, y, width, height = numbers
    return x, y, width, height


def suppressed(found: Iterable[FoundFace]) -> list[FoundFace]:
    """Faces by falling score, without those that overlap one before them."""
    kept: list[FoundFace] = []
    for face in sorted(found, key=lambda face: -face.score):
        if not any(overlapping(face, other) for other in kept):
            kept.append(face)
    return kept


def overlapping(one: FoundFace, other: FoundFace) -> bool:
    """Whether two boxes share more than half of the smaller one's area, so that they are one face."""
    (x1, y1, w1, h1), (x2, y2, w2, h2) = one.box, other.box
    width = min(x1 + w1, x2 + w2) - max(x1, x2)
    height = min(y1 + h1, y2 + h2) - max(y1, y2)
    return max(width, 0) * max(height, 0) > 0.5 * min(w1 * h1, w2 * h2)


def _blazeface(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import BlazeFace

    return BlazeFace(threads=threads)


def _blazeface_fast(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import BlazeNetFaces

    return BlazeNetFaces(threads=threads)


def _blazeface_full(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import FULL_RANGE, BlazeNetFaces

    return BlazeNetFaces(FULL_RANGE, threads)


def _haar(threads: int) -> FaceFinder:  # noqa: ARG001 (the cascade has no say in its threads)
    from facekp_export.finders.haar import HaarFaces

    return HaarFaces()


FINDERS: dict[str, Callable[[int], FaceFinder]] = {
    "blazeface": _blazeface,
    "blazeface-fast": _blazeface_fast,
    "blazeface-full": _blazeface_full,
    "haar": _haar,
}
"""By name: what opens a finder with that many threads."""


def open_finder(name: str, threads: int = 1) -> FaceFinder:
    """A finder by name. Raises ValueError for an unknown one, UserError where its files are missing."""
    try:
        opener = FINDERS[name]
    except KeyError:
        raise ValueError(f"no face finder is called '{name}'; there are {', '.join(FINDERS)}") from None
    return opener(threads)


def default_finder(threads: int = 1, say: Callable[[str], None] | None = None) -> FaceFinder:
    """BlazeFace, or the cascade where BlazeFace's files are missing; `say` is then told so.

    Without `say` the message is a Python warning.
    """
    try:
        return open_finder("blazeface", threads)
    except UserError as error:
        message = f"{error}; until then OpenCV's cascade looks for faces, which misses turned and tilted ones"
        (say or _warn)(message)
        return open_finder("haar", threads)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
