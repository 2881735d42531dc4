"""A square around a face in which its eyes lie level."""

from __future__ import annotations

import numpy as np

from facekp_train.crop import tight_box
from facekp_train.landmarks import Doubles, Floats


def level_square(points: Floats, corners: tuple[int, int], scale: float, rise: float = 0.0) -> Doubles:
    """The square around points, turned as they are.

    Args:
        points: [N, 2] in pixels.
        corners: which of them are the outer eye corners, the left one in the image first.
        scale: the square's side over the longer side of the points' box.
        rise: how far its center lies above that box's, in the latter's longer side.

    Returns:
        float64 [2, 3], from [0, 1] of the square to pixels.
    """
    right, down = points[corners[1]] - points[corners[0]]
    angle = np.arctan2(down, right)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    x, y, width, height = tight_box(points @ axes.T)
    side = max(width, height)
    center = axes.T @ (x + width / 2, y + height / 2 - rise * side)
    turn = axes.T * side * scale
    return np.column_stack([turn, center - turn @ (0.5, 0.5)])
