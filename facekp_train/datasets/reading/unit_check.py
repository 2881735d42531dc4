"""Keypoints that are no pixels of their photographs: percent, per mille, places beside the picture.

One face seldom tells them apart, a whole list does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.notes import Notes
from facekp_train.samples import FaceSample

# Below so many faces all of them have to agree, from there on that share.
_ENOUGH, _SHARE = 20, 0.8
# A face this much of which is beside its photograph is seldom real; of MTFL's none is.
_OUTSIDE = 0.5


@dataclass(frozen=True)
class _Unit:
    """What a picture's side counts in a unit, and how few faces may speak for it.

    In a photograph of less than twice as many pixels, the unit and pixels look too much alike.
    """

    name: str
    side: float
    fewest: int


_UNITS = (_Unit("percent", 100.0, 1), _Unit("per mille", 1000.0, 3))


class UnitCheck:
    """Counts over one pass how faces lie in their photographs."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._faces, self._outside, self._example = 0, 0, ""
        self._within: Counter[_Unit] = Counter()

    def add(self, sample: FaceSample, size: tuple[int, int] | None) -> None:
        """One more face, in what the list says are pixels; size: of the upright photograph, where known."""
        self._faces += 1
        if size is None:
            return
        low, high = np.nanmin(sample.keypoints), np.nanmax(sample.keypoints)
        for unit in _UNITS:
            self._within[unit] += bool(low >= 0 and high <= unit.side and min(size) > 2 * unit.side)
        if share_outside(sample, size) >= _OUTSIDE:
            self._outside += 1
            self._example = self._example or f"{sample.image} ({size[0]} x {size[1]})"

    def close(self) -> None:
        """Warn of a unit that most of the list, or all of a short one, looks like, and of faces beside."""
        for unit in _UNITS:
            within = self._within[unit]
            if within >= max(unit.fewest, _SHARE * self._faces if self._faces >= _ENOUGH else self._faces):
                self._notes.warn(
                    f"keypoints of {within:,} of {faces_in_words(self._faces)} lie within {unit.side:.0f} x "
                    f"{unit.side:.0f} pixels at the top left of larger photographs, and look like "
                    f"{unit.name} of the picture; write pixels"
                )
                break
        if self._outside:
            self._notes.warn(
                f"half of their keypoints or more lie outside the photograph: {self._outside:,} of "
                f"{faces_in_words(self._faces)}, such as of {self._example}; they may count in another unit, "
                "such as per mille, or belong to another picture"
            )


def share_outside(sample: FaceSample, size: tuple[int, int]) -> float:
    """The share of a face's known keypoints that lie outside its photograph."""
    known = sample.keypoints[np.isfinite(sample.keypoints).all(axis=1)]
    return float(((known < 0) | (known >= np.array(size))).any(axis=1).mean())
