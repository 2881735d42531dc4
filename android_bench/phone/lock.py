"""One measurement at a time on a phone: a lock of the operating system, gone with its process.

It holds for one account of one computer; `mark` tells the others.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.held.lock import try_lock

# What this process holds: what stands in a file is not yet written when another thread finds it locked.
_held: set[Path] = set()
_held_guard = threading.Lock()


@contextmanager
def locked(key: str, serial: str) -> Iterator[None]:
    """Hold what `key` stands for: a phone as it is reached, or the phone itself.

    serial: the phone's name for the user. Raises UserError where it is held already.
    """
    folder = lock_folder()
    # A key may hold any character, and none of them may lead out of the folder.
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.lock"
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("a+", encoding="ascii", errors="replace"))
            with _held_guard:
                taken, ours = try_lock(file), path in _held
                if taken:
                    _held.add(path)
        except OSError as error:
            raise UserError(f"{folder} cannot be written ({error.strerror}); set XDG_CACHE_HOME") from None
        if not taken and ours:
            raise UserError(
                f"phone {serial} is already being measured under another serial (cable or address); "
                "choose one of its serials with --serial"
            )
        if not taken:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise UserError(
                f"phone {serial} is being measured by another facekp-bench (process {holder}); "
                "wait for it, or choose another phone with --serial"
            )
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
        finally:
            with _held_guard:
                file.close()
                _held.discard(path)


def lock_folder() -> Path:
    """Where this user's locks lie on this computer."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facekp" / "locks"
