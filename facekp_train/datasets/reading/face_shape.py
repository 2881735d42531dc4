"""Whether keypoints lie as those of a face do, told without the photograph.

Seen from far away every face is an affine picture of one solid, whatever its turn; expression and build
add little to that. So eight places of it (five where a scheme has no more) tell a face from other points,
and which way round the solid is seen tells left from right, in a profile by little and then by nothing.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import SCHEMES, Doubles, Floats, five_matrix, implies_five


class Reading(Enum):
    """How the keypoints of one face lie."""

    UNCLEAR = "a point is not known, or a profile shows no side"
    RIGHT = "as they should"
    SIDEWAYS = "the face lies on its side"
    MIRRORED = "left and right are exchanged"
    TRANSPOSED = "x and y are exchanged"
    FLIPPED = "the mouth is above the eyes, left and right are not exchanged"
    TURNED = "the face stands on its head"
    NO_FACE = "no view of a face looks so, or they lie on a line"


# The places of the solid: eyes, nose tip, mouth corners, middles of the brows, chin. Up to an affine map,
# by factorization of 8,814 photographs (MTFL's training list, 68 points placed by machine).
_SOLID = np.array(
    [
        [0.237, 0.399, -0.159],
        [0.237, -0.399, -0.159],
        [-0.027, 0.0, 0.917],
        [-0.275, 0.361, -0.224],
        [-0.275, -0.361, -0.224],
        [0.384, 0.459, -0.058],
        [0.384, -0.459, -0.058],
        [-0.664, 0.0, -0.033],
    ]
)
# Share of the points' variance that no view of the solid explains, of eight places and of five. Of those
# faces it was 0.028 at most; of random points it is below 0.05 once in a hundred.
_UNEXPLAINED, _UNEXPLAINED_OF_FIVE = 0.05, 0.07
# Five points fit nearly always. Where the nose lies, from the eyes' middle to the mouth's, and how far
# beside that way; all but 1 in 2,000 of MTFL's 13,466 faces lie within.
_NOSE_BESIDE = 0.6
# How little the five may spread across the way along which they spread most; 0.39 in 25,464 real faces of
# every turn is least. On a line lie a column that was read twice, and shares beside pixels.
_FLATTEST = 0.05
# How clearly a side is seen: 0.67 at least in those faces, 0 in a full profile.
_CLEAR = 0.3


def readings(keypoints: Floats) -> list[Reading]:
    """How the keypoints of each face lie.

    Args:
        keypoints: [F, N, 2] in pixels, NaN where not known, of the default scheme of their count.

    Returns:
        F readings, all unclear for a count without a scheme that implies the five.
    """
    points = keypoints.shape[1]
    if not implies_five(points):
        return [Reading.UNCLEAR] * len(keypoints)
    places = np.einsum("pn,fnc->fpc", _places(points), np.nan_to_num(keypoints))
    known = _known(keypoints)
    five, whole = known[:, :5].all(axis=1), known.all(axis=1) & (known.shape[1] > 5)
    with np.errstate(invalid="ignore", divide="ignore"):
        side, down, unlike = _five(places[:, :5])
        unlike = np.where(whole, _unexplained(places) > _UNEXPLAINED, unlike)
    flat = _flat(places[:, :5])
    unlike |= flat
    clear = five & (flat | (np.isfinite(side) & (unlike | (np.abs(side) > _CLEAR))))
    return [
        _one(*each) if is_clear else Reading.UNCLEAR
        for is_clear, *each in zip(clear, side, down, unlike, strict=True)
    ]


def _one(side: float, down: Doubles, unlike: bool) -> Reading:
    if unlike:
        return Reading.NO_FACE
    x, y = down
    if abs(x) > abs(y):
        return Reading.SIDEWAYS if side > 0 else Reading.TRANSPOSED
    if y > 0:
        return Reading.RIGHT if side > 0 else Reading.MIRRORED
    return Reading.TURNED if side > 0 else Reading.FLIPPED


def _five(five: Doubles) -> tuple[Doubles, Doubles, NDArray[np.bool_]]:
    """Of faces [F, 5, 2]: the side that is seen, the way from eyes to mouth, whether the nose is none."""
    eyes, mouth = five[:, :2].mean(axis=1), five[:, 3:].mean(axis=1)
    down, nose = mouth - eyes, five[:, 2] - eyes
    across = five[:, 1] - five[:, 0] + five[:, 4] - five[:, 3]
    length = (down**2).sum(axis=1)
    along, beside = (nose * down).sum(axis=1) / length, _cross(down, nose) / length
    unlike = (along < 0) | (along > 1) | (np.abs(beside) > _NOSE_BESIDE)
    return _cross(across, down) / length, down, unlike | (_unexplained(five) > _UNEXPLAINED_OF_FIVE)


def _flat(five: Doubles) -> NDArray[np.bool_]:
    """[F] of faces [F, 5, 2]: whether they lie on a line, or nearly; all of them at one place do."""
    centered = five - five.mean(axis=1, keepdims=True)
    spread = np.linalg.svd(centered, compute_uv=False)
    return np.asarray(spread[:, 1] <= _FLATTEST * spread[:, 0])


def _cross(a: Doubles, b: Doubles) -> Doubles:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _unexplained(places: Doubles) -> Doubles:
    """[F] of places [F, P, 2]: the share of their variance that no affine view of the solid has."""
    views = np.linalg.qr(np.column_stack([np.ones(places.shape[1]), _SOLID[: places.shape[1]]]))[0]
    centered = places - places.mean(axis=1, keepdims=True)
    left = centered - np.einsum("pk,qk,fqc->fpc", views, views, centered)
    return (left**2).sum(axis=(1, 2)) / (centered**2).sum(axis=(1, 2))


def _places(points: int) -> Doubles:
    """[P, N] weights: the solid's places as means of keypoints, five of them or all eight."""
    scheme = SCHEMES[points]
    brows = [
        [i for i, name in enumerate(scheme.names) if name.startswith(brow)]
        for brow in ("left_brow", "right_brow")
    ]
    jaw = [i for i, name in enumerate(scheme.names) if name.startswith(("jaw", "chin"))]
    rows = [five_matrix(scheme).astype(np.float64)]
    if all(brows) and jaw:
        for group in (*brows, [jaw[len(jaw) // 2]]):
            row = np.zeros((1, scheme.points))
            row[0, group] = 1 / len(group)
            rows.append(row)
    return np.concatenate(rows)


def _known(keypoints: Floats) -> NDArray[np.bool_]:
    """bool [F, P]: whether all keypoints of a place are known."""
    unknown = ~np.isfinite(keypoints).all(axis=2)
    return np.einsum("pn,fn->fp", _places(keypoints.shape[1]) != 0, unknown) == 0
