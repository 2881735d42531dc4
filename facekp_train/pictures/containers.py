"""How MP4, JPEG 2000 and Matroska nest what they hold: boxes and elements, of which few are read."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import BinaryIO

MATROSKA = b"\x1aE\xdf\xa3"
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
# As much as a box may have before its body.
_HEAD = 16
# Tracks stand before the first picture, behind little else.
_MATROSKA_START = 1 << 20
# A film of a day has less to say of its pictures; a stranger's may state as much as the disk holds.
_LONGEST_INDEX = 1 << 28


def number_of(data: bytes) -> int:
    """A whole number, its highest byte first."""
    return int.from_bytes(data, "big")


def index_of(file: BinaryIO) -> bytes:
    """The body of an MP4's moov box, which describes its tracks, unpacked; empty where there is none."""
    at, end = 0, file.seek(0, 2)
    # What is no such file, as a stream by itself, may state that the next box is beyond any file's end.
    while at < end and len(header := _at(file, at, _HEAD)) >= 8:
        start, size = _extent(header, end - at)
        if header[4:8] == b"moov":
            body = _at(file, at + start, min(max(size - start, 0), _LONGEST_INDEX))
            return _unpacked(inside(body, b"cmov", b"cmvd")) or body
        if size < start:
            break
        at += size
    return b""


def _unpacked(packed: bytes) -> bytes:
    """The body of a moov box that QuickTime has packed; empty where it is damaged."""
    try:
        return inside(zlib.decompressobj().decompress(packed[4:], _LONGEST_INDEX), b"moov")
    except zlib.error:
        return b""


def boxes(body: bytes | mmap, most: int = _LONGEST_INDEX) -> Iterator[tuple[bytes, bytes]]:
    """The kinds of the boxes that follow one another in a box or a file, and `most` bytes of each body."""
    at = 0
    while len(header := body[at : at + _HEAD]) >= 8:
        start, size = _extent(header, len(body) - at)
        if size < start:
            return
        yield header[4:8], body[at + start : at + min(size, start + most)]
        at += size


def _extent(header: bytes, left: int) -> tuple[int, int]:
    """Where a box's body begins, and its size: of eight bytes behind a 1, and of all that is left for a 0."""
    size = number_of(header[:4])
    return (16, number_of(header[8:_HEAD])) if size == 1 else (8, size or left)


def inside(body: bytes, *kinds: bytes) -> bytes:
    """The body of the first box of a kind, in it that of the next kind, and so on; empty where none is."""
    for wanted in kinds:
        body = next((inner for kind, inner in boxes(body) if kind == wanted), b"")
    return body


def picture_tracks(index: bytes) -> list[bytes]:
    """The bodies of an MP4's tracks that hold pictures, in their order."""
    tracks = [body for kind, body in boxes(index) if kind == b"trak"]
    return [track for track in tracks if inside(track, b"mdia", b"hdlr")[8:12] == b"vide"]


def matroska_end(head: bytes) -> int:
    """Where a Matroska file should end: after its one segment; 0 where it does not say."""
    size, at = _vint(head, 4)
    at += size or 0
    if number_of(head[at : at + 4]) != _SEGMENT:
        return 0
    size, at = _vint(head, at + 4)
    return 0 if size is None else at + size


def matroska_segment(path: Path) -> bytes:
    """What stands before the first pictures of a Matroska file; empty for another file."""
    with path.open("rb") as file:
        head = file.read(_MATROSKA_START)
    return element(head, _SEGMENT) if head.startswith(MATROSKA) else b""


def elements(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The marks and bodies of the Matroska elements that follow one another, up to the first pictures."""
    at = 0
    while at < len(body):
        length = 9 - body[at].bit_length()
        mark = number_of(body[at : at + length])
        size, start = _vint(body, at + length)
        if mark == _CLUSTER or start > len(body):
            return
        at = len(body) if size is None else start + size
        yield mark, body[start:at]


def element(body: bytes, *marks: int) -> bytes:
    """The body of the first element of a mark, in it that of the next, and so on; empty where none is."""
    for wanted in marks:
        body = next((inner for mark, inner in elements(body) if mark == wanted), b"")
    return body


def _vint(data: bytes, at: int) -> tuple[int | None, int]:
    """A Matroska number, None where it means unknown, and where it ends: leading zero bits tell its bytes."""
    length = 9 - number_of(data[at : at + 1]).bit_length()
    highest = (1 << 7 * length) - 1
    number = number_of(data[at : at + length]) & highest
    return None if number == highest else number, at + length


def _at(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
