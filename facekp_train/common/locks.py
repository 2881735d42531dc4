"""One process at a time, by locks that go with the process that holds them, however it ends."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from facekp_train.common.console import UserError
from facekp_train.common.files import is_written_into, naming_folder, resolved, user_cache
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
def alone_with(*targets: Path | None) -> Iterator[None]:
    """Keep other commands of this user from writing these files, or folders, while the block lasts.

    For what is written at the end of long work, and would be lost where two write to one file.

    Args:
        targets: None for what is not written; devices and streams may have several writers.

    Raises:
        UserError: at once, where another command is about to write one of them.
    """
    with ExitStack() as stack:
        for target in dict.fromkeys(resolved(path) for path in targets if path and not is_written_into(path)):

            def busy(target: Path = target) -> None:
                raise UserError(
                    f"another command is about to write {target}; wait until it ends, or write elsewhere"
                )

            with suppress(OSError):  # without a cache nobody is kept out, as before locks
                place = user_cache("locks")
                place.mkdir(parents=True, exist_ok=True)
                name = hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
                stack.enter_context(locked(place / f"{name}.lock", busy))
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
