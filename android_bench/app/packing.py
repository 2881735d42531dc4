"""Zip archives of one order and one date; in an APK, what a phone maps into memory is stored and aligned."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

LIBRARY_ALIGNMENT = 16384
"""Bytes; engines are mapped straight out of the APK, in pages of 4 or 16 KB."""
STORED = (".so", ".tflite", ".arsc", ".png")
"""What is not compressed: mapped into memory, or compressed already."""
_ALIGNMENT = 4
_FIELD = 0xD935
"""Android's extra field of alignment; apksigner keeps to it."""
_FIELD_HEAD = 6
_HEADER = 30
_DATE = (2010, 1, 1, 0, 0, 0)


def write_apk(target: Path, files: Mapping[str, bytes]) -> None:
    """Write files, by their names in the archive, as an APK that is still to be signed."""
    with target.open("wb") as stream, zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(files, key=lambda name: (name != "AndroidManifest.xml", name)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(STORED) else zipfile.ZIP_DEFLATED
            if entry.compress_type == zipfile.ZIP_STORED:
                alignment = LIBRARY_ALIGNMENT if name.endswith(".so") else _ALIGNMENT
                entry.extra = _padding(stream.tell() + _HEADER + len(name.encode()), alignment)
            archive.writestr(entry, files[name], compresslevel=9)


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Files, by their names in the archive, as a zip archive that nothing maps into memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return stream.getvalue()


def data_offsets(apk: Path) -> dict[str, int]:
    """Where each entry's data begins in the file, in bytes."""
    offsets = {}
    with zipfile.ZipFile(apk) as archive, apk.open("rb") as stream:
        for entry in archive.infolist():
            stream.seek(entry.header_offset + 26)
            name, extra = struct.unpack("<HH", stream.read(4))
            offsets[entry.filename] = entry.header_offset + _HEADER + name + extra
    return offsets


def _padding(place: int, alignment: int) -> bytes:
    """An extra field after which data that would begin at `place` is aligned."""
    size = -place % alignment
    if size == 0:
        return b""
    while size < _FIELD_HEAD:
        size += alignment
    return struct.pack("<HHH", _FIELD, size - 4, alignment) + bytes(size - _FIELD_HEAD)
