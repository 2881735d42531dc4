"""Files out of AARs, wheels, npm's and Debian packages, and what a loader needs to know of an ELF file."""

from __future__ import annotations

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

_LOAD = 1
_DAMAGED = (lzma.LZMAError, zlib.error)


def read_members(archive: Path, paths: list[str]) -> dict[str, bytes]:
    """The files at `paths` of a .deb, a .tgz, an .aar or a .whl, by path.

    Raises ValueError where the archive is damaged or lacks one of them.
    """
    try:
        if archive.suffix == ".tgz":
            with tarfile.open(archive) as tar:
                return {path: _tar_file(tar, path) for path in paths}
        if archive.suffix == ".deb":
            with tarfile.open(fileobj=io.BytesIO(_deb_data(archive.read_bytes()))) as tar:
                return {path: _tar_file(tar, path) for path in paths}
        with zipfile.ZipFile(archive) as zipped:
            return {path: zipped.read(path) for path in paths}
    except (
        ValueError,
        KeyError,
        EOFError,
        OSError,
        tarfile.TarError,
        zipfile.BadZipFile,
        *_DAMAGED,
    ) as error:
        raise ValueError(f"{archive.name}: {error}") from None


def _tar_file(tar: tarfile.TarFile, path: str) -> bytes:
    stream = tar.extractfile(path)
    if stream is None:
        raise KeyError(f"{path} is not a file")
    return stream.read()


def _deb_data(package: bytes) -> bytes:
    """The tar with a package's files: a .deb is an `ar` archive (deb(5)) of three members."""
    if not package.startswith(b"!<arch>\n"):
        raise ValueError("not a Debian package")
    at = 8
    while at + 60 <= len(package):
        name, size = package[at : at + 16].strip(b" /"), package[at + 48 : at + 58].strip()
        if not size.isdigit():
            break
        if name.startswith(b"data.tar") and at + 60 + int(size) <= len(package):
            return package[at + 60 : at + 60 + int(size)]
        at += 60 + int(size) + int(size) % 2
    raise ValueError("a Debian package without files")


def load_alignment(file: bytes) -> int:
    """The smallest alignment, in bytes, of what a loader maps of a 64-bit little-endian ELF file.

    A phone whose memory pages are larger refuses the file (elf(5); PT_LOAD's p_align). Raises
    ValueError for other files.
    """
    if len(file) < 64 or file[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", file, 32)
    size, count = struct.unpack_from("<HH", file, 54)
    if table + size * count > len(file):
        raise ValueError("an ELF file that was cut short")
    headers = [struct.unpack_from("<II6Q", file, table + size * i) for i in range(count)]
    alignments = [header[7] for header in headers if header[0] == _LOAD]
    if not alignments:
        raise ValueError("an ELF file with nothing to load")
    return min(alignments)
