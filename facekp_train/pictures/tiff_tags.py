"""The tags of a TIFF file's first directory, which is also how EXIF is written.

Only what is asked for is looked at: a stranger's directory may name more than memory holds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from mmap import mmap

WIDTH, HEIGHT, PHOTOMETRIC, ORIENTATION, TILE_WIDTH, TILE_HEIGHT = 256, 257, 262, 274, 322, 323
SAMPLE_FORMAT, XMP, SUBFILE, DNG_VERSION = 339, 700, 254, 50706

_NUMBERS = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii", 16: "Q"}
"""A fraction's are two, of which the lower is 1 where it stands for a whole number."""


@dataclass(frozen=True)
class Tag:
    """A tag's first number, and where in the file and how it is written."""

    value: int
    place: int
    code: str

    def packed(self, value: int) -> bytes:
        """Another value, as the file writes this one."""
        return struct.pack(self.code, value)


def tags_of(data: bytes | mmap) -> dict[int, Tag]:
    """The first directory's tags that are whole numbers, by their own numbers; each that comes first.

    Args:
        data: a TIFF or BigTIFF file, or the content of an EXIF block.

    Returns:
        None of them where it is damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return {}
    try:
        return _directory(data, order)
    except struct.error:
        return {}


def _directory(data: bytes | mmap, order: str) -> dict[int, Tag]:
    big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    offset, count_code, head, room = ("Q", "Q", "HHQ", 8) if big else ("I", "H", "HHI", 4)
    (start,) = struct.unpack_from(order + offset, data, 8 if big else 4)
    (count,) = struct.unpack_from(order + count_code, data, start)
    first, size = start + struct.calcsize(f"={count_code}"), struct.calcsize(f"={head}") + room
    found: dict[int, Tag] = {}
    for entry in range(first, min(first + count * size, len(data) - size + 1), size):
        number, kind, values = struct.unpack_from(order + head, data, entry)
        code, place = _NUMBERS.get(kind), entry + size - room
        if code is None or number in found or not values:
            continue
        if values * struct.calcsize(f"={code}") > room:
            (place,) = struct.unpack_from(order + offset, data, place)
            if place + struct.calcsize(f"={code}") > len(data):
                continue
        found[number] = Tag(struct.unpack_from(order + code, data, place)[0], place, order + code[0])
    return found
