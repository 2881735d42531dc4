"""The rows of table 5, and what they are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One system, precision, runtime and number of threads; figures that are not known are null.

    Attributes:
        ratio: its time over our 0.25X's of the same precision and threads, turn beside turn in one run; in
            the same runtime, or in LiteRT where ours has none.
    """

    system: str
    reading: str | None = None
    precision: str | None = None
    runtime: str | None = None
    threads: int | None = None
    p50_ms: float | None = None
    cpu_p50_ms: float | None = None
    ratio: float | None = None
    samples: int | None = None
    first_ms: float | None = None
    load_ms: float | None = None
    peak_memory_mb: float | None = None
    size_bytes: int | None = None
    parameters: int | None = None
    macs: int | None = None
    peak_share: float | None = None
    nme: float | None = None
    reason: str | None = None


OURS = "mdp-0.25x"
"""What all others are compared with."""


def time_of(row: Row) -> float | None:
    """Milliseconds by the clock that holds: CPU time where there is one, else the wall's."""
    return row.cpu_p50_ms if row.cpu_p50_ms is not None else row.p50_ms


def fastest(rows: Sequence[Row], system: str, precision: str) -> Row | None:
    """Its row on one thread with the least time; None where it was not timed."""
    timed = [row for row in rows if (row.system, row.precision, row.threads) == (system, precision, 1)]
    return min((row for row in timed if time_of(row)), key=lambda row: time_of(row) or 0, default=None)
