"""Folders gone through, each once, wherever links lead but into what the kernel makes up."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from facekp_train.common.files import resolved
from facekp_train.common.held.folder import is_beside

# Nobody's files: what processes and devices are, in hundreds of thousands of folders.
_MADE_UP = ("/proc", "/sys")


def folders_below(
    root: Path, deepest: int | None = None, closed: Callable[[Path, str], None] | None = None
) -> Iterator[tuple[Path, list[Path]]]:
    """A folder and those in it, also those that links lead to; what is not entered is told.

    A folder that is there by its own name is found under that, not under a link's. /proc and /sys are no
    folders of anybody's, and are not entered.

    Args:
        root: where to begin.
        deepest: how many folders below the root to go; None for all.
        closed: is told of a folder whose files nobody looks at, and why: it cannot be opened, leads up to a
            folder around the root, or is the kernel's.

    Yields:
        Each folder once, parents first and by name, with its files by name: without the `._NAME` files
        that macOS leaves in archives beside the real ones, and without pictures of ours that are being
        written, or were when their command was killed.
    """
    seen, above, made_up = set[tuple[int, int]](), _above(root), _made_up()
    ahead, linked = [root], deque[Path]()
    while ahead or linked:
        folder = ahead.pop() if ahead else linked.popleft()
        try:
            about = folder.stat()
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            _tell(closed, folder, f"the folder cannot be opened ({error.strerror})")
            continue
        place = about.st_dev, about.st_ino
        if about.st_dev in made_up:
            _tell(closed, folder, "the folder is made up by the kernel")
            continue
        if place in above:
            _tell(closed, folder, f"it leads up to {resolved(folder)}, in which {root} lies")
            continue
        if place in seen:
            continue
        seen.add(place)
        inner = [entry for entry in entries if _is_folder(entry) and not is_beside(Path(entry.path))]
        files = [entry.name for entry in entries if not _is_folder(entry)]
        yield folder, [folder / name for name in files if not name.startswith("._")]
        if deepest is None or len(folder.relative_to(root).parts) < deepest:
            ahead += [folder / entry.name for entry in reversed(inner) if not entry.is_symlink()]
            linked += [folder / entry.name for entry in inner if entry.is_symlink()]


def _tell(closed: Callable[[Path, str], None] | None, folder: Path, why: str) -> None:
    if closed is not None:
        closed(folder, f"{why}; its files are not looked at")


def _above(root: Path) -> set[tuple[int, int]]:
    """The folders that the root lies in: a link to one of them is a loop."""
    found = set()
    for parent in resolved(root).parents:
        with suppress(OSError):
            about = parent.stat()
            found.add((about.st_dev, about.st_ino))
    return found


def _made_up() -> set[int]:
    """The devices that such file systems count as, wherever links to them stand."""
    return {os.stat(place).st_dev for place in _MADE_UP if os.path.ismount(place)}  # noqa: PTH116


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False
