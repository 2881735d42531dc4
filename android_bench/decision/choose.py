"""The choice itself: which files are dominated, which lie within the limits, which of these is fastest.

A file's time is that on the slowest machine, and on each machine that of its fastest configuration:
whoever ships a file chooses the delegate, not the phone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap


@dataclass(frozen=True)
class Figures:
    """What counts of one file.

    Attributes:
        sha256: of the file.
        bytes: its size.
        nme: percent; None where it is not known.
        times_ms: by machine, of valid records that no emulated processor gave.
    """

    sha256: str
    bytes: int
    nme: float | None
    times_ms: Mapping[str, float]

    def time_ms(self, machines: Sequence[str]) -> float | None:
        """The time on the slowest of the machines; None where one is missing, or none is given."""
        times = [self.times_ms.get(machine) for machine in machines]
        return None if not times or None in times else max(time for time in times if time is not None)


@dataclass(frozen=True)
class Limits:
    """What a file must keep to be recommended.

    Attributes:
        max_ms: on the slowest machine; None for no limit.
        max_mb: size in MB of 10^6 bytes; None for no limit.
        max_nme_loss: percent by which its NME may exceed the lowest of all files.
        allow_missing: a file without NME may be recommended, too.
    """

    max_ms: float | None = None
    max_mb: float | None = None
    max_nme_loss: float = 2.0
    allow_missing: bool = False


@dataclass(frozen=True)
class Choice:
    """What came of it.

    Attributes:
        front: SHA-256s of the files that no other dominates, of those that count.
        recommended: SHA-256 of the file to ship; None where none is left.
        out: by SHA-256, why a file of the front is not within the limits, or why one does not count.
    """

    front: frozenset[str]
    recommended: str | None
    out: dict[str, str]


def choose(files: Sequence[Figures], machines: Sequence[str], limits: Limits) -> Choice:
    """The fastest file of the Pareto front within the limits; of equally fast ones the most accurate.

    Args:
        files: each SHA-256 once.
        machines: on which a file must have a time, all of them.
        limits: what it must keep.
    """
    out = {file.sha256: why for file in files if (why := _not_counted(file, machines, limits))}
    counted = {file.sha256: _costs(file, machines) for file in files if file.sha256 not in out}
    front = frozenset(
        sha256 for sha256, costs in counted.items() if not any(dominates(o, costs) for o in counted.values())
    )
    best = min((file.nme for file in files if file.nme is not None), default=None)
    for file in files:
        if file.sha256 in front and (broken := list(_broken(file, machines, limits, best))):
            out[file.sha256] = ", ".join(broken)
    within = [sha256 for sha256 in counted if sha256 in front and sha256 not in out]
    return Choice(front, min(within, key=counted.__getitem__, default=None), out)


Costs = tuple[float, float, float]
"""Time, NME (infinite where it is not known), bytes: in the order in which they decide."""


def dominates(one: Costs, other: Costs) -> bool:
    """Whether it is at least as good in everything, and better in something."""
    return one != other and all(starmap(float.__le__, zip(one, other, strict=True)))


def loss(nme: float, best: float) -> float:
    """By how many percent an NME exceeds the best one; rounded, so that 4.08 exceeds 4 by 2 and no more."""
    return round((nme / best - 1) * 100, 9) if best > 0 else (0.0 if nme <= best else math.inf)


def _costs(file: Figures, machines: Sequence[str]) -> Costs:
    time = file.time_ms(machines)
    assert time is not None  # what has none does not count
    return time, math.inf if file.nme is None else file.nme, float(file.bytes)


def _not_counted(file: Figures, machines: Sequence[str], limits: Limits) -> str | None:
    if file.time_ms(machines) is None:
        missing = next((machine for machine in machines if machine not in file.times_ms), None)
        return "no valid time" if missing is None else f"no valid time on {missing}"
    return "no NME" if file.nme is None and not limits.allow_missing else None


def _broken(file: Figures, machines: Sequence[str], limits: Limits, best: float | None) -> Iterator[str]:
    time, size = file.time_ms(machines), file.bytes / 1e6
    if limits.max_ms is not None and time is not None and time > limits.max_ms:
        yield f"above {limits.max_ms:g} ms"
    if limits.max_mb is not None and size > limits.max_mb:
        yield f"above {limits.max_mb:g} MB"
    if file.nme is not None and best is not None and loss(file.nme, best) > limits.max_nme_loss:
        yield f"more than {limits.max_nme_loss:g} % NME above the best"
