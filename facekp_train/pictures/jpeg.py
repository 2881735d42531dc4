"""What a JPEG says before its pixels, segment by segment: all that a list of photographs needs of each.

Pillow unpacks tables and color profiles on the way, which takes several times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap

from facekp_train.pictures.kinds import DAMAGED

# Marks without a segment, those of a frame's header, and that behind which pixels begin.
_ALONE = {0x00, 0x01, *range(0xD0, 0xDA)}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PIXELS, _APP1 = 0xDA, 0xE1
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


@dataclass
class JpegHeader:
    """Width and height as stored, in pixels, and the EXIF (as a TIFF file) and XMP blocks, empty for none."""

    width: int = 0
    height: int = 0
    exif: bytes = b""
    xmp: bytes = b""


def jpeg_header(data: bytes | mmap) -> JpegHeader:
    """What stands before the pixels.

    Args:
        data: a whole file.

    Returns:
        Its statements; an EXIF block of several segments put together.

    Raises:
        ValueError: in half a sentence, where no pixels come, or none of a size.
    """
    found, at = JpegHeader(), 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        mark = data[at + 1]
        if mark == 0xFF or mark in _ALONE:
            at += 1 if mark == 0xFF else 2
            continue
        if mark == _PIXELS:
            break
        length = data[at + 2] << 8 | data[at + 3]
        if mark == _APP1:
            _take(data[at + 4 : at + 2 + length], found)
        elif mark in _FRAMES and length >= 8:
            found.height, found.width = (data[at + n] << 8 | data[at + n + 1] for n in (5, 7))
        at += 2 + length
    else:
        raise ValueError(DAMAGED)
    if not found.width or not found.height:
        raise ValueError(DAMAGED)
    return found


def _take(segment: bytes, found: JpegHeader) -> None:
    if segment.startswith(_EXIF):
        found.exif += segment[len(_EXIF) :]
    elif segment.startswith(_XMP):
        found.xmp = segment[len(_XMP) :]
