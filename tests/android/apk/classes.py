"""Class files, as far as references go: https://docs.oracle.com/javase/specs/jvms/se17/html/jvms-4.html."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_UTF8, _CLASS, _NAMED = 1, 7, 12
_REFERENCES = (9, 10, 11)
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 8: 2, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_WIDE = (5, 6)
"""Kinds of constants, and the bytes of those that are passed over; a wide one takes two numbers."""

Member = tuple[str, str]
"""Name and descriptor."""


@dataclass(frozen=True)
class ClassFile:
    """A class, what it is built on, the members that it has, and those of others that it names."""

    name: str
    parents: tuple[str, ...]
    members: frozenset[Member]
    references: frozenset[tuple[str, Member]]


def read_class(data: bytes) -> ClassFile:
    """Read a class file. Raises struct.error, KeyError for what is none."""
    constants, at = _constants(data)

    def text(number: int) -> str:
        return bytes(constants[number][1]).decode(errors="replace")

    def name(number: int) -> str:
        return text(constants[number][1][0])

    def member(number: int) -> Member:
        first, second = constants[number][1]
        return text(first), text(second)

    _, own, parent, count = struct.unpack_from(">4H", data, at)
    interfaces = struct.unpack_from(f">{count}H", data, at + 8)
    at += 8 + 2 * count
    members = set()
    for _ in range(2):  # fields, then methods
        (count,) = struct.unpack_from(">H", data, at)
        at += 2
        for _ in range(count):
            _, first, second, attributes = struct.unpack_from(">4H", data, at)
            members.add((text(first), text(second)))
            at += 8
            for _ in range(attributes):
                at += 6 + struct.unpack_from(">I", data, at + 2)[0]
    references = {
        (name(value[0]), member(value[1])) for kind, value in constants.values() if kind in _REFERENCES
    }
    parents = tuple(name(number) for number in (parent, *interfaces) if number)
    return ClassFile(name(own), parents, frozenset(members), frozenset(references))


def _constants(data: bytes) -> tuple[dict[int, tuple[int, bytes | tuple[int, ...]]], int]:
    """The constants by number, and where they end."""
    (count,) = struct.unpack_from(">H", data, 8)
    found, number, at = {}, 1, 10
    while number < count:
        kind = data[at]
        at += 1
        if kind == _UTF8:
            (size,) = struct.unpack_from(">H", data, at)
            found[number] = (kind, data[at + 2 : at + 2 + size])
            at += 2 + size
        elif kind == _CLASS:
            found[number] = (kind, struct.unpack_from(">H", data, at))
            at += 2
        elif kind == _NAMED or kind in _REFERENCES:
            found[number] = (kind, struct.unpack_from(">HH", data, at))
            at += 4
        else:
            at += _SIZES[kind]
        number += 2 if kind in _WIDE else 1
    return found, at
