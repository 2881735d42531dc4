"""What the lists' readers share: text, a row's numbers, rows met twice, and lists read side by side."""

from __future__ import annotations

import math
import os
import stat
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facekp_train.datasets.reading.notes import DataError

Columns = TypeVar("Columns")

# OpenCV opens no image with a longer side.
_FARTHEST = 1 << 20
_LOOKED_AT, _QUOTED, _MOST_DIGITS = 1024, 40, 12
_NO_SIDE = -1


def read_text(file: Path, errors: str = "strict") -> str:
    """A text without its byte order mark, `errors` as in `open`. Raises DataError for what is not UTF-8."""
    _refuse_streams(file)
    with file.open("rb") as stream:
        _refuse_binary(file, stream)
        data = stream.read()
    try:
        return data.decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        raise DataError(f"{file}: it is not UTF-8 text; save it as UTF-8") from None


def numbered_lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a list from 1, one at a time, without a byte order mark. Raises DataError as above."""
    _refuse_streams(file)
    with file.open("rb") as stream:
        _refuse_binary(file, stream)
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        yield from enumerate(lines, 1)


def _refuse_streams(file: Path) -> None:
    """Opening a pipe waits for whoever writes into it, and a device may have no end."""
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise DataError(f"{file}: a pipe or a device, not a file; save its text in a file, and name that")


def _refuse_binary(file: Path, stream: BinaryIO) -> None:
    """Windows' own programs write UTF-16; of plain text in it every other byte is zero."""
    start = stream.read(_LOOKED_AT)
    stream.seek(0)
    if start[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        raise DataError(f"{file}: it is UTF-32 text; save it as UTF-8: iconv -f UTF-32 -t UTF-8")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or any(
        start[zeros::2] and not any(start[zeros::2]) and all(start[1 - zeros :: 2]) for zeros in (0, 1)
    ):
        raise DataError(f"{file}: it is UTF-16 text; save it as UTF-8: iconv -f UTF-16 -t UTF-8")
    if 0 in start:
        raise DataError(f"{file}: it is binary, not text; write its numbers out as text")


def to_numbers(fields: Sequence[str]) -> NDArray[np.float64]:
    """The numbers of a row's columns. Raises ValueError for one that can be no coordinate."""
    try:
        values = np.array([float(field) for field in fields])
    except ValueError:
        wrong = next(field for field in fields if not _is_number(field))
        comma = "; write 1.5, not 1,5" if _is_number(wrong.replace(",", ".", 1)) else ""
        raise ValueError(f"a coordinate is not a number: '{wrong[:_QUOTED]}'{comma}") from None
    return checked(values)


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def checked(coordinates: ArrayLike) -> NDArray[np.float64]:
    """The coordinates. Raises ValueError where one is not finite or is larger than any photograph."""
    values = np.asarray(coordinates, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a coordinate is not a finite number")
    farthest = float(np.abs(values).max(initial=0))
    if farthest > _FARTHEST:
        raise ValueError(f"a coordinate of {farthest:g} pixels is larger than any photograph")
    return values


def stated_size(width: Any, height: Any) -> tuple[int, int] | None:
    """The size of a photograph as a file states it; None where it states none.

    Programs write 512, 512.0 and "512"; true is no number, and "" and not-a-number stand for none. What is no
    whole number, or of more digits than any size has, is read as a size that no photograph has.
    """
    sides = _side(width), _side(height)
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _side(value: Any) -> int | None:
    if isinstance(value, str) and _is_number(value.strip()):
        value = int(value) if value.strip().isdecimal() and len(value) <= _MOST_DIGITS else float(value)
    if isinstance(value, float):
        value = None if math.isnan(value) else int(value) if value.is_integer() else _NO_SIDE
    if isinstance(value, str) and value.strip():
        return _NO_SIDE
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return max(-(10**_MOST_DIGITS), min(value, 10**_MOST_DIGITS))


def first_found(root: Path, folders: Sequence[str], names: Sequence[str]) -> Path | None:
    """The first of the files `names` in the first of the folders that has one; None where none has.

    Where no name is found as it is given, backslashes count as slashes, which Windows' programs write
    them for. A name that no file can have is one that none has.
    """
    turned = [name.replace("\\", "/") for name in names if "\\" in name]
    places = (root / folder / name for known in (names, turned) for folder in folders for name in known)
    return next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113 - never raises


class SeenRows:
    """Which rows were met before, and where: some fifty bytes a row, however long the rows are.

    Rows are told apart by 64 bits of their hash, so that one in a million rows is wrongly taken for
    another once in thirty million lists.
    """

    def __init__(self) -> None:
        self._count = 0
        self._resize(1 << 10)

    def first(self, row: tuple[str, bytes], place: int) -> int:
        """Where the row was met first: `place` itself (from 1) where it is new."""
        if 2 * self._count >= len(self._keys):
            keys, places = self._keys, self._places
            self._resize(2 * len(keys))
            for key, known in zip(keys, places, strict=True):
                if known:
                    self._put(key, known)
        return self._put(hash(row) & 0xFFFF_FFFF_FFFF_FFFF, place)

    def refuse_again(self, row: tuple[str, bytes], place: int, where: str) -> None:
        """Raises ValueError where a row was met before.

        Only lists to learn from are read so. In one that figures are reported on, a face that stands there
        twice counts twice: the published count has it, and so have the figures beside which ours stand.

        Args:
            row: what tells it.
            place: its own, from 1.
            where: what places are called, such as `line`.
        """
        first = self.first(row, place)
        if first != place:
            raise ValueError(f"the same face of {row[0]} is already in {where} {first}")

    def _resize(self, size: int) -> None:
        self._count = 0
        self._keys = array("Q", bytes(8 * size))
        self._places = array("I", bytes(4 * size))

    def _put(self, key: int, place: int) -> int:
        slot = key % len(self._keys)
        while known := self._places[slot]:
            if self._keys[slot] == key:
                return known
            slot = (slot + 1) % len(self._keys)
        self._keys[slot], self._places[slot] = key, place
        self._count += 1
        return place


class Beside(Generic[Columns]):
    """Another list about the same images, read along with the first.

    The published lists are in one order, so that nothing is held; of lists in another order, the
    rows that were passed wait until they are asked for.
    """

    def __init__(self, rows: Iterator[tuple[str, Columns]]) -> None:
        self._rows = rows
        self._passed: dict[str, Columns] = {}

    def of(self, name: str) -> Columns | None:
        """The columns of an image, each row once; None where the list lacks it."""
        if name in self._passed:
            return self._passed.pop(name)
        for other, columns in self._rows:
            if other == name:
                return columns
            self._passed[other] = columns
        return None
