"""Where a face is, said by different sources, brought to the tight box that the crop rule needs.

A landmark net is trained on crops around the box of all 68 keypoints. Another detector's box is
larger, smaller, higher or lower; each source has a measured mapping to that tight box, kept as
data in `boxes.json` and fitted by `facekp-export boxes`. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache

import numpy as np

from facekp_train.common.files import package_file
from facekp_train.crop import tight_box
from facekp_train.landmarks import Floats, Scheme, scheme_of
from facekp_train.samples import Box, FaceSample

BOXES_FILE = package_file("facekp_train", "boxes.json")
FEWEST_PAIRS = 10
"""Faces with both boxes that a mapping is fitted on."""

_NUMBER_LIMITS = {"dx": 10.0, "dy": 10.0, "scale": 100.0, "sd_dx": 10.0, "sd_dy": 10.0, "sd_scale": 10.0}


@dataclass(frozen=True)
class BoxMapping:
    """From a source's box to the tight box, in units of the source box's longer side.

    tight center = box center + (dx, dy) * side; tight side = scale * side. Training jitters its boxes by
    the three standard deviations.

    Attributes:
        dx: shift of the center to the right.
        dy: shift of the center downwards.
        scale: the tight box's side over the source box's longer one.
        sd_dx: standard deviation of dx over the n faces.
        sd_dy: standard deviation of dy.
        sd_scale: standard deviation of log(scale).
        n: faces that it was fitted on.
        fitted_on: which faces they were.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    sd_dx: float = 0.0
    sd_dy: float = 0.0
    sd_scale: float = 0.0
    n: int = 0
    fitted_on: str = ""

    def to_tight(self, box: Box) -> Box:
        """The square tight box that a box stands for.

        Args:
            box: x, y, width, height in pixels.

        Returns:
            x, y, width, height with equal sides.

        Raises:
            ValueError: for an empty or infinite box.
        """
        x, y, width, height = (float(v) for v in box)
        side = max(width, height)
        if not np.isfinite([x, y, width, height]).all() or side <= 0 or min(width, height) < 0:
            raise ValueError(f"a box is (x, y, width, height) with a positive size, not {box}")
        center_x = x + width / 2 + self.dx * side
        center_y = y + height / 2 + self.dy * side
        tight = self.scale * side
        return center_x - tight / 2, center_y - tight / 2, tight, tight

    def as_dict(self) -> dict[str, float | int | str]:
        """Plain data for `boxes.json` and a model file's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, source: str, values: object) -> BoxMapping:
        """The mapping that a model file carries.

        Args:
            source: whose boxes, for the error.
            values: plain data as `as_dict` gives it.

        Raises:
            ValueError: where a number is missing or out of range.
        """
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise ValueError(f"the model's box mapping '{source[:40]}' is incomplete or malformed")
        for key, limit in _NUMBER_LIMITS.items():
            number = values[key]
            if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= limit:
                raise ValueError(f"the model's box mapping '{source[:40]}' has a bad '{key}'")
        if (
            not isinstance(values["n"], int)
            or not isinstance(values["fitted_on"], str)
            or values["scale"] <= 0
        ):
            raise ValueError(f"the model's box mapping '{source[:40]}' is out of range")
        return cls(**values)


def fit_mapping(pairs: Sequence[tuple[Box, Box]], fitted_on: str) -> BoxMapping:
    """The mapping that pairs of boxes show: medians, and spreads as 1.4826 * MAD.

    Robust statistics, since a detector's few false finds would otherwise set the spread.

    Args:
        pairs: (source box, tight box) of each face, in pixels.
        fitted_on: which faces these are.

    Raises:
        ValueError: below ten pairs.
    """
    if len(pairs) < FEWEST_PAIRS:
        raise ValueError(f"a box mapping needs at least ten faces with both boxes, not {len(pairs)}")
    source, tight = (np.array(column, float) for column in zip(*pairs, strict=True))
    side = source[:, 2:].max(axis=1)
    offset = (tight[:, :2] + tight[:, 2:] / 2 - source[:, :2] - source[:, 2:] / 2) / side[:, None]
    growth = np.log(tight[:, 2:].max(axis=1) / side)
    values = np.column_stack([offset, growth])
    center = np.median(values, axis=0)
    spread = 1.4826 * np.median(np.abs(values - center), axis=0)
    dx, dy, log_scale = center.round(4).tolist()
    sd_dx, sd_dy, sd_scale = spread.round(4).tolist()
    scale = round(float(np.exp(log_scale)), 4)
    return BoxMapping(dx, dy, scale, sd_dx, sd_dy, sd_scale, len(pairs), fitted_on)


@lru_cache(maxsize=1)
def box_mappings() -> dict[str, BoxMapping]:
    """Every source's mapping by name, from `boxes.json`; `tight` is the identity."""
    stored = json.loads(BOXES_FILE.read_text(encoding="utf-8"))
    return {"tight": BoxMapping(), **{name: BoxMapping(**fit) for name, fit in stored.items()}}


def mapping_of(source: str) -> BoxMapping:
    """One source's mapping.

    Args:
        source: whose boxes, such as `mtfl`.

    Raises:
        ValueError: for an unknown source, naming those that exist.
    """
    try:
        return box_mappings()[source]
    except KeyError:
        known = ", ".join(sorted(box_mappings()))
        raise ValueError(f"no box mapping is called '{source}'; there are {known}") from None


def tight_box_of(sample: FaceSample, prefer_listed: bool = False, scheme: Scheme | None = None) -> Box:
    """The tight box of a labeled face: from its keypoints, through their scheme's mapping.

    Args:
        sample: the face.
        prefer_listed: take the box in the data set's list where there is one, as a deployed model meets
            faces.
        scheme: of the keypoints; None for the default of their count.

    Returns:
        x, y, width, height in pixels.

    Raises:
        ValueError: where neither gives a box.
    """
    if prefer_listed and sample.box is not None:
        return mapping_of(sample.box_source).to_tight(sample.box)
    scheme = scheme or scheme_of(len(sample.keypoints))
    return mapping_of(scheme.box_source).to_tight(tight_box(sample.known))


# Between two looks at one face its box moves little; an answer beyond this is a failed one.
_LARGEST_GROWTH = 2.5
_LARGEST_SHIFT = 0.6
# Keypoints that span less of the face than this say less about its box than a detector does.
_LEAST_SPAN = 0.7


def refines(mapping: BoxMapping) -> bool:
    """Whether keypoints with this mapping reach far enough over a face to tell its box."""
    return mapping.scale * _LEAST_SPAN <= 1


def refined_box(keypoints: Floats, first: Box, mapping: BoxMapping | None = None) -> Box:
    """The tight box for a second crop, from the first answer.

    The first box is kept where the answer is not to be trusted: not finite, its side more than 2.5 times
    larger or smaller, or its center more than 0.6 sides away; and for schemes such as the five points,
    which do not reach the face's edge.

    Args:
        keypoints: [N, 2] in pixels of the image, the first answer.
        first: the tight box of the first crop.
        mapping: of the box around all keypoints; None for that of their count's default scheme.

    Returns:
        x, y, width, height in pixels.
    """
    mapping = mapping or mapping_of(scheme_of(len(keypoints)).box_source)
    degenerate = not np.isfinite(keypoints).all() or not np.ptp(keypoints, axis=0).any()
    if degenerate or not refines(mapping):
        return first
    x, y, side, _ = found = mapping.to_tight(tight_box(keypoints))
    before = max(first[2:])
    if not before / _LARGEST_GROWTH <= side <= before * _LARGEST_GROWTH:
        return first
    shift = np.hypot(x + side / 2 - first[0] - first[2] / 2, y + side / 2 - first[1] - first[3] / 2)
    return found if shift <= _LARGEST_SHIFT * before else first
