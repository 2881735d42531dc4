"""The published ways to mark up a face, from 5 points to 106. Left means left in the image."""

from __future__ import annotations

from facekp_train.schemes import Scheme


def _flip(points: int, pairs: list[tuple[int, int]]) -> tuple[int, ...]:
    order = list(range(points))
    for a, b in pairs:
        order[a], order[b] = b, a
    return tuple(order)


def _span(first: int, last: int) -> tuple[int, ...]:
    return tuple(range(first, last + 1))


def _closed(first: int, last: int) -> tuple[int, ...]:
    return (*_span(first, last), first)


def _contours(**sizes: int) -> tuple[str, ...]:
    """Names of points that lie on contours: each contour's name and the place on it, from 0."""
    return tuple(f"{name}_{place}" for name, size in sizes.items() for place in range(size))


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

_FLIP_106 = (
    [(i, 32 - i) for i in range(16)]
    + [(33, 46), (34, 45), (35, 44), (36, 43), (37, 42), (38, 50), (39, 49), (40, 48), (41, 47)]
    + [(55 + i, 65 - i) for i in range(5)]
    + [(66 + i, 79 - i) for i in range(5)]
    + [(71, 82), (72, 81), (73, 80), (74, 83)]
    + [(84, 90), (85, 89), (86, 88), (91, 95), (92, 94)]
    + [(96, 100), (97, 99), (101, 103), (104, 105)]
)

_NAMES_21 = (
    "left_brow_outer", "left_brow_middle", "left_brow_inner",
    "right_brow_inner", "right_brow_middle", "right_brow_outer",
    "left_eye_outer", "left_eye", "left_eye_inner", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "left_nostril", "nose_tip", "right_nostril", "right_ear",
    "left_mouth_corner", "mouth", "right_mouth_corner", "chin",
)  # fmt: skip
_NAMES_29 = (
    "left_brow_outer", "right_brow_outer", "left_brow_inner", "right_brow_inner",
    "left_brow_top", "left_brow_bottom", "right_brow_top", "right_brow_bottom",
    "left_eye_outer", "right_eye_outer", "left_eye_inner", "right_eye_inner",
    "left_eye_top", "left_eye_bottom", "right_eye_top", "right_eye_bottom", "left_pupil", "right_pupil",
    "left_nostril", "right_nostril", "nose_tip", "nose_bottom", "left_mouth_corner", "right_mouth_corner",
    "upper_lip_top", "upper_lip_bottom", "lower_lip_top", "lower_lip_bottom", "chin",
)  # fmt: skip

# 68 -> 5: each of the five is the mean of these (eye centres, nose tip, mouth corners).
FIVE_OF_68 = (_span(36, 41), _span(42, 47), (30,), (48,), (54,))

PUBLISHED = (
    Scheme(
        "five",
        ("left_eye", "right_eye", "nose_tip", "left_mouth_corner", "right_mouth_corner"),
        _flip(5, [(0, 1), (3, 4)]),
        {"inter_pupil": ((0,), (1,))},
        "tight5",
        five=((0,), (1,), (2,), (3,), (4,)),
    ),
    Scheme(
        "aflw19",
        tuple(name for name in _NAMES_21 if not name.endswith("ear")),
        _flip(19, _FLIP_19),
        {},
        "tight19",
        five=((7,), (10,), (13,), (15,), (17,)),
    ),
    Scheme(
        "aflw21",
        _NAMES_21,
        _flip(21, _FLIP_21),
        {},
        "tight21",
        five=((7,), (10,), (14,), (17,), (19,)),
    ),
    Scheme(
        "cofw29",
        _NAMES_29,
        _flip(29, _FLIP_29),
        {"inter_ocular": ((8,), (9,)), "inter_pupil": ((16,), (17,))},
        "tight29",
        five=((16,), (17,), (20,), (22,), (23,)),
    ),
    Scheme(
        "ibug68",
        _contours(
            jaw=17, left_brow=5, right_brow=5, nose_bridge=4, nostrils=5,
            left_eye=6, right_eye=6, outer_lips=12, inner_lips=8,
        ),
        _flip(68, _FLIP_68),
        {
            "inter_ocular": ((36,), (45,)),
            "inter_pupil": (_span(36, 41), _span(42, 47)),
        },
        lines=(
            _span(0, 16), _span(17, 21), _span(22, 26), _span(27, 30), _span(31, 35),
            _closed(36, 41), _closed(42, 47), _closed(48, 59), _closed(60, 67),
        ),
        five=FIVE_OF_68,
    ),
    Scheme(
        "wflw98",
        (
            *_contours(
                jaw=33, left_brow=9, right_brow=9, nose_bridge=4, nostrils=5,
                left_eye=8, right_eye=8, outer_lips=12, inner_lips=8,
            ),
            "left_pupil", "right_pupil",
        ),
        _flip(98, _FLIP_98),
        {"inter_ocular": ((60,), (72,)), "inter_pupil": ((96,), (97,))},
        lines=(
            _span(0, 32), _closed(33, 41), _closed(42, 50), _span(51, 54), _span(55, 59),
            _closed(60, 67), _closed(68, 75), _closed(76, 87), _closed(88, 95),
        ),
        five=(_span(60, 67), _span(68, 75), (54,), (76,), (82,)),
    ),
    Scheme(
        "lapa106",
        (
            *_contours(jaw=33, left_brow=9, right_brow=9, nose_bridge=4, nostrils=11, left_eye=8),
            "left_eye_center",
            *_contours(right_eye=8),
            "right_eye_center",
            *_contours(outer_lips=12, inner_lips=8),
            "left_pupil", "right_pupil",
        ),
        _flip(106, _FLIP_106),
        {"inter_ocular": ((66,), (79,)), "inter_pupil": ((104,), (105,))},
        lines=(
            _span(0, 32), _closed(33, 41), _closed(42, 50), _span(51, 54), _span(55, 65),
            _closed(66, 73), _closed(75, 82), _closed(84, 95), _closed(96, 103),
        ),
        five=(_span(66, 73), _span(75, 82), (54,), (84,), (90,)),
    ),
)  # fmt: skip
"""Where two have one count, the first is the default of that count."""
