"""Pictures that are stored turned, with the mark that says so wherever a format may carry it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

Picture = NDArray[np.uint8]

TURNED: dict[int, Callable[[Picture], Picture]] = {
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: image.transpose(1, 0, 2),
    6: np.rot90,
    7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
    8: lambda image: np.rot90(image, -1),
}
"""From the upright picture, how it is stored under each of EXIF's orientations."""


def exif(orientation: int, order: str = "<", long: bool = False, signed: bool = False) -> bytes:
    """An EXIF block of one tag, as a TIFF file."""
    value = struct.pack(f"{order}I", orientation) if long else struct.pack(f"{order}HH", orientation, 0)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, 1)
    return head + struct.pack(f"{order}HHI", 274, (4 if long else 3) + 5 * signed, 1) + value + bytes(4)


def fraction(orientation: int) -> bytes:
    """An EXIF block that writes it as a fraction of 1, which stands behind the directory."""
    entry = struct.pack("<HHII", 274, 5, 1, 26)
    return b"II*\0\x08\0\0\0\x01\0" + entry + bytes(4) + struct.pack("<II", orientation, 1)


EMPTY = b"II*\0\x08\0\0\0\0\0" + bytes(4)
"""An EXIF block that says nothing, as editors leave one in front of another."""


def xmp(orientation: int) -> bytes:
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def spaced_xmp(orientation: int) -> bytes:
    return f"<tiff:Orientation>\n  {orientation}\n</tiff:Orientation>".encode()


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _profile(block: bytes, name: str = "exif", head: bytes = b"Exif\0\0") -> bytes:
    return f"\n{name}\n{len(head + block):8}\n{(head + block).hex()}\n".encode()


def saved(image: Picture, form: str, **options: object) -> bytes:
    """An RGB picture as a file."""
    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(image)).save(stream, form, **options)
    return stream.getvalue()


def _jpeg(image: Picture, *segments: bytes) -> bytes:
    data = saved(image, "JPEG", quality=95)
    return data[:2] + b"".join(map(_segment, segments)) + data[2:]


def _png(image: Picture, name: bytes, content: bytes, behind: bool = False) -> bytes:
    return _png_of(saved(image, "PNG"), name, content, behind)


def _png_of(data: bytes, name: bytes, content: bytes, behind: bool = False) -> bytes:
    place = len(data) - 12 if behind else 33
    return data[:place] + _chunk(name, content) + data[place:]


def _jp2(image: Picture, content: bytes, behind: bool = False, wide: bool = False) -> bytes:
    data = saved(image, "JPEG2000")
    size = (1).to_bytes(4, "big"), (16 + len(content)).to_bytes(8, "big")
    box = size[0] + b"uuid" + size[1] if wide else (8 + len(content)).to_bytes(4, "big") + b"uuid"
    place = len(data) if behind else data.index(b"jp2c") - 4
    return data[:place] + box + content + data[place:]


_PHOTOSHOP = bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e")
_XMP_MARK = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_XMP_HEAD, _EXIF_HEAD = b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
_KEY, _XMP_KEY = b"Raw profile type exif\0", b"XML:com.adobe.xmp\0"
_APP1_KEY = b"Raw profile type APP1\0"

FORMS: dict[str, Callable[[Picture, int], bytes]] = {
    "exif.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + exif(o)),
    "motorola.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + exif(o, ">")),
    "long.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + exif(o, long=True)),
    "signed.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + exif(o, signed=True)),
    "xmp_first.jpg": lambda image, o: _jpeg(image, _XMP_HEAD + xmp(1), _EXIF_HEAD + exif(o)),
    "fraction.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + fraction(o)),
    "empty_first.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + EMPTY, _EXIF_HEAD + exif(o)),
    "empty_and_xmp.jpg": lambda image, o: _jpeg(image, _EXIF_HEAD + EMPTY, _XMP_HEAD + spaced_xmp(o)),
    "xmp_alone.jpg": lambda image, o: _jpeg(image, _XMP_HEAD + xmp(o)),
    "saved.jfif": lambda image, o: _jpeg(image, _EXIF_HEAD + exif(o)),
    "before.png": lambda image, o: _png(image, b"eXIf", exif(o)),
    "behind.png": lambda image, o: _png(image, b"eXIf", exif(o), behind=True),
    "profile.png": lambda image, o: _png(image, b"zTXt", _KEY + b"\0" + zlib.compress(_profile(exif(o)))),
    "profile_behind.png": lambda image, o: _png(
        image, b"zTXt", _KEY + b"\0" + zlib.compress(_profile(exif(o))), behind=True
    ),
    "profile_plain.png": lambda image, o: _png(image, b"tEXt", _KEY + _profile(exif(o))),
    "profile_international.png": lambda image, o: _png(
        image, b"iTXt", _KEY + b"\1\0\0\0" + zlib.compress(_profile(exif(o)))
    ),
    "empty_first.png": lambda image, o: _png_of(
        _png(image, b"zTXt", _KEY + b"\0" + zlib.compress(_profile(exif(o)))), b"eXIf", EMPTY
    ),
    "profile_app1.png": lambda image, o: _png(image, b"tEXt", _APP1_KEY + _profile(exif(o), "app1")),
    "xmp_profile.png": lambda image, o: _png(
        image, b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(_profile(xmp(o), "xmp", b""))
    ),
    "xmp_profile_app1.png": lambda image, o: _png(
        image, b"tEXt", _APP1_KEY + _profile(xmp(o), "app1", _XMP_HEAD)
    ),
    "xmp_behind.png": lambda image, o: _png(
        image, b"iTXt", _XMP_KEY + b"\1\0\0\0" + zlib.compress(xmp(o)), behind=True
    ),
    "lossy.webp": lambda image, o: saved(image, "WEBP", quality=95, exif=exif(o)),
    "headed.webp": lambda image, o: saved(image, "WEBP", quality=95, exif=_EXIF_HEAD + exif(o, ">")),
    "lossless.webp": lambda image, o: saved(image, "WEBP", lossless=True, exif=exif(o)),
    "plain.tif": lambda image, o: saved(image, "TIFF", tiffinfo={274: o}),
    "xmp.tif": lambda image, o: saved(image, "TIFF", tiffinfo={700: xmp(o)}),
    "packed.tiff": lambda image, o: saved(image, "TIFF", compression="tiff_lzw", tiffinfo={274: o}),
    "adobe.jp2": lambda image, o: _jp2(image, b"JpgTiffExif->JP2" + exif(o)),
    "headed.jp2": lambda image, o: _jp2(image, b"JpgTiffExif->JP2" + _EXIF_HEAD + exif(o, ">")),
    "photoshop.jp2": lambda image, o: _jp2(image, _PHOTOSHOP + exif(o), wide=True),
    "behind.jp2": lambda image, o: _jp2(image, b"JpgTiffExif->JP2" + exif(o), behind=True),
    "xmp.jp2": lambda image, o: _jp2(image, _XMP_MARK + xmp(o)),
    "big.tif": lambda image, o: saved(image, "TIFF", big_tiff=True, tiffinfo={274: o}),
}
"""By file name: an RGB picture as stored, and its mark, as a file."""
