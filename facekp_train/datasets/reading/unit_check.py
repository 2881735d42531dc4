"""Percent of a picture in place of pixels: no face tells them apart, a whole list does."""

from __future__ import annotations

import numpy as np

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.notes import Notes
from facekp_train.pictures.decoding import read_header
from facekp_train.samples import FaceSample

# In a photograph of less than twice as many pixels, percent and pixels look too much alike.
_PERCENT, _LARGE = 100.0, 200
# Faces after which no more photographs are opened, and the share of the list that has to agree.
_ENOUGH, _SHARE = 20, 0.8


class UnitCheck:
    """Counts over one pass which faces lie within 100 x 100 pixels of a larger photograph."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._within, self._beyond, self._large = 0, 0, 0

    def add(self, sample: FaceSample) -> None:
        """One more face, in the pixels that the list says it is in."""
        low, high = np.nanmin(sample.keypoints), np.nanmax(sample.keypoints)
        if low < 0 or high > _PERCENT:
            self._beyond += 1
        elif self._large >= _ENOUGH or self._in_large_photograph(sample):
            self._within += 1

    def _in_large_photograph(self, sample: FaceSample) -> bool:
        """Where the list is of tiny faces in large photographs, few are opened."""
        if self._beyond > _ENOUGH + self._within:
            return False
        size = sample.stated_size
        if size is None:
            try:
                header = read_header(sample.image)
            except OSError:
                header = None
            size = None if header is None else (header.width, header.height)
        large = size is not None and min(size) > _LARGE
        self._large += large
        return large

    def close(self) -> None:
        """Warn where most of the list, or all of a short one, lies so."""
        faces = self._within + self._beyond
        if self._within and self._within >= (_SHARE * faces if faces >= _ENOUGH else faces):
            self._notes.warn(
                f"keypoints of {self._within:,} of {faces_in_words(faces)} lie within 100 x 100 pixels at "
                "the top left of larger photographs, and look like percent of the picture; write pixels"
            )
