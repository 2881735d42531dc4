"""Labels that were placed on photographs as stored, where no stated size tells: told by how faces lie.

A size tells nothing where there is none, of a square photograph, and of one that is mirrored or stands on its
head, which is stored in the size in which it is shown.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.face_shape import Reading, readings
from facekp_train.datasets.reading.notes import Notes
from facekp_train.pictures.header import Header
from facekp_train.samples import FaceSample

# How an upright face looks whose labels EXIF's turn was not done to.
_UNTURNED = {
    2: Reading.MIRRORED, 3: Reading.TURNED, 4: Reading.FLIPPED, 5: Reading.TRANSPOSED, 6: Reading.SIDEWAYS,
    7: Reading.TRANSPOSED, 8: Reading.SIDEWAYS,
}  # fmt: skip
_MOST = 0.5
# So many of a kind tell as much as more of them would, which need not be kept.
_ENOUGH = 1000


class StoredCheck:
    """Collects over one pass the faces of photographs that EXIF turns."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._faces: defaultdict[tuple[int, int], list[NDArray[np.float32]]] = defaultdict(list)
        self._example: dict[tuple[int, int], str] = {}

    def add(self, sample: FaceSample, header: Header) -> None:
        """One more face."""
        told = sample.stated_size is not None and header.upright_size != (header.width, header.height)
        if header.orientation in _UNTURNED and not told:
            kind = header.orientation, len(sample.keypoints)
            if len(self._faces[kind]) < _ENOUGH:
                self._faces[kind].append(sample.keypoints)
            self._example.setdefault(kind, str(sample.image))

    def close(self) -> None:
        """Warn where most of those faces lie as on the photograph as stored."""
        unturned = clear = 0
        example = ""
        for kind, faces in self._faces.items():
            found = readings(np.stack(faces))
            wrong = found.count(_UNTURNED[kind[0]])
            clear += len(found) - found.count(Reading.UNCLEAR)
            unturned += wrong
            example = example or (self._example[kind] if wrong else "")
        if unturned and unturned >= _MOST * clear:
            self._notes.warn(
                f"keypoints of {unturned:,} of {faces_in_words(clear)} on photographs that EXIF turns lie as "
                f"on those as stored, such as of {example}; place them on the photograph as it is seen"
            )
