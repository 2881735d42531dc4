"""Values that shells complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path


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


def _files(incomplete: str, suffix: str) -> list[Path]:
    folder, _, start = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else "."))
    if not place.is_dir():
        return []
    return sorted(path for path in place.iterdir() if path.name.startswith(start) and path.suffix == suffix)
