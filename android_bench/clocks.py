"""The two clocks of a run: the wall's, and the processor's, which stands still while others compute.

On a busy machine the wall shows how long a run waited for its turn; the CPU time of one thread does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

CpuClock = Literal["thread", "process"]
"""Whose CPU time a run takes: the calling thread's, or that of all threads of the process."""

_COARSEST_NS = 10_000
"""Steps of a CPU clock beyond which it times no run: some systems count whole ticks of 10 ms."""
_LONGEST_STEP_NS = 50_000_000


@dataclass
class Samples:
    """Runs in the order of time, nanoseconds. cpu: one a run, or none where there is no such clock."""

    wall: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)


def cpu_clock(whose: CpuClock | None) -> Callable[[], int] | None:
    """The clock of CPU time in nanoseconds; None where nobody's counts, or it is too coarse for a run."""
    clock = getattr(time, f"{whose}_time_ns", None)
    if clock is None:
        return None
    # The least of a few, since another program may come in between.
    return clock if min(_step_ns(clock) for _ in range(3)) <= _COARSEST_NS else None


def _step_ns(clock: Callable[[], int], wall: Callable[[], int] = time.perf_counter_ns) -> int:
    """By how much the clock moves on when it does; where it does not for long, that long."""
    start, end = clock(), wall() + _LONGEST_STEP_NS
    while wall() < end:
        if (now := clock()) != start:
            return now - start
    return _LONGEST_STEP_NS


def time_runs(
    call: Callable[[], None],
    seconds: float,
    clock: Callable[[], int] = time.perf_counter_ns,
    cpu: Callable[[], int] | None = None,
) -> Samples:
    """Call again and again until some seconds have passed, once at least.

    Args:
        call: what is timed.
        seconds: to go on for.
        clock: of the wall, nanoseconds.
        cpu: of CPU time, nanoseconds; None is no such clock.
    """
    samples = Samples()
    end = clock() + int(seconds * 1e9)
    used = cpu or _nothing
    while True:
        # The wall's clock is read inside: it is the cheaper one by far, and both then time the call.
        cpu_before = used()
        before = clock()
        call()
        after = clock()
        cpu_after = used()
        samples.wall.append(after - before)
        if cpu is not None:
            samples.cpu.append(cpu_after - cpu_before)
        if after >= end:
            return samples


def _nothing() -> int:
    return 0
