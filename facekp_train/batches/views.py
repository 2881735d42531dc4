"""Where decoded views of faces lie: raw pixels, or JPEG where raw ones would fill a disk."""

from __future__ import annotations

import os
import tempfile
from typing import IO, Protocol

import cv2
import numpy as np

from facekp_train.samples import Image

SIDE = 256
"""Pixels of a view's side."""
MOST_RAW = 20_000
"""Views that are kept as they are: 4 GB. A JPEG takes a sixth of that, and 1.5 ms to decode."""
_QUALITY = 95
_JPEG_BYTES = 32_000
"""Of a view, at most on average: MTFL's small photographs take 18,000, sharper ones more."""


class Views(Protocol):
    """uint8 [256, 256, 3] by number, each written once."""

    def __setitem__(self, number: int, view: Image) -> None: ...

    def __getitem__(self, number: int) -> Image: ...


def views_of(count: int) -> Views:
    """Room for so many views."""
    return JpegViews(count) if count > MOST_RAW else RawViews(count)


def bytes_of(count: int) -> int:
    """What so many views take on disk, about."""
    return count * (_JPEG_BYTES if count > MOST_RAW else SIDE * SIDE * 3)


class RawViews:
    """Pixels in a file that the system pages in and out."""

    def __init__(self, count: int) -> None:
        self._file = _nameless()
        self._pixels = np.memmap(self._file, np.uint8, "w+", shape=(max(1, count), SIDE, SIDE, 3))

    def __setitem__(self, number: int, view: Image) -> None:
        self._pixels[number] = view

    def __getitem__(self, number: int) -> Image:
        # A part of an array in memory, not of the map, for OpenCV.
        return np.asarray(self._pixels[number])


class JpegViews:
    """JPEG files one behind the other; any thread may read."""

    def __init__(self, count: int) -> None:
        self._file = _nameless()
        self._places = np.zeros((count, 2), np.int64)  # where it begins and how long it is
        self._end = 0

    def __setitem__(self, number: int, view: Image) -> None:
        _, coded = cv2.imencode(".jpg", view[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        written = os.pwrite(self._file.fileno(), coded.tobytes(), self._end)
        if written < coded.size:
            raise OSError(f"the disk of {tempfile.gettempdir()} is full; name another folder in TMPDIR")
        self._places[number] = self._end, coded.size
        self._end += coded.size

    def __getitem__(self, number: int) -> Image:
        begin, size = self._places[number]
        coded = np.frombuffer(os.pread(self._file.fileno(), int(size), int(begin)), np.uint8)
        return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def _nameless() -> IO[bytes]:
    """A temporary file without a name, which the system frees even after a kill."""
    return tempfile.TemporaryFile(prefix="facekp-faces-")
