"""What every data set yields: one annotated face. Imports neither torch nor tensorflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import Floats

Image = NDArray[np.uint8]
"""A picture, uint8 [H, W, 3] RGB."""

Crops = NDArray[np.uint8]
"""uint8 [B, S, S, 3] RGB."""

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels; x, y is the top-left corner."""

Predict = Callable[[Crops], Floats]
"""Crops -> keypoints [B, N, 2] in [0, 1] of the crop."""


@dataclass(frozen=True)
class FaceSample:
    """One face of one photograph.

    Attributes:
        image: the photograph's path, which may lead into a file that holds many (`facekp_train.images`).
        keypoints: float32 [N, 2], pixels from 0, x then y.
        visible: bool [N]; False where the annotator said hidden.
        box: where a detector (or the list) saw the face, None where the data set has no boxes.
        box_source: names who made the box (`facekp_train.boxes`).
        attributes: further facts of the list, such as MTFL's pose.
        stated_size: width and height that the list states of the photograph, where it does.
    """

    image: Path
    keypoints: NDArray[np.float32]
    visible: NDArray[np.bool_]
    box: Box | None = None
    box_source: str = "tight"
    attributes: dict[str, str] = field(default_factory=dict)
    stated_size: tuple[int, int] | None = None

    @cached_property
    def known(self) -> NDArray[np.float32]:
        """The keypoints that are placed, float32 [K, 2]."""
        placed = np.isfinite(self.keypoints)
        return self.keypoints if placed.all() else self.keypoints[placed.all(axis=1)]


def evenly(size: int, count: int) -> NDArray[np.int64]:
    """Places spread over a list from first to last, since a list's parts may differ in kind.

    Args:
        size: the list's length.
        count: how many places, at most all.

    Returns:
        int64, ascending, within 0 to size - 1.
    """
    return np.linspace(0, size - 1, min(count, size)).astype(np.int64)
