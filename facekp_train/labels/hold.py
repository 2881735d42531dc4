"""Keypoints held to five that a hand has placed, in their own mark-up.

The five that the held keypoints imply, moved by the constant of `facekp_train.implied_five`, are the
hand's; the keypoints that the means are made of lie where their own mark-up has them, not around the
hand's pupils.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facekp_train.implied_five import Offset, without_offset
from facekp_train.landmarks import Floats, five_matrix, to_five
from facekp_train.published_schemes import FIVE_OF_68

HELD_SCHEMES = (5, 68)
"""The schemes that `spread_matrix` knows, by their number of keypoints."""


def hold_to_five(points: Floats, five: Floats, offset: Offset | None = None) -> NDArray[np.float64]:
    """Keypoints moved so that the five they imply are the given ones.

    A similarity moves the whole face; what remains moves each eye, the nose and the mouth alone.

    Args:
        points: [N, 2].
        five: [5, 2] as a hand placed them, in the unit of `points`.
        offset: [5, 2], right and down in eye distances, from the five that keypoints of this mark-up
            imply to those that a hand places (`facekp_train.implied_five`); None for none.

    Returns:
        float64 [N, 2], of which `implied_five` with this offset gives `five`.

    Raises:
        ValueError: where a scheme of N points cannot be held.
    """
    target = without_offset(five, offset)
    moved = move_by_similarity(points, to_five(points), target)
    return moved + spread_matrix(len(points)) @ (target - to_five(moved))


def move_by_similarity(points: Floats, source: Floats, target: Floats) -> NDArray[np.float64]:
    """Points through the least-squares turn, scaling and shift from one set to another.

    Args:
        points: [..., 2].
        source: [M, 2].
        target: [M, 2], where `source` should come to lie.

    Returns:
        [..., 2].
    """
    middle, aim = source.mean(axis=0), target.mean(axis=0)
    centred, wanted = (source - middle) @ (1, 1j), (target - aim) @ (1, 1j)
    # In the plane a turn with scaling is one complex factor.
    factor = np.vdot(centred, wanted) / max(np.vdot(centred, centred).real, 1e-12)
    turned = ((points - middle) @ (1, 1j)) * factor
    return np.stack([turned.real, turned.imag], axis=-1) + aim


def spread_matrix(points: int) -> NDArray[np.float64]:
    """How far each of N points follows a move of each of the five.

    The five that the moved points imply move by exactly as much (`five_matrix @ spread` is the
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
        raise ValueError(f"labels of {points} points cannot be held to five; give a net of 5 or 68")
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
