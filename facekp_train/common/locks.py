"""One process at a time, by locks that go with the process that holds them, however it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facekp_train.common.console import UserError
from facekp_train.common.files import naming_folder
from facekp_train.common.held.lock import try_lock

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_POLL_SECONDS = 0.1


@contextmanager
def locked(path: Path, when_busy: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing, or of a folder.

    Where another process has it, `when_busy` is called; unless that raises, the lock is waited for.
    """
    with _opened(path) as descriptor:
        if not try_lock(descriptor):
            when_busy()
            while not try_lock(descriptor):
                time.sleep(_POLL_SECONDS)
        yield


@contextmanager
def alone_in(folder: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other runs out of a folder, which is made where it is missing.

    Of the several processes of one run the first holds it for all. Raises UserError, in each of
    them, where another run is using it.
    """
    with ExitStack() as stack:
        busy = fabric.broadcast(fabric.is_global_zero and not _enter(folder, stack))
        if busy:
            raise UserError(f"another process is using {folder}; wait until it ends, or give another --out")
        yield


def _enter(folder: Path, stack: ExitStack) -> bool:
    """Hold a folder until the stack is left; False where another process holds it."""
    with naming_folder(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        return try_lock(stack.enter_context(_opened(folder)))
    except OSError:
        return True  # some network file systems lock no folders; a run there goes on as before locks


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, flags, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
