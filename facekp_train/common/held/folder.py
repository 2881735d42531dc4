"""Hidden folders to write in, each held by its process: what a killed one left goes with the next.

A folder is ours where its lock bears our mark, which is written once the lock is held; whatever else
is called so is somebody's own and stays. No clock is asked.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facekp_train.common.held.lock import try_lock

_LOCK = "lock"
# Of the folders' names, and the characters that mkdtemp adds.
_PREFIX, _RANDOM = ".facekp-", 8
_MARK = "facekp writes here; what a killed one left goes with the next that writes beside it\n"
# Nobody's lock of ours is a link, and whoever opens a pipe waits for its other end.
_PLAINLY = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
_NONE_OF_OURS = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO)
# A folder that thousands of pictures go into is looked through once for so many of its files.
_LOOKED_THROUGH = 256
_unseen: dict[Path, int] = {}


@contextmanager
def folder_beside(place: Path) -> Iterator[Path]:
    """An empty hidden folder in `place`, which goes with the block; what killed processes left goes first.

    Raises OSError where nothing can be written.
    """
    _clear_now_and_then(place)
    with held_folder(place, _PREFIX, _MARK) as folder:
        yield folder


@contextmanager
def held_folder(place: Path, prefix: str, mark: str) -> Iterator[Path]:
    """A hidden folder in `place` that nobody clears while the block lasts; it goes with the block.

    Args:
        place: an existing folder.
        prefix: of its name, to which eight characters come.
        mark: what its lock says.

    Raises:
        OSError: where nothing can be written.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    try:
        with (folder / _LOCK).open("w", encoding="utf-8", newline="") as lock:
            with suppress(OSError):  # some network file systems have no locks: what is left there stays
                try_lock(lock)
            lock.write(mark)
            lock.flush()
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cleared(folder: Path, mark: str, recover: Callable[[Path], None] = lambda _: None) -> bool:
    """Remove a folder that bears our mark and that nobody holds; False where somebody does.

    Args:
        folder: ours or not.
        mark: what the lock of ours says.
        recover: takes from it what is to be kept.

    Raises:
        OSError: where it cannot be looked into.
    """
    with _lock_of(folder, mark) as lock:
        if lock is None:
            return True
        if not try_lock(lock):
            return False
        recover(folder)
        shutil.rmtree(folder, ignore_errors=True)
    # Windows removes no file that is open.
    shutil.rmtree(folder, ignore_errors=True)
    return True


def is_beside(folder: Path) -> bool:
    """Whether a folder is one of `folder_beside`, held or left: what lies in it is not finished."""
    if not _is_named_so(folder.name):
        return False
    try:
        with _lock_of(folder, _MARK) as lock:
            return lock is not None
    except OSError:
        return False


@contextmanager
def _lock_of(folder: Path, mark: str) -> Iterator[int | None]:
    """The descriptor of its lock; None where none is there that bears the mark.

    One that is just being made bears no mark yet; it looks around itself once it has one.
    """
    try:
        lock = None if folder.is_symlink() else os.open(folder / _LOCK, _PLAINLY)
    except OSError as error:
        if error.errno not in _NONE_OF_OURS:
            raise
        lock = None
    if lock is None:
        yield None
        return
    try:
        ours = stat.S_ISREG(os.fstat(lock).st_mode) and os.read(lock, len(mark)) == mark.encode()
        yield lock if ours else None
    finally:
        os.close(lock)


def _clear_now_and_then(place: Path) -> None:
    left = _unseen.get(place, 0)
    if left > 0:
        _unseen[place] = left - 1
        return
    with suppress(OSError):
        inside = list(place.iterdir())
        _unseen[place] = len(inside) // _LOOKED_THROUGH
        for path in inside:
            if _is_named_so(path.name):
                with suppress(OSError):  # another user's, or gone meanwhile
                    cleared(path, _MARK)


def _is_named_so(name: str) -> bool:
    return name.startswith(_PREFIX) and len(name) == len(_PREFIX) + _RANDOM
