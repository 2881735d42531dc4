"""By which clock records are compared: CPU time where all of them have it, else the wall's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from android_bench.records.record import Record
from android_bench.timing import summarize

Clock = Literal["cpu", "wall"]
NAMES: dict[Clock, str] = {"cpu": "CPU time", "wall": "wall time"}


def shared_clock(records: Iterable[Record]) -> Clock:
    """The clock that all of the records have; the wall's where one lacks CPU time."""
    return "cpu" if all(record.cpu_p50_ms is not None for record in records) else "wall"


def p50_by(record: Record, clock: Clock) -> float | None:
    """The median by that clock, ms; None where it is not known."""
    return record.cpu_p50_ms if clock == "cpu" else record.p50_ms


def middle_by(record: Record, clock: Clock) -> float | None:
    """The same, or the mean where a runner tells no median of the wall's time."""
    middle = p50_by(record, clock)
    return record.mean_ms if middle is None and clock == "wall" else middle


def samples_ms(record: Record, clock: Clock) -> list[float]:
    """Every timed run by that clock, ms."""
    return (record.cpu_samples_ms or []) if clock == "cpu" else record.samples_ms


def p95_by(record: Record, clock: Clock) -> float | None:
    """The 95th percentile by that clock, ms; None where it is not known."""
    if clock == "wall" or not record.valid:
        return record.p95_ms
    return summarize(samples_ms(record, clock)).p95_ms
