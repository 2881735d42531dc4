"""The EXIF and XMP blocks of a JPEG 2000 file, in boxes with a mark of 16 bytes; Pillow looks for neither."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from mmap import mmap

from facekp_train.pictures.containers import boxes

_EXIF = (b"JpgTiffExif->JP2", bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e"))
"""Adobe's mark, and Photoshop's."""
_XMP = (bytes.fromhex("be7acfcb97a942e89c71999491e3afac"),)
_MARK, _LONGEST, _MOST_BOXES = 16, 1 << 18, 10_000


def exif_of_jpeg_2000(data: bytes | mmap) -> list[bytes]:
    """The EXIF blocks, each as a TIFF file; none in a bare code stream."""
    return list(_blocks(data, _EXIF))


def xmp_of_jpeg_2000(data: bytes | mmap) -> bytes:
    """The XMP block; empty where there is none."""
    return next(_blocks(data, _XMP), b"")


def _blocks(data: bytes | mmap, marks: tuple[bytes, ...]) -> Iterator[bytes]:
    listed = islice(boxes(data, _LONGEST), _MOST_BOXES)
    return (body[_MARK:] for kind, body in listed if kind == b"uuid" and body.startswith(marks))
