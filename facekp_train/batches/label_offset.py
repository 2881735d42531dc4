"""The constant difference between two ways of placing the same points.

Labels of many points, often placed by a machine, disagree with hand-placed five points by a
constant: an eye's center as the mean of six lid points is not where a person puts the pupil. A
net that learns from both is pulled two ways unless the difference is measured first and the
many-point labels are moved onto the hand-placed ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from facekp_train.labels.hold import spread_matrix
from facekp_train.landmarks import Floats, to_five
from facekp_train.pose import face_frame


def fit_label_offset(pairs: Iterable[tuple[Floats, Floats]]) -> NDArray[np.float64]:
    """The median of hand-placed five - derived five.

    Args:
        pairs: (hand [5, 2], points [N, 2]) of one face each, in one unit.

    Returns:
        float64 [5, 2] in units of the eye distance, in the face's own frame, so that it holds for any
        size and tilt.

    Raises:
        ValueError: below ten pairs.
    """
    shifts = []
    for hand, points in pairs:
        axes, distance = face_frame(hand)
        if distance > 0:
            shifts.append((hand - to_five(points)) @ axes.T / distance)
    if len(shifts) < 10:
        raise ValueError(f"a label offset needs ten faces that carry both markings, not {len(shifts)}")
    return np.median(shifts, axis=0)


def apply_label_offset(points: Floats, offset: Floats) -> NDArray[np.float32]:
    """Many-point labels moved so that the five they imply follow an offset.

    Args:
        points: [N, 2].
        offset: [5, 2], as `fit_label_offset` gives it.

    Returns:
        float32 [N, 2].
    """
    axes, distance = face_frame(to_five(points))
    moves = spread_matrix(len(points)) @ (offset * distance) @ axes
    return (points + moves).astype(np.float32)
