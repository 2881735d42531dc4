"""Flatbuffer tables read in place, and whether a TFLite file's offsets stay inside it.

The schema that comes with LiteRT takes longer to import and to read a file with than a net does to run;
what opening a file needs is read here without it. Field numbers are those of TensorFlow Lite's
schema.fbs, https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs (version 3).
Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Table:
    """A table of a flatbuffer; its methods raise ValueError where an offset points outside the file.

    Attributes:
        data: the file's content.
        at: where the table begins.
    """

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The table of a file that holds the others."""
        return cls(data, _number(data, 0, "<I"))

    def place(self, field: int, size: int) -> int | None:
        """Where a field of that many bytes lies; None where the table leaves it out."""
        index = self.at - _number(self.data, self.at, "<i")
        slot = 4 + 2 * field
        if slot + 2 > _number(self.data, index, "<H"):
            return None
        offset = _number(self.data, index + slot, "<H")
        return _inside(self.data, self.at + offset, size) if offset else None

    def number(self, field: int, layout: str = "<I") -> int:
        """A number; 0 where the table leaves it out."""
        at = self.place(field, struct.calcsize(layout))
        return 0 if at is None else _number(self.data, at, layout)

    def vector(self, field: int, size: int = 1) -> tuple[int, int]:
        """Where a vector's elements of that many bytes lie, and how many there are; 0, 0 for none."""
        at = self.place(field, 4)
        if at is None:
            return 0, 0
        at += _number(self.data, at, "<I")
        count = _number(self.data, at, "<I")
        return _inside(self.data, at + 4, count * size), count

    def content(self, field: int) -> bytes:
        """A string, or a vector of bytes."""
        at, count = self.vector(field)
        return self.data[at : at + count]

    def table(self, field: int) -> Table | None:
        """The table that a field leads to; None where it is left out."""
        at = self.place(field, 4)
        return None if at is None else Table(self.data, at + _number(self.data, at, "<I"))

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector, one after the other."""
        at, count = self.vector(field, 4)
        for place in range(at, at + 4 * count, 4):
            yield Table(self.data, place + _number(self.data, place, "<I"))


def _inside(data: bytes, at: int, size: int) -> int:
    if not 0 <= at <= len(data) - size:
        raise ValueError("an offset points outside the file")
    return at


def _number(data: bytes, at: int, layout: str) -> int:
    return struct.unpack_from(layout, data, _inside(data, at, struct.calcsize(layout)))[0]
