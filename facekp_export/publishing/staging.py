"""A hidden folder to build in, held by its process: killed ones' are cleared, two at once refused."""

from __future__ import annotations

import glob
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.files import naming_folder
from facekp_train.common.locks import try_lock

_LOCK = "lock"
# A folder without a lock is one that is just being made, or whose maker was killed at that moment.
_MAKING_SECONDS = 60
# What mkdtemp adds to a prefix: a longer rest belongs to a place whose name begins with this one's.
_RANDOM = "?" * 8


@contextmanager
def staging_folder(place: Path, recover: Callable[[Path], None]) -> Iterator[Path]:
    """A folder on the disk of `place`, the folder to be written; it goes with the block.

    Inside `place` where that exists: it may be a disk of its own, and files can only be renamed
    within one. What killed processes left goes, after `recover` has taken from it what is to be kept.
    Raises UserError where another process is writing to `place`, OSError where nothing can be written.
    """
    beside = place if place.is_dir() else place.parent
    prefix = f".{place.name}-"
    pattern = glob.escape(prefix) + _RANDOM
    with naming_folder(beside):
        beside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=beside))
    try:
        with (folder / _LOCK).open("w") as lock:
            try_lock(lock)
            # The first export to a place builds beside it, and may have been killed when it was there.
            left = [other for where in {beside, place.parent} for other in where.glob(pattern)]
            for other in left:
                if other != folder and other.is_dir() and not _cleared(other, recover):
                    raise UserError(
                        f"another export is being written to {place}; wait for it, or choose another folder"
                    )
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cleared(folder: Path, recover: Callable[[Path], None]) -> bool:
    """Recover and remove a folder that nobody holds; False where somebody does."""
    with ExitStack() as stack:
        try:
            lock = stack.enter_context((folder / _LOCK).open())
        except FileNotFoundError:
            if folder.is_dir() and time.time() - folder.stat().st_mtime < _MAKING_SECONDS:
                return False
        else:
            if not try_lock(lock):
                return False
        with naming_folder(folder.parent):
            recover(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return True
