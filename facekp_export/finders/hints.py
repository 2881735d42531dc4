"""Which places a coarser look leaves without a hint of a face, so that no finer one needs to look there.

A net sees a face that is too small for it as little more than nothing, yet as more than nothing: its
logits around it are higher than elsewhere. Such hints cost no look of their own. Imports neither torch
nor tensorflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facekp_export.finders.tiles import Mask
from facekp_train.crop import Square
from facekp_train.landmarks import Doubles


@dataclass(frozen=True)
class Hints:
    """What a look says of faces that it cannot show.

    Attributes:
        seen: the part of the photograph that it speaks of, in pixels.
        places: [K, 2], where in the photograph a face may be.
        reach: how far around a place, in pixels.
    """

    seen: Square
    places: Doubles
    reach: float


def hinted(mask: Mask, width: int, hints: Sequence[Hints], unseen: Mask) -> Mask:
    """The places of a mask that a look hints at, or of which none speaks.

    Args:
        mask: see `tiles.hiding_places`.
        width: of the photograph in pixels.
        hints: of looks that are coarser.
        unseen: what stays of the mask where no look speaks of it; the mask itself for everything.

    Returns:
        A mask of the same shape.
    """
    ratio = mask.shape[1] / width
    near = [(place, hint.reach) for hint in hints for place in hint.places]
    seen = [((hint.seen.x, hint.seen.y), hint.seen.side / 2) for hint in hints]
    return mask & (_touched(mask, ratio, near) | (unseen & (1 - _touched(mask, ratio, seen))))


def _touched(mask: Mask, ratio: float, squares: Sequence[tuple[Sequence[float] | Doubles, float]]) -> Mask:
    """1 in every pixel of a mask that one of some squares of the photograph touches; center, half a side."""
    centers = np.array([center for center, _ in squares]).reshape(-1, 2)
    reach = np.array([half for _, half in squares])[:, None]
    largest = mask.shape[::-1]
    left, top = (ratio * (centers - reach)).clip(0, largest).astype(int).T
    right, bottom = np.floor(ratio * (centers + reach) + 1).clip(0, largest).astype(int).T
    # Each corner's share of a sum over all that lies above and to the left of a pixel.
    change = np.zeros(np.add(mask.shape, 1), np.int32)
    for rows, columns, sign in ((top, left, 1), (top, right, -1), (bottom, left, -1), (bottom, right, 1)):
        np.add.at(change, (rows, columns), sign)
    return (change.cumsum(0).cumsum(1)[:-1, :-1] > 0).astype(np.uint8)
