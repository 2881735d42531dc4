"""How far keypoints are to be believed: 0 to 1, from how much a face's answers lie apart.

Looks that differ in crop or are mirrored agree on a clear face and scatter on a hard one
(docs/results/detection.md has how well that ranks errors). Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from facekp_train.crop import CropRule, cut
from facekp_train.landmarks import Floats
from facekp_train.samples import Box, Image

DEFAULT_SCALE = 0.015
"""For files that hold none: the shipped models', refined once, on MTFL's training list."""
GOOD_BELOW = 5.0
"""NME, in percent, below which keypoints count as good; confidence is the chance of that."""
FEWEST_FACES = 100
"""Labelled faces below which no scale is fitted."""

# The log-odds' slope in the log of the scatter; 2.4 to 4.4 over the shipped models and their ways.
_STEEPNESS = 3
_WIDEST = 1e6
# Gray levels, standard deviation over 16 x 16 patches: nets fail below 3, and faces have 17 or more.
_CONTRAST, _PATCHES = 5.0, 16


def confidence_of(scatter: float, scale: float | None = None) -> float:
    """The chance that keypoints are good, by how far their answers lie apart.

    Args:
        scatter: as `scatter_of` gives it; anything that is no number counts as infinite.
        scale: the scatter at which the chance is one half; None for `DEFAULT_SCALE`.

    Returns:
        1 / (1 + (scatter / scale)^3), 0 to 1.
    """
    ratio = scatter / (scale or DEFAULT_SCALE)
    return 1 / (1 + ratio**_STEEPNESS) if ratio < _WIDEST else 0.0


def scatter_at(confidence: float, scale: float | None = None) -> float:
    """The scatter that has this confidence; infinite for 0."""
    ratio = (1 / confidence - 1) ** (1 / _STEEPNESS) if confidence > 0 else math.inf
    return ratio * (scale or DEFAULT_SCALE)


def scatter_of(answers: Floats, box: Box) -> float:
    """How far the answers for one face lie apart.

    Args:
        answers: [A, N, 2] in pixels, two answers or more.
        box: the tight box of the last one, x, y, width, height.

    Returns:
        Their mean distance from their mean, over the box's side, times sqrt(A / (A - 1)), so that two
        answers and four of the same spread give the same on average.
    """
    points = np.asarray(answers, np.float64)
    count = len(points)
    apart = np.hypot(*np.moveaxis(points - points.mean(axis=0), -1, 0)).mean()
    return float(apart) / max(box[2:]) * math.sqrt(count / (count - 1))


def texture_of(image: Image, box: Box, rule: CropRule) -> float:
    """How much there is to see in a crop: 0 for a flat one, 1 for any face in ordinary light.

    Args:
        image: uint8 [H, W, 3].
        box: the tight box that the crop is around.
        rule: how it is cut.

    Returns:
        The standard deviation of its 16 x 16 patches' gray over 5 levels, at most 1; of those patches that
        lie within the image, as its edge is no texture.
    """
    square = rule.square(box)
    patches = cut(image, square, replace(rule, size=_PATCHES)).mean(axis=2)
    edges = (np.arange(_PATCHES + 1) / _PATCHES - 0.5) * square.side
    columns, rows = (
        (center + edges[:-1] >= 0) & (center + edges[1:] <= length - 1)
        for center, length in ((square.x, image.shape[1]), (square.y, image.shape[0]))
    )
    patches = patches[np.ix_(rows, columns)]
    return min(1.0, float(patches.std()) / _CONTRAST) if patches.size else 0.0


def fit_scale(scatters: Sequence[float], errors: Sequence[float]) -> float | None:
    """The scale with which the mean confidence is the share of good faces.

    Args:
        scatters: one a face.
        errors: its NME in percent of the eye distance.

    Returns:
        The scale, to four digits; None for fewer than 100 faces, or where fewer than ten are good or
        fewer than ten are not.
    """
    good = np.asarray(errors) < GOOD_BELOW
    if len(good) < FEWEST_FACES or min(good.sum(), (~good).sum()) < 10:
        return None
    low, high = math.log(1e-6), 0.0
    for _ in range(60):
        middle = (low + high) / 2
        chance = np.mean([confidence_of(scatter, math.exp(middle)) for scatter in scatters])
        low, high = (middle, high) if chance < good.mean() else (low, middle)
    return float(f"{math.exp(low):.4g}")


def read_scale(value: object) -> float | None:
    """The scale that a model file states, as {"scale": number}; None where it states none."""
    if value is None:
        return None
    scale = value.get("scale") if isinstance(value, dict) and set(value) == {"scale"} else None
    if not isinstance(scale, int | float) or isinstance(scale, bool) or not 0 < scale <= 1:
        raise ValueError("confidence is not a scale above 0 and up to 1")
    return float(scale)
