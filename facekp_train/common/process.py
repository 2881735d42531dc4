"""How a process of ours lives: the memory that it keeps, when it looks for garbage, how its threads wait."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def made_to_stay() -> Iterator[None]:
    """Look for garbage neither in the block nor, later, among what is there at its end."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looks:
            gc.enable()


def multiply_on_one_thread() -> None:
    """Let NumPy's OpenBLAS have one thread; call it before NumPy is loaded, in a program without PyTorch.

    Each other one spins for a tenth of a second once it is there, and what is multiplied here has a few rows.
    What the user has said in `OPENBLAS_NUM_THREADS` holds.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def wait_asleep() -> None:
    """Let OpenMP's threads sleep while they wait; call it before PyTorch is loaded.

    GNU's OpenMP spins for milliseconds at the end of every loop. Where another program holds a core, the
    thread that it has pushed aside is waited for at full load: on two busy cores a training step of a small
    net then takes 3.4 times as long and as much processor time. Idle cores lose nothing by it. What the user
    has said in `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY` holds (https://gcc.gnu.org/onlinedocs/libgomp/).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        # What libgomp itself takes where there are more threads than cores.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
