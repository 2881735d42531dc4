"""How the threads of one computation wait for one another."""

from __future__ import annotations

import os


def wait_asleep() -> None:
    """Let OpenMP's threads sleep while they wait; call it before PyTorch is loaded.

    GNU's OpenMP spins for milliseconds at the end of every loop. Where another program holds a core, the
    thread that it has pushed aside is waited for at full load: a training step on two busy cores then takes
    3.4 times as long and as much processor time. Idle cores lose nothing by it. What the user has said in
    `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY` holds (https://gcc.gnu.org/onlinedocs/libgomp/).
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        # What libgomp itself takes where there are more threads than cores.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
