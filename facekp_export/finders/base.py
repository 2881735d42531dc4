"""What a face finder is, and what is done with the boxes that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facekp_train.landmarks import Doubles
from facekp_train.samples import Box, Image

# Pixels: far beyond any photograph, well within float32. A NaN is not less.
_LARGEST = 1e12
# Square pixels: what a net draws may have no area at all.
_SMALLEST = 1e-9


@dataclass(frozen=True)
class FoundFace:
    """A face on a photograph.

    Attributes:
        box: x, y, width, height in pixels.
        score: 0 to 1.
    """

    box: Box
    score: float


class FaceFinder(Protocol):
    """Anything that finds faces.

    Attributes:
        box_source: names whose boxes it gives (`facekp_train.boxes`).
    """

    box_source: str

    def find(self, image: Image) -> list[FoundFace]:
        """The faces on an image.

        Args:
            image: uint8 [H, W, 3] RGB.

        Returns:
            By falling score; [] where there is none.
        """
        ...


@runtime_checkable
class FindsInParts(Protocol):
    """A finder whose search of a video's frame can be spread over several.

    Attributes:
        parts: over how many.
    """

    parts: int

    def find_part(self, image: Image, part: int) -> list[FoundFace]:
        """The faces on one part of an image; large ones wherever they are.

        Args:
            image: uint8 [H, W, 3] RGB.
            part: from 0; all of them together find what `find` does.

        Returns:
            By falling score; [] where there is none.
        """
        ...


class CallableFinder:
    """A user's own function from an image to boxes, each scored 1.

    Args:
        function: takes uint8 [H, W, 3] RGB and gives boxes x, y, width, height in pixels.
        box_source: names whose boxes they are like; `tight` for boxes around all keypoints.
    """

    def __init__(self, function: Callable[[Image], Iterable[Sequence[float]]], box_source: str) -> None:
        self.function, self.box_source = function, box_source

    def find(self, image: Image) -> list[FoundFace]:
        return [FoundFace(as_box(box), 1.0) for box in self.function(image)]


def as_box(values: Sequence[float] | NDArray[np.floating]) -> Box:
    """Four numbers as a box.

    Args:
        values: x, y, width, height.

    Returns:
        The same as Python's own numbers.

    Raises:
        ValueError: for anything but finite ones with a positive size.
    """
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


def suppressed(faces: Iterable[FoundFace]) -> list[FoundFace]:
    """Faces by falling score, without those that overlap one before them.

    Args:
        faces: in any order.

    Returns:
        Those that stay; see `overlapping`.
    """
    kept: list[FoundFace] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not overlapping(face.box, [other.box for other in kept]):
            kept.append(face)
    return kept


def overlapping(box: Box, others: Sequence[Box]) -> bool:
    """Whether a box shares more than half of the smaller one's area with another: they are one face.

    Args:
        box: x, y, width, height.
        others: boxes to compare it with; may be empty.
    """
    rows = np.reshape(others, (-1, 4))
    return bool((intersection(rows, box) > 0.5 * np.minimum(_area(rows), _area(box))).any())


def overlap(boxes: ArrayLike, box: ArrayLike) -> Doubles:
    """Intersection over union of some boxes with one.

    Args:
        boxes: [..., 4], x, y, width, height.
        box: [4].

    Returns:
        [...] in [0, 1]; a number for a single box.
    """
    shared = intersection(boxes, box)
    return shared / (_area(boxes) + _area(box) - shared).clip(_SMALLEST)


def apart(one: Box, other: Box) -> float:
    """How far the centers of two boxes lie apart, in sides of the larger."""
    return float(np.hypot(*(center_of(one) - center_of(other)))) / max(*one[2:], *other[2:])


def center_of(box: Box) -> Doubles:
    """The center of a box x, y, width, height: float64 [2]."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2])


def intersection(boxes: ArrayLike, box: ArrayLike) -> Doubles:
    """The area that some boxes share with one.

    Args:
        boxes: [..., 4], x, y, width, height in pixels.
        box: [4].

    Returns:
        [...] in square pixels.
    """
    low, size = np.split(np.asarray(boxes, np.float64), 2, axis=-1)
    other, other_size = np.split(np.asarray(box, np.float64), 2, axis=-1)
    sides = np.minimum(low + size, other + other_size) - np.maximum(low, other)
    return sides.clip(0).prod(axis=-1)


def _area(boxes: ArrayLike) -> Doubles:
    return np.asarray(boxes, np.float64)[..., 2:].prod(axis=-1)
