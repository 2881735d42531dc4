"""A hidden folder to build in, held by its process: killed ones' are cleared, two at once refused."""

from __future__ import annotations

import fcntl
import glob
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from facekp_train.console import UserError
from facekp_train.files import naming_folder

_LOCK = "lock"
# A folder without a lock is one that is just being made, or whose maker was killed at that moment.
_MAKING_SECONDS = 60


@contextmanager
def staging_folder(place: Path) -> Iterator[Path]:
    """A folder on the disk of `place`, the folder to be written; it goes with the block.

    Inside `place` where that exists: it may be a disk of its own, and files can only be renamed
    within one. What killed processes left there goes. Raises UserError where another process is
    writing to `place`, OSError where nothing can be written.
    """
    beside = place if place.is_dir() else place.parent
    prefix = f".{place.name}-"
    with naming_folder(beside):
        beside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
    try:
        with (folder / _LOCK).open("w") as lock:
            _take(lock)
            for other in beside.glob(f"{glob.escape(prefix)}*"):
                if other != folder and other.is_dir() and not _cleared(other):
                    raise UserError(
                        f"another export is being written to {place}; wait for it, or choose another folder"
                    )
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cleared(folder: Path) -> bool:
    """Remove a folder that nobody holds; False where somebody does."""
    try:
        with (folder / _LOCK).open() as lock:
            if not _take(lock):
                return False
    except FileNotFoundError:
        if folder.is_dir() and time.time() - folder.stat().st_mtime < _MAKING_SECONDS:
            return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
