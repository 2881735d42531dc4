"""Videos and cameras read frame by frame through OpenCV. Imports neither torch nor tensorflow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facekp_export.video.container import counts_frames
from facekp_train.common.console import UserError
from facekp_train.pictures.films import Film, nothing_read
from facekp_train.pictures.kinds import VIDEO, VIDEO_SUFFIXES, kind_of_file
from facekp_train.samples import Image

# Beyond these a rate is a broken header.
_LOWEST_RATE, _HIGHEST_RATE, _USUAL_RATE = 1.0, 240.0, 30.0
# Damaged packets make single reads fail; so many in a row are the end.
_FAILED_READS = 60
# Frames whose times give the rate to write at.
_SAMPLED = 60
# Of these each frame that is counted has a picture; an .avi also counts empty ones.
_COUNTING = (".mp4", ".mov", ".m4v", ".3gp")
# Screen recorders pause for minutes; a longer jump in time is a broken stamp, not to be filled with frames.
_LONGEST_GAP = 3600.0
# A jump may end this long after the stated end, which not every container knows well.
_STATED_SLACK = 10.0


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: its number from 0, its time in seconds from the first one's, uint8 [H, W, 3] RGB."""

    number: int
    seconds: float
    image: Image


class VideoFile:
    """A video file. `frames` goes through it once; `problem` then says what was wrong with it."""

    def __init__(self, path: Path) -> None:
        """Raises UserError for a file that is missing or has no picture that can be read."""
        self.path, self.name = path, str(path)
        if not path.is_file():
            raise UserError(f"{path} does not exist; name a video, a photograph or a folder of photographs")
        film = self._open()
        stated, count = film.stated(cv2.CAP_PROP_FPS), film.stated(cv2.CAP_PROP_FRAME_COUNT)
        sound = math.isfinite(stated) and _LOWEST_RATE <= stated <= _HIGHEST_RATE
        counted = math.isfinite(count) and 0 < count < 1e9
        self.stated_frames = round(count) if counted and sound else None
        """How many frames the file says it has, where it says so."""
        self.rate = self._rate(film, stated if sound else _USUAL_RATE)
        """Frames a second, the usual interval's where it varies."""
        # A long pause may push the mean rate below all that is sound; the length is right all the same.
        self._duration = count / stated if counted and math.isfinite(stated) and stated > 0 else None
        self._read, self._end, self._changed = 0, 0.0, ""

    def frames(self) -> Iterator[Frame]:
        """Every frame that can be read, in order, each later than the one before."""
        self._read, self._end, self._changed = 0, 0.0, ""
        film = self._open()
        clock, failed = _Clock(1 / self.rate, self._duration), 0
        while failed < _FAILED_READS and not film.changed:
            if (image := film.read()) is None:
                failed += 1
                continue
            seconds = clock.seconds(film.stated(cv2.CAP_PROP_POS_MSEC) / 1000)
            failed = 0
            self._end = seconds + 1 / self.rate
            self._read += 1
            yield Frame(self._read - 1, seconds, image)
        self._changed = film.changed
        film.close()

    def problem(self) -> str | None:
        """After the last frame: in one sentence, what is missing; None where nothing is for certain."""
        if not self._read:
            return nothing_read(self.path)
        if self._changed:
            return self._changed
        if self.stated_frames is None or self._duration is None or not counts_frames(self.path):
            return None
        if self._end < self._duration - max(0.25, 0.02 * self._duration):
            return (
                f"{self.path} states {self._duration:.1f} seconds, and {self._end:.1f} of them could be "
                "read: the file is cut short or damaged"
            )
        missing = self.stated_frames - self._read
        if self.path.suffix.lower() in _COUNTING and missing > 2:
            missed = f"{missing} of the {self.stated_frames} frames of {self.path}"
            return f"{missed} could not be read: the file is damaged"
        return None

    def _open(self) -> Film:
        try:
            return Film(self.path)
        except OSError as error:
            raise UserError(str(error)) from None

    def _rate(self, film: Film, stated: float) -> float:
        """The stated rate is a mean; the median interval of the first frames loses none of a varying rate."""
        stamps = []
        while len(stamps) < _SAMPLED and film.skip():
            stamps.append(film.stated(cv2.CAP_PROP_POS_MSEC) / 1000)
        film.close()
        if len(stamps) < 10:
            return stated
        interval = float(np.median(np.diff(stamps)))
        measured = 1 / interval if interval > 0 else stated
        # Containers that count in milliseconds round each interval.
        good = _LOWEST_RATE <= measured <= _HIGHEST_RATE and abs(measured / stated - 1) > 0.05
        return measured if good else stated


class _Clock:
    """Frames' times from their stamps: the first one's is 0, and each is later than the one before."""

    def __init__(self, interval: float, duration: float | None) -> None:
        self._interval = interval
        self._duration = math.inf if duration is None else duration
        self._first = self._origin = self._last = math.nan

    def seconds(self, stamp: float) -> float:
        """The next frame's time: one interval after the last where its stamp is missing or makes no sense."""
        if math.isnan(self._last):
            self._first = self._origin = stamp
            self._last = 0.0
            return 0.0
        # After a broken stamp they may go on as before, or all be moved by as much.
        times = [stamp - self._first, stamp - self._origin]
        good = [time for time in times if self._believed(time)]
        self._last = good[0] if good else self._last + self._interval
        self._origin = self._origin if good else stamp - self._last
        return self._last

    def _believed(self, seconds: float) -> bool:
        """A pause ends before the file does."""
        left = max(self._duration - self._last, 0.0) + _STATED_SLACK
        return self._last < seconds <= self._last + min(left, _LONGEST_GAP)


class Camera:
    """A camera by its number. `frames` ends with Ctrl-C, which is how a recording ends."""

    stated_frames = None

    def __init__(self, number: int) -> None:
        """Raises UserError where no such camera answers."""
        self.number, self.name = number, f"camera {number}"
        self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise UserError(
                f"camera {number} cannot be opened; check that it is plugged in, free and readable "
                f"(/dev/video{number})"
            )
        stated = self._capture.get(cv2.CAP_PROP_FPS)
        good = math.isfinite(stated) and _LOWEST_RATE <= stated <= _HIGHEST_RATE
        self.rate = stated if good else _USUAL_RATE
        self._lost = False

    def frames(self) -> Iterator[Frame]:
        """Frames as they come, timed by this computer's clock."""
        start, last, number = time.monotonic(), -1.0, 0
        try:
            while True:
                good, image = self._capture.read()
                if not good:
                    self._lost = True
                    return
                seconds = max(time.monotonic() - start if number else 0.0, last + 1e-4)
                last = seconds
                yield Frame(number, seconds, np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8))
                number += 1
        finally:
            self._capture.release()

    def problem(self) -> str | None:
        """What ended the recording, if not Ctrl-C."""
        return f"{self.name} stopped answering; what it gave until then is kept" if self._lost else None


Video = VideoFile | Camera


def open_video(source: Path) -> Video:
    """The camera or the video file that is meant. Raises UserError where it cannot be read."""
    return Camera(int(str(source))) if is_camera(source) else VideoFile(source)


def is_video(source: Path) -> bool:
    """Whether a video is meant or, by a bare number that is no file's name, a camera."""
    named = source.suffix.lower() in VIDEO_SUFFIXES and not source.is_dir()
    return is_camera(source) or named or kind_of_file(source) is VIDEO


def is_camera(source: Path) -> bool:
    """Whether a camera's number is meant."""
    return str(source).isascii() and str(source).isdigit() and not source.exists()
