"""A video file opened: the one place where videos are opened, their pictures turned and stretched.

What comes out is what a player shows: turned and mirrored as the container says, of square pixels.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import cv2
import numpy as np

from facekp_train.common.files import resolved
from facekp_train.pictures.decoding import upright
from facekp_train.pictures.header import most_pixels, refuse_size
from facekp_train.pictures.placement import codec_of, orientation_of
from facekp_train.pictures.stream_sizes import SizeWatch
from facekp_train.samples import Image

# EXIF's numbers of the turns to the right that OpenCV tells of other containers.
_TURNS = {90: 6, 180: 3, 270: 8}
# Pixels more oblong than this are a broken header.
_MOST_OBLONG = 8.0
# What every OpenCV decodes: where such a video gives no picture, it is damaged.
_KNOWN = ("avc1", "avc3", "hev1", "hvc1", "mp4v", "jpeg", "vp08", "vp09", "FMP4", "MJPG", "FLV1", "")
_KNOWN_MATROSKA = ("V_MPEG", "V_VP", "V_MS/VFW/FOURCC", "V_MJPEG", "V_THEORA")

_LISTS = (b"#EXTM3U", b"ffconcat")
# What no text holds and every container has in its first bytes.
_LOOKED_AT, _NO_TEXT = 4096, re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class Film:
    """A video file whose pictures are read one after another.

    Args:
        path: the file.

    Raises:
        OSError: in one sentence, for a file of which nothing can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if _is_text(path):
            raise OSError(f"{path}: no frame can be read; it is a text, as playlists are; name a video")
        # The whole path: FFmpeg takes what stands before a colon for a protocol's name.
        self._capture = cv2.VideoCapture(str(resolved(path)), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise OSError(nothing_read(path))
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        try:
            refuse_size(round(self.stated(cv2.CAP_PROP_FRAME_WIDTH) * self.stated(cv2.CAP_PROP_FRAME_HEIGHT)))
            stated = orientation_of(path)
        except ValueError as error:
            raise OSError(f"{path}: {error}") from None
        told = _TURNS.get(round(self.stated(cv2.CAP_PROP_ORIENTATION_META)) % 360, 1)
        self._orientation = told if stated in (None, 1) else stated
        self._watch: SizeWatch | None = None
        self._passed = 0
        self.changed = ""
        """In a sentence, why no more can be read, though there is more: its pictures have another size."""
        self._oblong = _oblong(self.stated(cv2.CAP_PROP_SAR_NUM), self.stated(cv2.CAP_PROP_SAR_DEN))

    def stated(self, what: int) -> float:
        """What the container or the last picture states, by OpenCV's number; 0 for what is no number."""
        value = self._capture.get(what)
        return value if math.isfinite(value) else 0.0

    def skip(self) -> bool:
        """Pass over the next picture; False where there is none."""
        good = self._capture.grab()
        self._passed += good
        return good

    def read(self) -> Image | None:
        """The next picture as it is shown, uint8 [H, W, 3] RGB; None where it cannot be read."""
        good, image = self._capture.read()
        if not good or image is None or self._has_changed():
            return None
        self._passed += 1
        height, width = image.shape[:2]
        shown = round(width * self._oblong)
        if shown != width and 0 < shown * height <= most_pixels():
            image = cv2.resize(image, (shown, height), interpolation=cv2.INTER_LINEAR)
        rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
        return upright(rgb, self._orientation)

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()
        if self._watch is not None:
            self._watch.close()

    def _has_changed(self) -> bool:
        """Whether the picture just read is none of the first size, but one of before, shown again."""
        if self._watch is None:
            self._watch = SizeWatch(self.path, int(self.stated(cv2.CAP_PROP_FOURCC)))
        if not self.changed and self._watch.has_changed(self._passed, self.stated(cv2.CAP_PROP_POS_MSEC)):
            self.changed = (
                f"{self.path}: after {self._passed} pictures they have another size, which OpenCV does not "
                "show; make them one: ffmpeg -i IN OUT.mp4"
            )
        return bool(self.changed)


def nothing_read(path: Path) -> str:
    """Why a video of which no picture can be read gives none: its codec is not decoded, or it is damaged.

    Args:
        path: the file.

    Returns:
        One sentence with the remedy.
    """
    try:
        codec = codec_of(path)
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror or error})"
    if codec not in _KNOWN and not codec.startswith(_KNOWN_MATROSKA):
        return (
            f"{path}: its picture is {codec}, which this OpenCV does not decode; convert it: "
            "ffmpeg -i IN -c:v libx264 OUT.mp4"
        )
    return (
        f"{path}: no frame can be read; it is empty, cut short or no video that OpenCV knows "
        "(ffmpeg -i IN OUT.mp4 may repair or convert it)"
    )


def _is_text(path: Path) -> bool:
    """Whether a file is one of those that FFmpeg would follow to others, round and round or for ever.

    So are playlists, lists of parts and descriptions of streams: texts, which no video is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return False
    return head.startswith(_LISTS) or bool(head and not _NO_TEXT.search(head))


def _oblong(width: float, height: float) -> float:
    """How much wider than high a stored pixel is shown; 1 where nothing sound is stated."""
    ratio = width / height if width > 0 and height > 0 else 1.0
    return ratio if 1 / _MOST_OBLONG <= ratio <= _MOST_OBLONG else 1.0
