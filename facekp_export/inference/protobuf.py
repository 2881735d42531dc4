"""Messages of protobuf, field by field: read without knowing their schema, and written.

What an ONNX file says can so be told without the package onnx.
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | str | bytes


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """A message's fields: number, and bytes or a whole number; those of fixed width are passed over.

    Raises ValueError where it is cut short or no protobuf.
    """
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        # protobuf's readers drop what is beyond 32 bits: a field must not hide behind that.
        number, kind = (key & 0xFFFFFFFF) >> 3, key & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield number, value
        elif kind == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("cut short")
            yield number, data[place : place + size]
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


def numbers(value: int | memoryview) -> list[int]:
    """What one field of repeated whole numbers adds: itself, or those packed into its bytes."""
    if isinstance(value, int):
        return [value]
    found, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        found.append(number)
    return found


def message(*parts: tuple[int, Value]) -> bytes:
    """A message of these fields: each its number, and a whole number from 0, a text or bytes."""
    written = bytearray()
    for number, value in parts:
        if isinstance(value, int):
            written += _varint_bytes(number << 3) + _varint_bytes(value)
            continue
        data = value.encode() if isinstance(value, str) else value
        written += _varint_bytes(number << 3 | 2) + _varint_bytes(len(data)) + data
    return bytes(written)


def _varint_bytes(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
