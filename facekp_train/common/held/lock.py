"""The system's locks, which go with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys
from typing import IO, Any


def try_lock(file: IO[Any] | int) -> bool:
    """Take the lock of an open file, or of a folder's descriptor; False where another holds it.

    It is let go when the file is closed. Raises OSError where the file system has no locks.
    """
    descriptor = file if isinstance(file, int) else file.fileno()
    if sys.platform == "win32":
        import msvcrt

        # Far behind the text, which others may read.
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
