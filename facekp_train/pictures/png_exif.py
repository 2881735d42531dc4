"""The EXIF and XMP blocks of a PNG, before or behind its pixels, in a chunk or packed as text.

Pillow decodes the whole picture to find one that stands behind.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from mmap import mmap

from facekp_train.pictures.kinds import DAMAGED

_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# ImageMagick's and exiftool's; one of APP1 is either.
_PROFILES = (b"Raw profile type exif\0", b"Raw profile type APP1\0")
_XMP = b"XML:com.adobe.xmp\0"
_XMP_PROFILES = (b"Raw profile type xmp\0", b"Raw profile type APP1\0")
_XMP_MARKS = (b"<", b"http://ns.adobe.com/xap/1.0/\0")
# A block of 64 kB has twice as many hexadecimal digits; a stranger's may not unpack to gigabytes.
_LONGEST = 1 << 18


def exif_of_png(data: bytes | mmap) -> list[bytes]:
    """The EXIF blocks of a PNG.

    Args:
        data: the whole file.

    Returns:
        Each as a TIFF file; more than one where programs left an earlier one.

    Raises:
        ValueError: in half a sentence, where a part states more bytes than there are: decoders take
            memory for what is stated.
    """
    return [
        content if name == b"eXIf" else _packed(name, content).removeprefix(b"Exif\0\0")
        for name, content in _chunks(data)
        if name == b"eXIf" or content.startswith(_PROFILES)
    ]


def xmp_of_png(data: bytes | mmap) -> bytes:
    """The XMP block of a PNG, 256 kB of it at most; empty where there is none. Raises as `exif_of_png`."""
    for name, content in _chunks(data):
        if name in _TEXTS and content.startswith(_XMP):
            return _text(name, content)
        if name in _TEXTS and content.startswith(_XMP_PROFILES):
            block = _packed(name, content)
            if block.startswith(_XMP_MARKS):
                return block
    return b""


def _chunks(data: bytes | mmap) -> Iterator[tuple[bytes, bytes]]:
    place, found = 8, []
    while place + 12 <= len(data):
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if place + 12 + length > len(data):
            raise ValueError(f"{DAMAGED}: a part of it states {length:,} bytes")
        if name == b"eXIf" or name in _TEXTS:
            found.append((name, data[place + 8 : place + 8 + length]))
        if name == b"IEND":
            break
        place += 12 + length
    yield from found


def _packed(name: bytes, content: bytes) -> bytes:
    """Lines of a name, a count and hexadecimal digits, behind the chunk's own header."""
    try:
        digits = b"".join(_text(name, content).split()[2:]).decode("ascii")
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _text(name: bytes, content: bytes) -> bytes:
    """What a chunk of text says, unpacked; empty where it is damaged."""
    _, _, rest = content.partition(b"\0")
    if name == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    else:
        packed, rest = name == b"zTXt", rest[name == b"zTXt" :]
    try:
        return zlib.decompressobj().decompress(rest, _LONGEST) if packed else rest
    except zlib.error:
        return b""
