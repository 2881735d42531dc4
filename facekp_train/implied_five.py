"""The hand-placed five that keypoints of another scheme imply.

Where several keypoints stand for one of the five, their mean is not where a person puts it: a pupil
lies higher than the mean of six lid points. The difference is constant in the face's own frame, so it
is measured once (`fit_five_offset`) and kept with the net as `five_offset`; the keypoints themselves
stay in their own mark-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import Doubles, Floats, five_matrix, to_five
from facekp_train.pose import face_frame
from facekp_train.schemes import Scheme

Offset = Sequence[Sequence[float]] | NDArray[np.floating]
"""[5, 2], right and down in eye distances."""

FEWEST_PAIRS = 10
"""Faces that carry both markings, below which no offset is fitted."""

# A quarter turn from the eye axis to the axis down the face, for [right, down] columns.
_TO_DOWN = np.array([[0.0, -1.0], [1.0, 0.0]])


def five_operator(scheme: Scheme | int, offset: Offset | None = None) -> Doubles:
    """The five implied by the keypoints of a scheme, as one linear map.

    An offset in eye distances along and across the eyes is linear in the keypoints too: it is a share
    of the way from eye to eye, and of that way turned by a right angle.

    Args:
        scheme: a scheme of N points, or a count N for its default.
        offset: [5, 2], right and down in eye distances; None for none.

    Returns:
        float64 [5, 2, N, 2]: five[f, c] = sum over n, d of operator[f, c, n, d] * keypoints[n, d].

    Raises:
        ValueError: where the keypoints do not determine the five.
    """
    weights = five_matrix(scheme).astype(np.float64)
    operator = np.einsum("fn,cd->fcnd", weights, np.eye(2))
    if offset is None:
        return operator
    eyes = weights[1] - weights[0]
    right, down = np.asarray(offset, np.float64).T
    turns = np.einsum("f,cd->fcd", right, np.eye(2)) + np.einsum("f,cd->fcd", down, _TO_DOWN)
    return operator + np.einsum("fcd,n->fcnd", turns, eyes)


def implied_five(keypoints: Floats, scheme: Scheme | None = None, offset: Offset | None = None) -> Floats:
    """The five of keypoints, moved to where a hand places them.

    Args:
        keypoints: [..., N, 2].
        scheme: of the keypoints; None for the default of their count.
        offset: [5, 2], right and down in eye distances of the face's frame; None for none.

    Returns:
        [..., 5, 2] in the unit of `keypoints`; NaN where a keypoint that it takes is not finite.

    Raises:
        ValueError: where the scheme has no map to the five.
    """
    five = to_five(keypoints, scheme)
    if offset is None:
        return five
    axes, distance = face_frame(five)
    moves = np.asarray(offset, np.float64) @ axes * distance[..., None, None]
    return (five + moves).astype(five.dtype)


def without_offset(five: Floats, offset: Offset | None = None) -> Doubles:
    """Where the five that keypoints imply have to lie, so that the offset moves them to given ones.

    Args:
        five: [..., 5, 2] as a hand places them.
        offset: [5, 2], right and down in eye distances; None for none.

    Returns:
        float64 [..., 5, 2], the `five` before `implied_five` moved them.
    """
    if offset is None:
        return five.astype(np.float64)
    # In the plane an offset is the eyes' way times a complex number: x + iy with y downwards.
    shares, placed = np.asarray(offset, np.float64) @ (1, 1j), five.astype(np.float64) @ (1, 1j)
    eyes = (placed[..., 1] - placed[..., 0]) / (1 + shares[1] - shares[0])
    plain = placed - shares * eyes[..., None]
    return np.stack([plain.real, plain.imag], axis=-1)


def fit_five_offset(
    pairs: Iterable[tuple[Floats, Floats]], scheme: Scheme | None = None
) -> NDArray[np.float64]:
    """The median of hand-placed five - implied five, in the face's own frame.

    Args:
        pairs: (hand [5, 2], keypoints [N, 2]) of one face each, in one unit.
        scheme: of the keypoints; None for the default of their count.

    Returns:
        float64 [5, 2], right and down in eye distances, so that it holds for any size and tilt.

    Raises:
        ValueError: below FEWEST_PAIRS usable pairs.
    """
    shifts = []
    for hand, keypoints in pairs:
        five = to_five(keypoints, scheme)
        axes, distance = face_frame(five)
        shift = (hand - five) @ axes.T / np.where(distance > 0, distance, np.nan)
        if np.isfinite(shift).all():
            shifts.append(shift)
    if len(shifts) < FEWEST_PAIRS:
        raise ValueError(f"an offset needs {FEWEST_PAIRS} faces that carry both markings, not {len(shifts)}")
    return np.median(shifts, axis=0)
