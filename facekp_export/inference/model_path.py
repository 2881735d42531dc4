"""What a model file must be before any engine is asked."""

from __future__ import annotations

from pathlib import Path

from facekp_train.common.files import refuse_streams


def refuse_unopenable(path: Path) -> None:
    """Raise OSError for a missing file or a stream, ValueError for a name that the engines in C++ refuse."""
    refuse_streams(path)
    if not path.is_file():
        raise OSError(f"{path}: no such file")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: its name is not valid UTF-8, which the engines need; rename it") from None
