"""Keypoints that count a photograph's width and height alike, whatever they are: faces come out stretched.

Shares of the sides do so, as per mille, and places on a square copy. A face is about as high as it is wide,
so that a wide photograph's faces are then too high by its own shape.
"""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import Doubles, five_matrix, implies_five

# Photographs of 5 to 4 and squarer tell too little.
_LEAST_SHAPE = 0.25
# Of faces from the front (the nose at most so far beside the middle, in distances of the eyes) the logarithm
# of height over width from eyes to mouth, in MTFL's 13,466 faces: sd 0.11.
_FRONTAL, _USUAL = 0.2, 0.055
# Faces may be of one person, whose own shape lies within this of others' by far.
_OWN_SHAPE, _FEWEST = 0.08, 3
# Below so many faces all of them have to be stretched somewhat, from there on that share.
_ENOUGH, _SHARE, _SOMEWHAT = 20, 0.8, 0.25


class StretchCheck:
    """Counts over one pass how much of their photographs' shape is in the shape of faces from the front."""

    def __init__(self) -> None:
        self._weights: dict[int, NDArray[np.float32] | None] = {}
        # Of each face how oblong its photograph is, and how stretched it is.
        self._seen = array("f")

    def add(self, keypoints: NDArray[np.float32], size: tuple[int, int]) -> None:
        """One more face [N, 2], on a photograph of that width and height."""
        shape = math.log(size[0] / size[1]) if min(size) > 0 else 0.0
        if abs(shape) < _LEAST_SHAPE:
            return
        stretched = _stretched(self._five(keypoints))
        if stretched is not None:
            self._seen.extend((abs(shape), math.copysign(1, shape) * stretched))

    def found(self) -> int | None:
        """How many faces say that the list's are stretched so; None where they do not, or are too few."""
        shapes, stretched = np.array(self._seen, np.float64).reshape(-1, 2).T
        if len(shapes) < _FEWEST:
            return None
        if (stretched > _SOMEWHAT * shapes).mean() < (_SHARE if len(shapes) >= _ENOUGH else 1):
            return None
        return len(shapes) if np.median(stretched - shapes / 2) > _OWN_SHAPE else None

    def _five(self, keypoints: NDArray[np.float32]) -> Doubles | None:
        points = len(keypoints)
        if points not in self._weights:
            self._weights[points] = five_matrix(points) if implies_five(points) else None
        weights = self._weights[points]
        return None if weights is None else np.asarray(weights @ keypoints, np.float64)


def _stretched(five: Doubles | None) -> float | None:
    """By how much a face [5, 2] is higher than others, as a logarithm; None where it is no frontal one."""
    if five is None or not np.isfinite(five).all():
        return None
    left, right, nose, left_mouth, right_mouth = five.tolist()
    width, slope = right[0] - left[0], right[1] - left[1]
    eyes = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    drift = (left_mouth[0] + right_mouth[0]) / 2 - eyes[0]
    height = (left_mouth[1] + right_mouth[1]) / 2 - eyes[1]
    area = width * height - slope * drift
    if width <= 0 or height <= 0 or area <= 0:
        return None
    beside = ((nose[0] - eyes[0]) * height - (nose[1] - eyes[1]) * drift) / area
    return math.log(height / width) - _USUAL if abs(beside) <= _FRONTAL else None
