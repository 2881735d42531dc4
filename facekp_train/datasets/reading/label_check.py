"""What every reader's faces go through: labels that belong to another picture, or stand for none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.absent_points import Absent, far_off, not_placed
from facekp_train.datasets.reading.box_check import far_from_box
from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.order_check import OrderCheck
from facekp_train.datasets.reading.rows import checked
from facekp_train.datasets.reading.stored_check import StoredCheck
from facekp_train.datasets.reading.unit_check import UnitCheck, share_outside
from facekp_train.pictures.decoding import read_header, upright_points
from facekp_train.pictures.header import Header
from facekp_train.samples import Box, FaceSample

# No face of any list is smaller; shares of a picture are within one pixel.
_SMALLEST_FACE = 2.0
# Stated sizes are whole numbers, and so is the photograph's.
_ROUNDING = 1.0


_LARGEST_SIDE = 10**9
"""Pixels. What is more is no number of anything."""


class LabelCheck:
    """Mends or refuses the faces of one pass, and says so once at its end."""

    def __init__(self, notes: Notes, spec: str) -> None:
        """spec: what a refused data set is called."""
        self._notes = notes
        self._order = OrderCheck(notes, spec)
        self._unit = UnitCheck(notes)
        self._stored = StoredCheck(notes)
        self._hidden, self._hidden_faces = 0, 0
        self._sizes: Counter[str] = Counter()
        self._example: dict[str, str] = {}

    def of(self, samples: Iterator[FaceSample]) -> Iterator[FaceSample]:
        """The faces that can be used. Raises DataError at the end where their points cannot be a face's."""
        for sample in samples:
            header = _header_of(sample.image)
            if isinstance(mended := self._mended(sample, header), FaceSample):
                self._order.add(mended.keypoints)
                self._unit.add(mended, None if header is None else header.upright_size)
                if header is not None:
                    self._stored.add(mended, header)
                yield mended
            else:
                self._notes.skip(sample.image, mended)
        if self._hidden:
            self._notes.warn(
                "keypoints at exactly -1 -1 or 0 0, or several of a face at one place, stand for points that "
                f"were not placed, and count as not labeled: {self._hidden:,} of "
                f"{faces_in_words(self._hidden_faces)}"
            )
        for what, count in self._sizes.items():
            self._notes.warn(f"{what}: {faces_in_words(count)}, such as of {self._example[what]}")
        self._unit.close()
        self._stored.close()
        self._order.close()

    def _mended(self, sample: FaceSample, header: Header | None) -> FaceSample | str:
        try:
            # Not a number stands for a place that is not known; nothing else may be no place.
            checked(sample.keypoints[~np.isnan(sample.keypoints)])
            checked(sample.box or ())
        except ValueError as error:
            return str(error)
        sample = self._without_placeholders(sample)
        if (wrong := _no_face(sample)) is not None:
            return wrong
        on_this = sample if header is None else self._on_this_picture(sample, header)
        if header is not None and isinstance(on_this, FaceSample):
            on_this = self._inside(on_this, header.upright_size)
        return on_this if isinstance(on_this, str) else far_from_box(on_this) or on_this

    def _without(self, absent: Absent, sample: FaceSample) -> FaceSample:
        """The face without keypoints that are none."""
        keypoints = np.where(absent[:, None], np.float32(np.nan), sample.keypoints)
        return replace(sample, keypoints=keypoints, visible=sample.visible & ~absent)

    def _without_placeholders(self, sample: FaceSample) -> FaceSample:
        absent = not_placed(sample.keypoints)
        if absent is None:
            return sample
        self._hidden += int(absent.sum())
        self._hidden_faces += 1
        return self._without(absent, sample)

    def _inside(self, sample: FaceSample, size: tuple[int, int]) -> FaceSample | str:
        """A face some of which is in its photograph, without what is far off; else why it is none."""
        outside = share_outside(sample, size)
        if outside == 0:
            return sample
        if outside == 1:
            return (
                f"all of its keypoints lie outside the photograph of {size[0]} x {size[1]}; they may count "
                "in another unit than its format does"
            )
        absent = far_off(sample.keypoints, size)
        if not absent.any():
            return sample
        self._count("keypoints farther from the photograph than it is large count as not labeled", sample)
        return self._without(absent, sample)

    def _on_this_picture(self, sample: FaceSample, header: Header) -> FaceSample | str:
        """Labels of the picture as stored, or in another size, brought to the one that is read."""
        stated, upright = sample.stated_size, header.upright_size
        if stated is None or min(stated) == 0 or stated == upright:  # 0 stands for not known
            return sample
        if not 0 < min(stated) <= max(stated) <= _LARGEST_SIDE:
            return "the list states a size that no photograph has"
        if stated == (header.width, header.height):
            self._count("labels were placed on the photograph as stored, and are turned as EXIF says", sample)
            box = None if sample.box is None else _around(upright_points(_corners(sample.box), header))
            return replace(sample, keypoints=upright_points(sample.keypoints, header), box=box)
        sizes = (
            f"the list states {stated[0]} x {stated[1]} and the photograph has {upright[0]} x {upright[1]}"
        )
        scale = upright[0] / stated[0]
        if abs(stated[1] * scale - upright[1]) > _ROUNDING * max(scale, 1):
            return f"{sizes}: it is another picture, or a part of it"
        self._count("the stated size is not the photograph's, and labels are scaled to it", sample, sizes)
        moved = ((sample.keypoints + 0.5) * scale - 0.5).astype(np.float32)
        box = None if sample.box is None else _around((_corners(sample.box) + 0.5) * scale - 0.5)
        return replace(sample, keypoints=moved, box=box)

    def _count(self, what: str, sample: FaceSample, detail: str = "") -> None:
        self._sizes[what] += 1
        self._example.setdefault(what, str(sample.image) + (f" ({detail})" if detail else ""))


def _no_face(sample: FaceSample) -> str | None:
    """Why keypoints are none of a face, whatever the photograph; None where they may be."""
    known = sample.known
    if not len(known):
        return "none of its keypoints is placed"
    extent = float(np.ptp(known, axis=0).max())
    if extent == 0 and len(known) > 1:
        return "all its keypoints lie in one place, which no face's do"
    if 0 < extent < _SMALLEST_FACE:
        shares = "; they look like shares of the picture" if 0 <= known.min() <= known.max() <= 1 else ""
        return f"its keypoints lie within {extent:.2g} pixels, which no face does{shares}; write pixels"
    return None


def _header_of(image: Path) -> Header | None:
    """What cannot be read is named where it is read."""
    try:
        return read_header(image)
    except OSError:
        return None


def _corners(box: Box) -> NDArray[np.float32]:
    x, y, width, height = box
    return np.array([[x, y], [x + width, y + height]], np.float32)


def _around(corners: NDArray[np.float32]) -> Box:
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right - left, bottom - top
