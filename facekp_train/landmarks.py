"""Landmark schemes: how many keypoints, how they mirror, what their errors are divided by.

Coordinates everywhere in this project are pixels that count from 0; an integer is a pixel's centre.
Imports neither torch nor tensorflow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]

# A normaliser is a distance between two points, each the mean of some keypoints.
Ends = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Scheme:
    """One published way to mark up a face.

    `flip[i]` is the keypoint that takes place i in the mirrored image. `normalisers` maps a
    normaliser's name to the keypoints at its two ends; `box` and `face_box` (the root of a box's
    area) hang on no keypoint and are not listed. `lines` are the contours to draw, as (first, last,
    closed) runs.
    """

    name: str
    points: int
    flip: tuple[int, ...]
    normalisers: dict[str, Ends]
    box_source: str
    lines: tuple[tuple[int, int, bool], ...] = field(default=())

    @property
    def primary(self) -> str:
        """The normaliser of failure rate, AUC and the tables: inter-ocular where there is one."""
        return next(iter(self.normalisers), "box")


def _flip(points: int, pairs: list[tuple[int, int]]) -> tuple[int, ...]:
    order = list(range(points))
    for a, b in pairs:
        order[a], order[b] = b, a
    return tuple(order)


def _span(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


_FLIP_68 = (
    [(i, 16 - i) for i in range(8)]
    + [(17 + i, 26 - i) for i in range(5)]
    + [(31, 35), (32, 34)]
    + [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)]
    + [(48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]
)
_FLIP_98 = (
    [(i, 32 - i) for i in range(16)]
    + [(33, 46), (34, 45), (35, 44), (36, 43), (37, 42), (38, 50), (39, 49), (40, 48), (41, 47)]
    + [(55, 59), (56, 58)]
    + [(60, 72), (61, 71), (62, 70), (63, 69), (64, 68), (65, 75), (66, 74), (67, 73)]
    + [(76, 82), (77, 81), (78, 80), (83, 87), (84, 86), (88, 92), (89, 91), (93, 95)]
    + [(96, 97)]
)
_FLIP_29 = [
    (0, 1), (2, 3), (4, 6), (5, 7), (8, 9), (10, 11), (12, 14), (13, 15),
    (16, 17), (18, 19), (22, 23),
]  # fmt: skip
_FLIP_21 = [(0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9), (12, 16), (13, 15), (17, 19)]
_FLIP_19 = [(0, 5), (1, 4), (2, 3), (6, 11), (7, 10), (8, 9), (12, 14), (15, 17)]

_ALL = (
    Scheme(
        "five",
        5,
        _flip(5, [(0, 1), (3, 4)]),
        {"inter_pupil": ((0,), (1,))},
        "tight5",
    ),
    Scheme("aflw19", 19, _flip(19, _FLIP_19), {}, "tight19"),
    Scheme("aflw21", 21, _flip(21, _FLIP_21), {}, "tight21"),
    Scheme(
        "cofw29",
        29,
        _flip(29, _FLIP_29),
        {"inter_ocular": ((8,), (9,)), "inter_pupil": ((16,), (17,))},
        "tight29",
    ),
    Scheme(
        "ibug68",
        68,
        _flip(68, _FLIP_68),
        {
            "inter_ocular": ((36,), (45,)),
            "inter_pupil": (_span(36, 41), _span(42, 47)),
        },
        "tight",
        lines=(
            (0, 16, False), (17, 21, False), (22, 26, False), (27, 30, False), (31, 35, False),
            (36, 41, True), (42, 47, True), (48, 59, True), (60, 67, True),
        ),
    ),
    Scheme(
        "wflw98",
        98,
        _flip(98, _FLIP_98),
        {"inter_ocular": ((60,), (72,)), "inter_pupil": ((96,), (97,))},
        "tight",
        lines=(
            (0, 32, False), (33, 41, True), (42, 50, True), (51, 54, False), (55, 59, False),
            (60, 67, True), (68, 75, True), (76, 87, True), (88, 95, True),
        ),
    ),
)  # fmt: skip

SCHEMES: dict[int, Scheme] = {scheme.points: scheme for scheme in _ALL}


def scheme_of(points: int) -> Scheme:
    """The scheme with that many keypoints. Raises ValueError naming those that exist."""
    try:
        return SCHEMES[points]
    except KeyError:
        known = ", ".join(str(n) for n in SCHEMES)
        raise ValueError(f"no landmark scheme has {points} points; there are {known}") from None


def flip_keypoints(keypoints: Floats, mirror: float = 1.0) -> Floats:
    """Keypoints [..., N, 2] of the mirrored picture: x becomes `mirror - x`, sides change places.

    `mirror` is 1 for coordinates in [0, 1] of a crop, width - 1 for pixels of an image.
    """
    order = list(scheme_of(keypoints.shape[-2]).flip)
    flipped = keypoints[..., order, :].copy()
    flipped[..., 0] = mirror - flipped[..., 0]
    return flipped


# 68 -> 5: each of the five is the mean of these (eye centres, nose tip, mouth corners).
FIVE_OF_68: tuple[tuple[int, ...], ...] = (_span(36, 41), _span(42, 47), (30,), (48,), (54,))


_FIVE_OF: dict[int, tuple[tuple[int, ...], ...]] = {
    5: ((0,), (1,), (2,), (3,), (4,)),
    19: ((7,), (10,), (13,), (15,), (17,)),
    21: ((7,), (10,), (14,), (17,), (19,)),
    29: ((16,), (17,), (20,), (22,), (23,)),
    68: FIVE_OF_68,
    98: (_span(60, 67), _span(68, 75), (54,), (76,), (82,)),
}


def implies_five(points: int) -> bool:
    """Whether a scheme's keypoints determine the five."""
    return points in _FIVE_OF


def five_matrix(points: int) -> NDArray[np.float32]:
    """[5, N] weights that turn a scheme's N keypoints into the five. ValueError where unknown."""
    if not implies_five(points):
        known = ", ".join(str(n) for n in _FIVE_OF)
        raise ValueError(f"no map from {points} keypoints to five is known; use data with one of {known}")
    weights = np.zeros((5, points), np.float32)
    for row, group in zip(weights, _FIVE_OF[points], strict=True):
        row[list(group)] = 1 / len(group)
    return weights


def five_of(keypoints: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """The five [F, 5, 2] of keypoints [F, N, 2], and for which faces [F] all that they need is known.

    No face is, for schemes without a map to the five.
    """
    if not implies_five(keypoints.shape[1]):
        return np.zeros((len(keypoints), 5, 2), np.float32), np.zeros(len(keypoints), bool)
    weights = five_matrix(keypoints.shape[1])
    needed = weights.any(axis=0)
    return np.einsum("fn,bnc->bfc", weights, keypoints), known[:, needed].all(axis=1)


def to_five(keypoints: Floats) -> Floats:
    """Keypoints [..., N, 2] -> the five [..., 5, 2]: left eye, right eye, nose tip, mouth corners.

    One of the five is NaN where a keypoint that it is made of is.
    """
    weights = five_matrix(keypoints.shape[-2])
    unknown = ~np.isfinite(keypoints).all(axis=-1, keepdims=True)
    five = np.einsum("fn,...nc->...fc", weights, np.where(unknown, 0, keypoints))
    return np.where(np.einsum("fn,...nc->...fc", weights, unknown) > 0, np.nan, five)
