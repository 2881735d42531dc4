"""Writing videos at a constant rate."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facekp_train.common.console import UserError
from facekp_train.samples import Image

WRITABLE = {".mp4": "mp4v", ".mov": "mp4v", ".m4v": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
"""Suffixes of videos to write, and the codec of each that every OpenCV brings."""

# More repeated frames than these are no recording that waits now and then: two hours of 30 a second, and
# three seconds for each frame.
_REPEATED, _REPEATED_A_FRAME = 216_000, 100


class VideoWriter:
    """Writes frames at a constant rate: where one is late the last is repeated, an early one is left out."""

    def __init__(self, path: Path, rate: float, told: Path | None = None) -> None:
        """path: a fresh file; its suffix, one of `WRITABLE`, says the format. Nothing is written yet.

        told: where it will lie in the end, for errors; None for there.
        """
        self.path, self.rate = path, rate
        self._folder = (told or path).parent
        self.repeated = self.left_out = 0
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._written = 0
        self._last: Image | None = None

    @property
    def seconds(self) -> float:
        """How long the video is so far."""
        return self._written / self.rate

    def add(self, image: Image, seconds: float) -> None:
        """The frame of that time, uint8 [H, W, 3] RGB; sizes that differ from the first one's are stretched.

        Raises OSError where the file cannot be written, UserError where pauses would fill the disk.
        """
        slot = round(seconds * self.rate)
        if self._last is not None and slot < self._written:
            self.left_out += 1
            return
        if self._last is not None:
            self._refuse_long_pauses(slot)
        while self._last is not None and self._written < slot:
            self._put(self._last)
            self.repeated += 1
        picture = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        if self._writer is None:
            self._begin(picture)
        if picture.shape[1::-1] != self._size:
            picture = np.asarray(cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        self._last = picture
        self._put(picture)

    def close(self) -> None:
        """End the file. Raises OSError where it is not whole, as on a full disk; OpenCV says nothing."""
        if self._writer is None:
            return
        self._writer.release()
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG)
        written = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0
        capture.release()
        if written < self._written - 1:
            raise OSError(
                f"{self._folder}: the video could not be written whole; check that the disk has room, or "
                "choose another folder"
            )

    def _refuse_long_pauses(self, slot: int) -> None:
        """A few frames may state hours between them: repeated, they take as long and as much room."""
        given = self._written - self.repeated + self.left_out
        if self.repeated + slot - self._written > _REPEATED + _REPEATED_A_FRAME * given:
            raise UserError(
                f"the first {given} frames last {slot / self.rate:,.0f} seconds, and a video of "
                f"{self.rate:.4g} a second would repeat them without end; --json without --out gives the "
                "keypoints alone"
            )

    def _begin(self, picture: Image) -> None:
        # mpeg4 wants even sides.
        height, width = picture.shape[:2]
        self._size = width - width % 2 or 2, height - height % 2 or 2
        codec = cv2.VideoWriter_fourcc(*WRITABLE[self.path.suffix.lower()])  # type: ignore[attr-defined]
        self._writer = cv2.VideoWriter(str(self.path), cv2.CAP_FFMPEG, codec, self.rate, self._size)
        if not self._writer.isOpened():
            raise OSError(
                f"{self._folder}: OpenCV cannot write a {self.path.suffix} video there; choose another "
                f"folder, or end the name in {' or '.join(WRITABLE)}"
            )

    def _put(self, picture: Image) -> None:
        assert self._writer is not None
        self._writer.write(picture)
        self._written += 1
