"""What a model file must be before any engine is asked."""

from __future__ import annotations

from pathlib import Path


def refuse_unopenable(path: Path) -> None:
    """Raise OSError for a missing file, ValueError for a name that the engines, written in C++, refuse."""
    if not path.is_file():
        raise OSError(f"{path}: no such file")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: its name is not valid UTF-8, which the engines need; rename it") from None
