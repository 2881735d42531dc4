"""Values that shells complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer


def completed(
    names: Callable[[], Iterable[str]], *, several: bool = False, files: str = ""
) -> Callable[[str], list[str]]:
    """What an option's `autocompletion` takes.

    Args:
        names: gives what may stand there; asked only when a shell asks.
        several: values may be joined by commas, and the last of them is completed.
        files: a suffix of files that may stand there, too.
    """

    def matching(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",") if several else ("", "", incomplete)
        found = [f"{before}{comma}{name}" for name in names() if name.startswith(last)]
        return found + ([str(path) for path in _files(incomplete, files)] if files else [])

    return matching


def one_of(*names: str) -> dict[str, Any]:
    """What `typer.Option` takes for a value that is one of `names`: it is completed, another refused."""

    def checked(value: str | None) -> str | None:
        if value not in (None, *names):
            raise typer.BadParameter(f"'{value}' is not one of {', '.join(names)}")
        return value

    return {"callback": checked, "autocompletion": completed(lambda: names)}


def _files(incomplete: str, suffix: str) -> list[Path]:
    folder, _, start = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    if not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if path.name.startswith(start) and path.suffix == suffix)
