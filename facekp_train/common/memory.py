"""How glibc gives memory to training and inference on the CPU."""

from __future__ import annotations

import ctypes

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
