"""A hidden folder to build in, held by its process: killed ones' are cleared, two at once refused.

A folder is ours where its lock bears our mark, which is written once the lock is held; whatever else
is called so is somebody's own and stays. No clock is asked.
"""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.files import naming_folder
from facekp_train.common.locks import try_lock

_LOCK = "lock"
_MARK = "facekp-export builds here; what a killed one left goes with the next export\n"
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
            lock.write(_MARK)
            lock.flush()
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
    """Recover and remove a folder of ours that nobody holds; False where somebody does."""
    if folder.is_symlink():
        return True
    try:
        # One that is just being made bears no mark yet, and meets us when it looks around itself.
        with (folder / _LOCK).open(encoding="utf-8", errors="replace") as lock:
            if not try_lock(lock):
                return lock.read(len(_MARK)) != _MARK
            if lock.read(len(_MARK)) != _MARK:
                return True
            with naming_folder(folder.parent):
                recover(folder)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
            return True
        raise
    return True
