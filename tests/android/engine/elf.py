"""What an ELF library asks of others and offers them: elf(5), 32 and 64 bit, little-endian."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_DYNAMIC, _DYNSYM = 6, 11
"""Kinds of sections."""
_NEEDED = 1
_WEAK = 2


@dataclass(frozen=True)
class Library:
    """Libraries that it needs, symbols that it cannot do without, symbols that it has."""

    needed: tuple[str, ...]
    imports: frozenset[str]
    exports: frozenset[str]


def read_library(data: bytes) -> Library:
    """Read a shared library. Raises ValueError, struct.error for what is none."""
    if data[:4] != b"\x7fELF" or data[5] != 1:
        raise ValueError("not a little-endian ELF file")
    wide = data[4] == 2
    sections = _sections(data, wide)
    needed, imports, exports = [], set(), set()
    for kind, start, size, link in sections:
        names = sections[link][1]
        if kind == _DYNAMIC:
            entries = struct.iter_unpack("<qQ" if wide else "<iI", data[start : start + size])
            needed += [_text(data, names + value) for tag, value in entries if tag == _NEEDED]
        elif kind == _DYNSYM:
            for name, info, section in _symbols(data[start : start + size], wide):
                text = _text(data, names + name)
                if section:
                    exports.add(text)
                elif text and info >> 4 != _WEAK:
                    imports.add(text)
    return Library(tuple(needed), frozenset(imports), frozenset(exports))


def _sections(data: bytes, wide: bool) -> list[tuple[int, int, int, int]]:
    """Kind, place, size and linked section of each."""
    (table,) = struct.unpack_from("<Q", data, 40) if wide else struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 58 if wide else 46)
    layout = "<IIQQQQI" if wide else "<IIIIIII"
    heads = (struct.unpack_from(layout, data, table + size * i) for i in range(count))
    return [(head[1], head[4], head[5], head[6]) for head in heads]


def _symbols(table: bytes, wide: bool) -> list[tuple[int, int, int]]:
    """Name, binding and kind, section of each."""
    if wide:
        return [(entry[0], entry[1], entry[3]) for entry in struct.iter_unpack("<IBBHQQ", table)]
    return [(entry[0], entry[3], entry[5]) for entry in struct.iter_unpack("<IIIBBH", table)]


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode()
