"""What a face finder is, and what is done with the boxes that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facekp_train.samples import Box, Image

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


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
