"""Where on a photograph a small face could hide, and the square tiles in which to look for it.

A net sees a face from an eighth of its view's side, so ever smaller tiles find ever smaller faces. Most
of a photograph shows none: a face has eyes and a mouth, edges in two directions at once, where sky,
walls, blur and outlines have none or one. Such structure is measured on a small gray copy, and tiles
cover only what has it. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_export.finders.pyramid import Pyramid
from facekp_train.samples import Box

Mask = NDArray[np.uint8]
"""[h, w] of a small copy of the photograph, 1 where a face of one level could have its center."""

# Shares of the longer side that the tiles of the first levels span; each further one is `_FINER` of it.
_SHARES = (0.4, 0.25, 0.14)
_FINER = 0.57
# A tile spans at least this many pixels; a smaller one would only magnify.
_SMALLEST_TILE = 160
# Down to this share of the shorter side, tiles get smaller: on a strip the longer one says nothing.
_OF_THE_SHORTER = 0.25
SMALLEST_SEEN = 0.13
"""The side of the smallest face that a net is sure to see, over its view's."""
# Neighbors overlap by the largest face that only their level sees.
_STEP = 0.768
# Pixels of a level's smallest face on the small gray copy; structure is a mean over such windows.
_FACE, _WINDOW = 6, 5
TILE_ON_MASK = _FACE / SMALLEST_SEEN
"""The side of a tile in pixels of a mask."""
# Of OpenCV's smaller eigenvalue of the structure tensor: the least of 1,200 faces of MTFL's training
# list, on which those of 6, 8 and 10 pixels were measured, has twice that.
_LEAST_STRUCTURE = 0.02**2
# Hair, hands and folds fill tiles more often than whole photographs; in trials on MTFL this threshold
# left about as many false finds as without tiles. A strip is cut into many more, and asks for more.
_TILE_THRESHOLD, _FINER_THRESHOLD = 0.7, 0.75
# A face hides no other in the middle of its box, by this share of the side.
_COVERED = 0.8
# What is less sure than this may be no face and hide one.
_SURE = 0.7


def tile_sides(width: int, height: int, smallest_face: float | None = None) -> list[float]:
    """The sides of the tiles of each level, from large to small.

    Args:
        width: of the photograph.
        height: of the photograph.
        smallest_face: in pixels, to be found for sure; None goes as far as most photographs warrant.

    Returns:
        Sides in pixels; [] where looks at the whole photograph do.
    """
    longer, shorter = max(width, height), min(width, height)
    finest = max(_SMALLEST_TILE, min(_SHARES[-1] * longer, _OF_THE_SHORTER * shorter))
    sides: list[float] = []
    larger = float(longer)
    for share in _shares():
        side = share * longer
        enough = side < finest if smallest_face is None else SMALLEST_SEEN * larger <= smallest_face
        if enough or side < 1:
            return sides
        # No face is larger than the photograph.
        if SMALLEST_SEEN * side < shorter:
            sides.append(side)
        larger = side
    return sides


def _shares() -> Iterator[float]:
    yield from _SHARES
    share = _SHARES[-1]
    while share > 0:
        share *= _FINER
        yield share


def least_score(longer: float, side: float) -> float:
    """What a face on a tile must score, by the photograph's longer side and the tile's."""
    return _TILE_THRESHOLD if side >= _SHARES[-1] * longer else _FINER_THRESHOLD


def hiding_places(photo: Pyramid, side: float, found: Sequence[tuple[Box, float]]) -> Mask:
    """Where faces that only tiles of one side can show may have their centers.

    Args:
        photo: the photograph.
        side: of the level's tiles in pixels.
        found: boxes and scores of the faces found so far, in pixels of the photograph.

    Returns:
        The mask, whose tiles have `TILE_ON_MASK` pixels.
    """
    gray = cv2.cvtColor(photo.shrunk(TILE_ON_MASK / side), cv2.COLOR_RGB2GRAY)
    structure = np.asarray(cv2.cornerMinEigenVal(gray, _WINDOW, ksize=3))
    good = (structure > _LEAST_STRUCTURE).astype(np.uint8)
    mask = np.asarray(cv2.dilate(good, np.ones((_WINDOW, _WINDOW), np.uint8)), np.uint8)
    edge = (1 - _COVERED) / 2
    for (x, y, width, height), score in found:
        if score >= _SURE:
            corners = np.array([(x + s * width, y + s * height) for s in (edge, 1 - edge)])
            shrink = (mask.shape[1] / photo.width, mask.shape[0] / photo.height)
            (left, top), (right, bottom) = np.round(corners * shrink).astype(int).clip(0)
            mask[top:bottom, left:right] = 0
    return mask


def covering(mask: Mask) -> Iterator[tuple[float, float]]:
    """Tiles so that around every place of a mask a face of the level lies inside one, in few.

    Args:
        mask: see `hiding_places`.

    Yields:
        The left and top edge of a tile in pixels of the mask.
    """
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    while len(rows):
        top, below = _tile_from(int(rows[0]), height)
        band = rows < below
        places, first = np.sort(columns[band]), 0
        while first < len(places):
            left, beyond = _tile_from(int(places[first]), width)
            yield left, top
            first = int(np.searchsorted(places, beyond))
        rows, columns = rows[~band], columns[~band]


def _tile_from(place: int, length: int) -> tuple[float, float]:
    """Where the tile begins that covers a place and as many beyond as it can, and the first it does not."""
    last = length - TILE_ON_MASK
    if last <= 0:
        return last / 2, math.inf
    room = TILE_ON_MASK * (1 - _STEP) / 2
    start = max(place - room, 0)
    return (last, math.inf) if start >= last else (start, start + TILE_ON_MASK - room)
