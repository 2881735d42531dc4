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

from facekp_train.landmarks import Floats, five_matrix, to_five
from facekp_train.pose import face_frame
from facekp_train.published_schemes import FIVE_OF_68

SCHEMES_WITH_OFFSET = (5, 68)
"""The schemes that `spread_matrix` knows."""


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


def spread_matrix(points: int) -> NDArray[np.float64]:
    """How far each of N points follows a move of each of the five.

    The five derived from the moved points move by exactly the offset (`five_matrix @ spread` is the
    identity). Both eyes' outlines follow whole; the bridge follows the nose tip the more the nearer it
    is, the lips follow the corners by their place between them; jaw, brows and nostrils stay.

    Args:
        points: the number N.

    Returns:
        float64 [N, 5].

    Raises:
        ValueError: where a scheme has no such map yet.
    """
    if points == 5:
        return np.eye(5)
    if points != 68:
        raise ValueError(f"no label offset is known for {points} points; set fit_offset=false")
    spread = np.zeros((68, 5))
    for five, group in enumerate(FIVE_OF_68[:2]):
        spread[list(group), five] = 1
    spread[27:31, 2] = (0, 1 / 3, 2 / 3, 1)
    # Place of each lip point between the corners: outer lip upper and lower, then inner lip.
    upper, lower = np.linspace(0, 1, 7), np.linspace(1, 0, 7)[1:6]
    inner_upper, inner_lower = np.linspace(0.1, 0.9, 5), np.linspace(0.9, 0.1, 5)[1:4]
    right = np.concatenate([upper, lower, inner_upper, inner_lower])
    spread[48:68, 3], spread[48:68, 4] = 1 - right, right
    assert np.allclose(five_matrix(68) @ spread, np.eye(5), atol=1e-6)
    return spread
