"""Answers of several systems made one shape: constant differences go, then a mean by groups.

Each system places each point in its own way. The constant part of the difference, in the face's own
frame, is fitted over many faces and taken away, so that only what is wrong on a face is averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facekp_train.face_parts import PARTS, parts_of
from facekp_train.landmarks import Doubles, Floats, scheme_of, to_five
from facekp_train.pose import face_frame

POINTS = 68
"""Only answers of this many points are fused."""
GROUPS: dict[str, slice] = {
    part: slice(places[0], places[-1] + 1)
    for part, places in parts_of(scheme_of(POINTS)).items()
    if part in PARTS
}
"""Points of the 300W mark-up by the part of the face that they outline."""
FEWEST_FACES = 10
"""Below so many faces no constant difference is fitted."""
AGREEMENT = 0.06
"""How far a group of points may lie from the others' on average, share of the outer eye corners' distance."""

_OUTER_CORNERS = [36, 45]


def point_offset(answers: Floats, reference: Floats) -> Doubles:
    """The constant way from a system's points to the reference's: the median over faces.

    Args:
        answers: [F, N, 2], NaN where a face has none.
        reference: [F, N, 2] of the same faces, in the same unit; NaN likewise.

    Returns:
        float64 [N, 2], right and down in eye distances of the frame that the answers' own five span; 0
        for a point that fewer than FEWEST_FACES faces tell of.
    """
    axes, distance = face_frame(to_five(answers))
    ways = np.einsum("fnc,fdc->fnd", reference - answers, axes)
    ways /= np.where(distance > 0, distance, np.nan)[:, None, None]
    told = np.isfinite(ways).all(axis=2).sum(axis=0) >= FEWEST_FACES
    offset = np.zeros(answers.shape[1:])
    offset[told] = np.nanmedian(ways[:, told], axis=0)
    return offset


def moved(answers: Floats, offset: Floats) -> Doubles:
    """Answers with a constant added in each face's own frame.

    Args:
        answers: [F, N, 2].
        offset: [N, 2] as `point_offset` gives it.

    Returns:
        float64 [F, N, 2] in the unit of `answers`.
    """
    axes, distance = face_frame(to_five(answers))
    return answers + np.einsum("nd,fdc->fnc", offset, axes) * distance[:, None, None]


@dataclass(frozen=True)
class Fusion:
    """One shape for each face.

    Attributes:
        points: float64 [F, 68, 2]; NaN where no system has an answer.
        counted: bool [S, F, groups], whether each system's group was heard, in the order of GROUPS.
    """

    points: Doubles
    counted: NDArray[np.bool_]


def fuse(answers: Sequence[Floats], agreeing: Sequence[bool]) -> Fusion:
    """The mean of those that are heard, for each group of points alone.

    Args:
        answers: of each system, [F, 68, 2] without constant differences; NaN for what it has no say in.
        agreeing: whether a system is heard only where its group lies within AGREEMENT of the mean of the
            systems that always are.

    Returns:
        One shape for each face.
    """
    stacked = np.array(answers, np.float64)
    always = _mean(stacked[[not only for only in agreeing]])
    corners = always[:, _OUTER_CORNERS]
    reach = AGREEMENT * np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    counted = np.zeros((len(stacked), stacked.shape[1], len(GROUPS)), bool)
    for place, group in enumerate(GROUPS.values()):
        for system, only in enumerate(agreeing):
            said = stacked[system, :, group]
            heard = np.isfinite(said).all(axis=(1, 2))
            if only:
                heard &= np.linalg.norm(said - always[:, group], axis=2).mean(axis=1) <= reach
            counted[system, :, place] = heard
            stacked[system, ~heard, group] = np.nan
    return Fusion(_mean(stacked), counted)


def _mean(stacked: Doubles) -> Doubles:
    """Over the first axis, of what is there; NaN where nothing is, without numpy's warning."""
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    return np.where(known, stacked, 0).sum(axis=0) / np.where(count > 0, count, np.nan)
