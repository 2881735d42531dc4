"""Which point is which, over a whole list: one face may look like anything, most of a list may not."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.face_shape import Reading, readings
from facekp_train.datasets.reading.notes import DataError, Notes

# Fewer faces may all be odd ones.
_ENOUGH, _SHARE = 20, 0.8
# Looked at together, which is many times faster.
_BLOCK = 128

_ORDER = "write them in the order of the format, left being left in the image"
_WRONG = {
    Reading.MIRRORED: (
        "the left eye lies right of the right one with the mouth below them, so that left and right "
        f"changed places (the person's left is right in the image); {_ORDER}"
    ),
    Reading.TRANSPOSED: "x and y changed places, or columns are in another order; write x before y",
    Reading.FLIPPED: (
        "the mouth lies above the eyes, so that eyes and mouth changed places or y counts from the bottom; "
        f"{_ORDER} and count y from the top"
    ),
    Reading.TURNED: (
        "the face stands on its head, so that the keypoints are in reverse order or belong to a photograph "
        f"that was turned; {_ORDER}, on the photograph as it is seen"
    ),
    Reading.NO_FACE: (
        "no view of a face has its keypoints so: they are in another order, on a line or none of a face's; "
        f"{_ORDER} (docs/guides/data.md), or describe keypoints of your own in a file, --scheme FILE.yaml "
        "(docs/guides/keypoints.md)"
    ),
}


class OrderCheck:
    """Counts over one pass how keypoints lie, and at its end says or refuses what most of them cannot be."""

    def __init__(self, notes: Notes, spec: str) -> None:
        self._notes, self._spec = notes, spec
        self._waiting: list[NDArray[np.float32]] = []
        self._counts: Counter[Reading] = Counter()

    def add(self, keypoints: NDArray[np.float32]) -> None:
        """One more face [N, 2]."""
        if self._waiting and (len(self._waiting) == _BLOCK or len(self._waiting[0]) != len(keypoints)):
            self._look()
        self._waiting.append(keypoints)

    def _look(self) -> None:
        if self._waiting:
            self._counts.update(readings(np.stack(self._waiting)))
            self._waiting.clear()

    def close(self) -> None:
        """Warn of a short list that is wrong throughout. Raises DataError for a longer one."""
        self._look()
        clear = self._counts.total() - self._counts[Reading.UNCLEAR]
        wrong = sum(self._counts[each] for each in _WRONG)
        if clear >= _ENOUGH and self._counts[Reading.SIDEWAYS] >= _SHARE * clear:
            self._notes.warn(
                f"{self._counts[Reading.SIDEWAYS]:,} of {faces_in_words(clear)} lie on their side; where the "
                "photographs do not, keypoints are in another order or belong to photographs as stored"
            )
        if not wrong or wrong < (_SHARE * clear if clear >= _ENOUGH else clear):
            return
        most = max(_WRONG, key=lambda each: self._counts[each])
        seen = f"in {self._counts[most]:,} of {faces_in_words(clear)} {_WRONG[most]}"
        if clear >= _ENOUGH:
            raise DataError(f"{self._spec}: {seen}")
        self._notes.warn(seen)
