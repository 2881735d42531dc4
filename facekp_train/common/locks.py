"""One process at a time: locks of the system, which go with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facekp_train.common.console import UserError
from facekp_train.common.files import naming_folder

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@contextmanager
def locked(path: Path, when_busy: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing, or of a folder.

    Where another process has it, `when_busy` is called; unless that raises, the lock is waited for.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            when_busy()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(folder: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other runs out of a folder, which is made where it is missing.

    Of the several processes of one run the first holds it for all. Raises UserError, in each of
    them, where another run is at it.
    """
    with ExitStack() as held:
        busy = fabric.broadcast(fabric.is_global_zero and not _taken(folder, held))
        if busy:
            raise UserError(f"another process is at {folder}; wait for its end, or give another --out")
        yield


class _BusyError(Exception):
    pass


def _taken(folder: Path, held: ExitStack) -> bool:
    def refuse() -> None:
        raise _BusyError

    with naming_folder(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        held.enter_context(locked(folder, refuse))
    except _BusyError:
        return False
    except OSError:
        pass  # some network file systems lock no folders; a run there goes on as before locks
    return True
