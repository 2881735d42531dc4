"""Android's own resources, rewritten so that Debian's aapt2 reads them.

From Android 15 on tables of resources use 16-bit offsets and compact entries, which aapt2 2.19 does not
know. Such chunks get 32-bit offsets and plain entries; everything else is copied. The format:
https://android.googlesource.com/platform/frameworks/base/+/refs/heads/main/libs/androidfw/include/androidfw/ResourceTypes.h
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from facekp_train.common.console import UserError

_TABLE, _PACKAGE, _TYPE = 0x0002, 0x0200, 0x0201
_SPARSE, _SHORT_OFFSETS = 1, 2
"""Flags of a chunk."""
_COMPLEX, _COMPACT = 1, 8
"""Flags of an entry."""
_NONE, _SHORT_NONE = 0xFFFFFFFF, 0xFFFF
_OLD = (2010, 1, 1, 0, 0, 0)


def write_framework(android_jar: Path, target: Path) -> None:
    """Write the resources of an android-all jar as what `aapt2 link -I` takes.

    Raises UserError where the jar holds none that can be read.
    """
    try:
        with zipfile.ZipFile(android_jar) as jar:
            manifest, table = jar.read("AndroidManifest.xml"), plain_table(jar.read("resources.arsc"))
    except (KeyError, ValueError, struct.error, zipfile.BadZipFile) as error:
        raise UserError(
            f"{android_jar}: its resources cannot be read ({error}); delete it, run make apk"
        ) from None
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as written:
        for name, content in (("AndroidManifest.xml", manifest), ("resources.arsc", table)):
            written.writestr(zipfile.ZipInfo(name, _OLD), content)


def plain_table(table: bytes) -> bytes:
    """A table of resources with 32-bit offsets and plain entries alone. Raises ValueError for others."""
    kind, header, size = struct.unpack_from("<HHI", table)
    if kind != _TABLE or size > len(table):
        raise ValueError("not a table of resources")
    written = bytearray(table[:header])
    for kind, chunk in _chunks(table, header, size):
        written += _plain_package(chunk) if kind == _PACKAGE else chunk
    return _sized(written)


def _plain_package(package: bytes) -> bytes:
    (header,) = struct.unpack_from("<H", package, 2)
    written = bytearray(package[:header])
    for kind, chunk in _chunks(package, header, len(package)):
        written += _plain_type(chunk) if kind == _TYPE else chunk
    return _sized(written)


def _chunks(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    while start < end:
        kind, _, size = struct.unpack_from("<HHI", data, start)
        if size < 8 or start + size > end:
            raise ValueError("a chunk of resources that was cut short")
        yield kind, data[start : start + size]
        start += size


def _plain_type(chunk: bytes) -> bytes:
    """A chunk of one type's entries. Sparse ones stay so: aapt2 knows them."""
    (header,) = struct.unpack_from("<H", chunk, 2)
    kind, flags, reserved, count, start = struct.unpack_from("<BBHII", chunk, 8)
    entries, offsets, compact = bytearray(), {}, False
    for index, at in _offsets(chunk, header, flags, count):
        entry, was_compact = _plain_entry(chunk, start + at)
        compact |= was_compact
        offsets[index] = len(entries)
        entries += entry + bytes(-len(entry) % 4)
    if not compact and not flags & _SHORT_OFFSETS:
        return chunk
    if flags & _SPARSE:
        table = b"".join(struct.pack("<HH", index, at // 4) for index, at in offsets.items())
    else:
        table = struct.pack(f"<{count}I", *(offsets.get(index, _NONE) for index in range(count)))
    head = bytearray(chunk[:header])
    struct.pack_into("<BBHII", head, 8, kind, flags & ~_SHORT_OFFSETS, reserved, count, header + len(table))
    return _sized(head + table + entries)


def _offsets(chunk: bytes, header: int, flags: int, count: int) -> Iterator[tuple[int, int]]:
    """Number and place of every entry that is there."""
    if flags & _SPARSE:
        for i in range(count):
            index, quarter = struct.unpack_from("<HH", chunk, header + 4 * i)
            yield index, 4 * quarter
    elif flags & _SHORT_OFFSETS:
        quarters = struct.unpack_from(f"<{count}H", chunk, header)
        yield from ((i, 4 * quarter) for i, quarter in enumerate(quarters) if quarter != _SHORT_NONE)
    else:
        places = struct.unpack_from(f"<{count}I", chunk, header)
        yield from ((i, place) for i, place in enumerate(places) if place != _NONE)


def _plain_entry(data: bytes, at: int) -> tuple[bytes, bool]:
    """An entry, and whether it was a compact one: key, flags with the value's type above them, value."""
    size, flags = struct.unpack_from("<HH", data, at)
    if flags & _COMPACT:
        (value,) = struct.unpack_from("<I", data, at + 4)
        return struct.pack("<HHIHBBI", 8, flags & 0xFF & ~_COMPACT, size, 8, 0, flags >> 8, value), True
    if flags & _COMPLEX:
        (count,) = struct.unpack_from("<I", data, at + 12)
        return data[at : at + size + 12 * count], False
    (value_size,) = struct.unpack_from("<H", data, at + size)
    return data[at : at + size + value_size], False


def _sized(chunk: bytearray) -> bytes:
    struct.pack_into("<I", chunk, 4, len(chunk))
    return bytes(chunk)
