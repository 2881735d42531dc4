"""What a video's container says for certain: whether the frames it tells of should all be there.

MP4 and AVI count the picture's frames. Others, as Matroska and MPEG-TS, tell only how long the longest
stream is, sound included, from which OpenCV makes a count.
"""

from __future__ import annotations

import struct
from pathlib import Path

from facekp_train.pictures.containers import (
    MATROSKA,
    boxes,
    index_of,
    inside,
    matroska_end,
    number_of,
    picture_tracks,
)

# Of an MP4's picture this much may be cut off unseen: containers round their times.
_ROUNDED_SECONDS = 0.05


def counts_frames(path: Path) -> bool:
    """Whether fewer frames than OpenCV tells can only mean that the file is cut short or damaged."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(MATROSKA):
            return matroska_end(head) > path.stat().st_size
        if head.startswith(b"RIFF"):
            return True
        return _plays_every_frame(index_of(file))


def _plays_every_frame(index: bytes) -> bool:
    """Whether an MP4's frames are all counted in its index, and none is left out by an edit list."""
    scale, _ = _times(inside(index, b"mvhd"))
    pictures = picture_tracks(index)
    in_fragments = any(kind == b"mvex" for kind, _ in boxes(index))
    return bool(pictures) and not in_fragments and all(_plays_whole(track, scale) for track in pictures)


def _plays_whole(track: bytes, movie_scale: int) -> bool:
    """Whether the edit list, as a trimmed video has one, plays the track from its beginning to its end."""
    edits = inside(track, b"edts", b"elst")
    entry = struct.Struct(">Qqi" if edits[:1] == b"\1" else ">Iii")
    listed = list(entry.iter_unpack(edits[8 : 8 + max(len(edits) - 8, 0) // entry.size * entry.size]))
    # A start of -1 is a pause before the picture.
    played = sum(length for length, start, _ in listed if start >= 0) / movie_scale
    scale, length = _times(inside(track, b"mdia", b"mdhd"))
    return not listed or played >= length / scale - _ROUNDED_SECONDS


def _times(header: bytes) -> tuple[int, int]:
    """The ticks a second, never 0, and the length in ticks that a movie's or a track's header states."""
    scale, length = (header[20:24], header[24:32]) if header[:1] == b"\1" else (header[12:16], header[16:20])
    return number_of(scale) or 1, number_of(length)
