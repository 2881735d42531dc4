"""What a JPEG says before its pixels, segment by segment: all that a list of photographs needs of each.

Pillow unpacks tables and color profiles on the way, which takes several times as long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from mmap import mmap

from facekp_train.pictures.kinds import DAMAGED

# Marks without a segment, those of a frame's header, and that behind which pixels begin.
_ALONE = {0x00, 0x01, *range(0xD0, 0xDA)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PIXELS, _APP1 = 0xDA, 0xE1
_SIZE_BEHIND = 8
# Any number of these bytes may stand before a mark; of segments no camera writes more.
_NOT_FILLING, _MOST_SEGMENTS, _LONGEST_EXIF = re.compile(rb"[^\xff]"), 10_000, 1 << 20
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


@dataclass
class JpegHeader:
    """Width and height as stored, in pixels; EXIF blocks, each as a TIFF file, and XMP, empty for none."""

    width: int = 0
    height: int = 0
    exif: list[bytes] = field(default_factory=list)
    xmp: bytes = b""


def jpeg_header(data: bytes | mmap) -> JpegHeader:
    """What stands before the pixels.

    Args:
        data: a whole file.

    Returns:
        Its statements; an EXIF block of several segments put together, one that begins anew by itself.

    Raises:
        ValueError: in half a sentence, where no pixels come, or none of a size.
    """
    found, at = JpegHeader(), 2
    for _ in range(_MOST_SEGMENTS):
        start = data.find(b"\xff", at)
        behind = _NOT_FILLING.search(data, start) if start >= 0 else None
        if behind is None or behind.end() + 2 > len(data):
            break
        at = behind.end()
        mark, length = data[at - 1], data[at] << 8 | data[at + 1]
        if mark == _PIXELS and found.width and found.height:
            return found
        if mark in _ALONE:
            continue
        if mark == _APP1:
            _take(data[at + 2 : at + length], found)
        elif mark in _FRAMES and length >= _SIZE_BEHIND:
            found.height, found.width = (data[at + n] << 8 | data[at + n + 1] for n in (3, 5))
        at += max(length, 2)
    raise ValueError(DAMAGED)


def _take(segment: bytes, found: JpegHeader) -> None:
    if segment.startswith(_EXIF) and sum(map(len, found.exif)) < _LONGEST_EXIF:
        body = segment[len(_EXIF) :]
        if found.exif and not body.startswith((b"II*\0", b"MM\0*")):
            found.exif[-1] += body
        else:
            found.exif.append(body)
    elif segment.startswith(_XMP):
        found.xmp = segment[len(_XMP) :]
