"""How large a model is and what identifies it, the files that an ONNX file keeps its weights in included."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from facekp_export.inference.onnx_weights import external_locations
from facekp_train.common.files import sha256_of


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
    """The files beside an ONNX file that hold its weights, by name; none of a damaged one.

    What is missing or lies elsewhere is left out: opening refuses the model.
    """
    if path.suffix.lower() != ".onnx":
        return []
    try:
        names = external_locations(path)
    except ValueError:
        return []  # opening it says so in the engine's words
    inside = (name for name in sorted(names) if ".." not in PurePosixPath(name).parts and name[:1] != "/")
    return [file for file in (path.parent / name for name in inside) if _is_file(file)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
