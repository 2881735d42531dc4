"""Keypoints that are no pixels of their photographs: percent, per mille, places beside or on a square one.

One face seldom tells them apart, a whole list does.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass

import numpy as np

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.stretch_check import StretchCheck
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


# Of many photographs faces lie in the middle from side to side, to this share of the width; in another
# unit's middle, and farther from their own than that and chance, they count in it.
_MIDDLE, _OFF_MIDDLE, _CHANCE = 0.05, 0.07, 4.0

_UNITS = (_Unit("percent", 100.0, 1), _Unit("per mille", 1000.0, 3))


class UnitCheck:
    """Counts over one pass how faces lie in their photographs."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._faces, self._outside, self._example = 0, 0, ""
        self._within: Counter[_Unit] = Counter()
        self._stretch = StretchCheck()
        # Of each face its middle, its photograph's width, and its highest number: twelve bytes a row.
        self._across = array("f")

    def add(self, sample: FaceSample, size: tuple[int, int] | None) -> None:
        """One more face, in what the list says are pixels; size: of the upright photograph, where known."""
        self._faces += 1
        if size is None:
            return
        low, high = float(sample.known.min()), float(sample.known.max())
        for unit in _UNITS:
            self._within[unit] += low >= 0 and high <= unit.side and min(size) > 2 * unit.side
        self._stretch.add(sample.keypoints, size)
        if low >= 0:
            self._across.extend((float(sample.known[:, 0].mean()), size[0], high))
        if share_outside(sample, size) >= _OUTSIDE:
            self._outside += 1
            self._example = self._example or f"{sample.image} ({size[0]} x {size[1]})"

    def close(self) -> None:
        """Warn of a unit that most of the list, or all of a short one, looks like, and of faces beside."""
        if (unit := self._unit()) is not None:
            self._notes.warn(f"{unit} of the picture; write pixels")
        if self._outside:
            self._notes.warn(
                f"half of their keypoints or more lie outside the photograph: {self._outside:,} of "
                f"{faces_in_words(self._faces)}, such as of {self._example}; they may count in another unit, "
                "such as per mille, or belong to another picture"
            )

    def _unit(self) -> str | None:
        """What the list looks like instead of pixels; None where it does not."""
        faces = faces_in_words(self._faces)
        for unit in _UNITS:
            within = self._within[unit]
            if within >= max(unit.fewest, _SHARE * self._faces if self._faces >= _ENOUGH else self._faces):
                return (
                    f"keypoints of {within:,} of {faces} lie within {unit.side:.0f} x {unit.side:.0f} pixels "
                    f"at the top left of larger photographs, and look like {unit.name}"
                )
        if (found := self._stretch.found()) is not None:
            return (
                f"{faces_in_words(found)} from the front are as much too high or wide as their photographs "
                "are oblong, so that keypoints look like percent, per mille or those of a square copy"
            )
        for unit in _UNITS:
            if self._in_the_middle_of(unit):
                return (
                    f"keypoints of {faces} lie around the middle of {unit.side:.0f} pixels, and not "
                    f"around that of their photographs, and look like {unit.name}"
                )
        return None

    def _in_the_middle_of(self, unit: _Unit) -> bool:
        """Whether faces that lie within a unit lie in its middle, and not in that of their photographs."""
        middle, width, high = np.array(self._across, np.float64).reshape(-1, 3).T
        if len(middle) < max(_ENOUGH, _SHARE * self._faces):
            return False
        own, off = middle / width - 0.5, abs(middle.mean() / unit.side - 0.5)
        least = max(_OFF_MIDDLE, _CHANCE * own.std() / len(own) ** 0.5)
        within = (high <= unit.side).mean() >= _SHARE
        return bool(within and off <= _MIDDLE and abs(own.mean()) >= least)


def share_outside(sample: FaceSample, size: tuple[int, int]) -> float:
    """The share of a face's known keypoints that lie outside its photograph."""
    width, height = size
    low, high = sample.known.min(axis=0), sample.known.max(axis=0)
    if low.min() >= 0 and high[0] < width and high[1] < height:  # so is nearly every face
        return 0.0
    return float(((sample.known < 0) | (sample.known >= np.array(size))).any(axis=1).mean())
