"""How large a model is and what identifies it, the files that an ONNX file keeps its weights in included.

Such files are listed inside the ONNX file's protobuf, of which the few fields on the way to them are
walked here: the package onnx is no dependency of measuring.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from facekp_train.common.files import sha256_of

# onnx.proto: by message, which of its fields hold a message on the way to a tensor.
_INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_ENTRIES, _LOCATION = 13, 14
_EXTERNAL = 1


def size_and_sha256(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a model file.

    Where an ONNX file's weights lie in others, the bytes of all, and the SHA-256 of all their SHA-256s
    as text, one after the other: the model's own first, the others by their names.
    """
    files = [path, *external_files(path)]
    hashes = [sha256_of(file) for file in files]
    digest = hashes[0] if len(files) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    return sum(file.stat().st_size for file in files), digest


def external_files(path: Path) -> list[Path]:
    """The files beside an ONNX file that hold its weights, by name; of a damaged one those found until there.

    What is missing or lies elsewhere is left out: the engine refuses the model.
    """
    if path.suffix.lower() != ".onnx" or not path.stat().st_size:
        return []
    names: set[str] = set()
    try:
        with path.open("rb") as stream:
            names.update(_locations(memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))))
    except ValueError:
        pass  # opening it says so in the engine's words
    inside = (name for name in sorted(names) if ".." not in PurePosixPath(name).parts and name[:1] != "/")
    return [file for file in (path.parent / name for name in inside) if file.is_file()]


def _locations(model: memoryview) -> Iterator[str]:
    """Every `location` of external data. Raises ValueError where the file is damaged."""
    waiting = [("model", model)]
    while waiting:
        message, data = waiting.pop()
        if message == "tensor":
            yield from _location(data)
            continue
        for number, value in _fields(data):
            inner = _INSIDE[message].get(number)
            if inner and isinstance(value, memoryview):
                waiting.append((inner, value))


def _location(tensor: memoryview) -> Iterator[str]:
    fields = list(_fields(tensor))
    if (_LOCATION, _EXTERNAL) not in [field for field in fields if isinstance(field[1], int)]:
        return
    for number, entry in fields:
        if number == _ENTRIES and isinstance(entry, memoryview):
            texts = {n: bytes(v).decode() for n, v in _fields(entry) if isinstance(v, memoryview)}
            if texts.get(1) == "location":
                yield texts.get(2, "")


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """A message's fields: number, and bytes or a whole number; those of fixed width are passed over."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield key >> 3, value
        elif kind == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("cut short")
            yield key >> 3, data[place : place + size]
            place += size
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise ValueError("no protobuf")


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, the lowest first, and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("no protobuf")
