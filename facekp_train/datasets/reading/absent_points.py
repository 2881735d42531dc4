"""Which keypoints of a face stand for none: placeholders, several at one place, numbers far off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Lists write -1 -1 or 0 0 for a point that was not placed; here they may count one less, as from pixel 1.
_PLACEHOLDERS = (-2.0, -1.0, 0.0)
# So many keypoints at exactly one place stand for that, wherever it is, if they are such a share of the
# face: of small ones in whole pixels some coincide. Beside the face any share does.
_SEVERAL, _SHARE = 3, 0.25
# As far beside the others' box as a part of its side.
_BESIDE = 0.5

Absent = NDArray[np.bool_]
"""bool [N]: which keypoints are none."""


def not_placed(keypoints: NDArray[np.float32]) -> Absent | None:
    """Exact placeholders, and several keypoints at one place; real points may lie outside the picture.

    Args:
        keypoints: [N, 2] in pixels from 0, NaN where not known.

    Returns:
        Which are none; None where all are some, as of nearly every face.
    """
    x, y = keypoints.T
    absent = (x == y) & np.isin(x, _PLACEHOLDERS)
    if len(set(map(tuple, keypoints.tolist()))) < len(keypoints):
        absent |= _crowded(keypoints)
    return absent if absent.any() else None


def far_off(keypoints: NDArray[np.float32], size: tuple[int, int]) -> Absent:
    """Numbers such as -999: farther outside the photograph than it is wide or high.

    Args:
        keypoints: [N, 2] in its pixels.
        size: its width and height.

    Returns:
        Which are none.
    """
    side = np.array(size)
    return np.asarray(((keypoints < -side) | (keypoints > 2 * side)).any(axis=1))


def _crowded(keypoints: NDArray[np.float32]) -> Absent:
    """Which share their exact place with too many others, but not with all."""
    places = keypoints[:, 0] + 1j * keypoints[:, 1]
    known = np.isfinite(places)
    _, which, counts = np.unique(places, return_inverse=True, return_counts=True)
    shared = np.where(known, counts[which], 0)
    several = (shared >= _SEVERAL) & (shared < known.sum())
    crowded = several & (shared >= _SHARE * len(places))
    others = keypoints[known & ~several]
    if several.any() and len(others):
        low, high = others.min(axis=0), others.max(axis=0)
        room = _BESIDE * (high - low).max()
        crowded |= several & ((keypoints < low - room) | (keypoints > high + room)).any(axis=1)
    return np.asarray(crowded)
