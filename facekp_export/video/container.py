"""What a video's container says for certain: whether the frames it tells of should all be there.

MP4 and AVI count the picture's frames. Others, as Matroska and MPEG-TS, tell only how long the longest
stream is, sound included, from which OpenCV makes a count.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# Of an MP4's picture this much may be cut off unseen: containers round their times.
_ROUNDED_SECONDS = 0.05


def counts_frames(path: Path) -> bool:
    """Whether fewer frames than OpenCV tells can only mean that the file is cut short or damaged."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(b"\x1aE\xdf\xa3"):
            return _matroska_end(head) > path.stat().st_size
        if head.startswith(b"RIFF"):
            return True
        return _plays_every_frame(_index(file))


def _matroska_end(head: bytes) -> int:
    """Where a Matroska file should end: after its one segment; 0 where it does not say."""
    size, at = _vint(head, 4)
    at += size
    if head[at : at + 4] != b"\x18S\x80g":
        return 0
    size, at = _vint(head, at + 4)
    return at + size


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A Matroska number, 0 where it means unknown, and where it ends: leading zero bits tell its bytes."""
    length = 9 - _number(data[at : at + 1]).bit_length()
    highest = (1 << 7 * length) - 1
    number = _number(data[at : at + length]) & highest
    return 0 if number == highest else number, at + length


def _index(file: BinaryIO) -> bytes:
    """The body of an MP4's moov box, which describes its tracks; empty where there is none."""
    at = 0
    while len(header := _at(file, at, 16)) >= 8:
        size, kind = _number(header[:4]), header[4:8]
        start, size = (16, _number(header[8:])) if size == 1 else (8, size)
        if kind == b"moov":
            return _at(file, at + start, max(size - start, 0))
        if size < start:
            break
        at += size
    return b""


def _at(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _plays_every_frame(index: bytes) -> bool:
    """Whether an MP4's frames are all counted in its index, and none is left out by an edit list."""
    scale, _ = _times(_inside(index, b"mvhd"))
    tracks = [body for kind, body in _boxes(index) if kind == b"trak"]
    pictures = [track for track in tracks if _inside(track, b"mdia", b"hdlr")[8:12] == b"vide"]
    in_fragments = any(kind == b"mvex" for kind, _ in _boxes(index))
    return bool(pictures) and not in_fragments and all(_plays_whole(track, scale) for track in pictures)


def _plays_whole(track: bytes, movie_scale: int) -> bool:
    """Whether the edit list, as a trimmed video has one, plays the track from its beginning to its end."""
    edits = _inside(track, b"edts", b"elst")
    entry = struct.Struct(">Qqi" if edits[:1] == b"\1" else ">Iii")
    listed = list(entry.iter_unpack(edits[8 : 8 + max(len(edits) - 8, 0) // entry.size * entry.size]))
    # A start of -1 is a pause before the picture.
    played = sum(length for length, start, _ in listed if start >= 0) / movie_scale
    scale, length = _times(_inside(track, b"mdia", b"mdhd"))
    return not listed or played >= length / scale - _ROUNDED_SECONDS


def _times(header: bytes) -> tuple[int, int]:
    """The ticks a second, never 0, and the length in ticks that a movie's or a track's header states."""
    scale, length = (header[20:24], header[24:32]) if header[:1] == b"\1" else (header[12:16], header[16:20])
    return _number(scale) or 1, _number(length)


def _inside(body: bytes, *kinds: bytes) -> bytes:
    """The body of the first box of a kind, in it that of the next kind, and so on; empty where none is."""
    for wanted in kinds:
        body = next((inner for kind, inner in _boxes(body) if kind == wanted), b"")
    return body


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and bodies of the boxes that follow one another in a box's body."""
    at = 0
    while (size := _number(body[at : at + 4])) >= 8:
        yield body[at + 4 : at + 8], body[at + 8 : at + size]
        at += size


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
