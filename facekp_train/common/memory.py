"""How glibc gives memory to training and inference on the CPU, and when Python looks for garbage."""

from __future__ import annotations

import ctypes
import gc

# malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> None:
    """Let the process keep what it frees, for the next batch of the same sizes.

    glibc returns large blocks to the system at once; every layer of every step then pays for fresh
    pages, a third of a MobileNet's training step and half of its inference. Changes nothing where the C
    library is another.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_M_TOP_PAD, 2**28)


def start_without_collecting() -> None:
    """Look for no garbage until the program has `started`: for a process of its own alone.

    All that is imported stays; looking through it, again and again while it grows, takes a seventh of the
    time of finding the faces on one photograph.
    """
    gc.disable()


def started() -> None:
    """Look for garbage again, in what is made from now on; nothing where it is looked for already."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
