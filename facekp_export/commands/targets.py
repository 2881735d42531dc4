"""What a command writes must not be what it reads."""

from __future__ import annotations

from pathlib import Path

import typer


def refuse_source(target: Path, source: Path, what: str) -> None:
    """Raise typer.BadParameter where writing `target` would destroy `source`, which is a `what`.

    Links count: another name of the same file, or folder, is that file.
    """
    try:
        same = target.samefile(source)
    except OSError:  # one of them is not there
        return
    if same:
        raise typer.BadParameter(f"{target} is the {what} itself; name another with --out")
