"""What changed between two sets of measurements, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

import numpy as np

from android_bench.records.documents import once
from android_bench.records.record import Record
from android_bench.reports.clock import Clock, p50_by, samples_ms, shared_clock
from android_bench.reports.interval import FEWEST, Verdict, interval, judge

PARTS = 10
"""Parts into which the samples of one measurement are cut, in the order of time.

Runs that follow one another are alike (the clock, the caches, another program), so that an interval
from thousands of single runs would be far too narrow. Parts are nearly independent of one another.
"""
Of = Literal["repeats", "parts", "nothing"]
"""What the interval is computed from; nothing: there is none."""


@dataclass(frozen=True)
class TimingChange:
    """One kind of measurement, before and after. Times in ms, changes as shares (0.05 is 5 % more).

    clock: cpu where both sides have CPU time, else wall. statistic: p50, or mean where a runner tells no
    median (or one of 0). low, high: None where there is
    too little to tell. counted: how many repeats, or parts of one measurement, stand on either side.
    """

    model: str
    runtime: str
    device: str
    delegate: str | None
    threads: int
    clock: Clock
    statistic: str
    before_ms: float
    after_ms: float
    change: float
    low: float | None
    high: float | None
    counted: tuple[int, int]
    of: Of
    verdict: Verdict
    emulated: bool
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """All changes, and what was left out, each with its reason.

    broken: what was measured before and is invalid after, each with its reason; left out, too.
    """

    tolerance: float
    changes: list[TimingChange]
    left_out: list[str]
    broken: list[str]

    @property
    def regressions(self) -> list[TimingChange]:
        """Those that are slower by more than the tolerance."""
        return [change for change in self.changes if change.verdict == "slower"]


def compare(
    before: Sequence[Record], after: Sequence[Record], tolerance: float = 0.05, unread: Sequence[str] = ()
) -> Comparison:
    """Match the records of two documents and judge each pair.

    A pair has the same runtime, device, delegate and threads, and the same model: equal SHA-256, or else
    the same path, or else the same name and kind in the files' metadata (the file's name where there is
    none). Several records of one file on one machine count as repeats. Invalid records, emulated ones
    against real ones, and those without a counterpart are left out and named.

    Args:
        before: records of the first document.
        after: of the second.
        tolerance: a share, 0 or more, by which a median may grow.
        unread: on records of either that could not be read.

    Raises:
        ValueError: for a tolerance that is none.
    """
    if not 0 <= tolerance < math.inf:
        raise ValueError(f"the tolerance must be a share of 0 or more, not {tolerance}")
    left_out = [*unread, *_unused(before, "before"), *_unused(after, "after")]
    before, after = once(before), once(after)
    sides = [record for record in before if record.valid], [record for record in after if record.valid]
    changes = []
    for olds, news in _pairs(*sides, left_out):
        if {old.emulated for old in olds} != {new.emulated for new in news}:
            left_out.append(f"{_name(news[0])}: emulated on one side, and real on the other")
        elif clock_missing := _without_wall(olds, news):
            left_out.append(clock_missing)
        elif not all(_total(record, shared_clock((*olds, *news))) for record in (*olds, *news)):
            left_out.append(f"{_name(news[0])}: a time of 0 ms, from which no change can be computed")
        else:
            changes.append(_judge(olds, news, tolerance))
    broken = [f"{_name(old)}: {reason}" for old in sides[0] if (reason := _reason_broken(old, after))]
    return Comparison(tolerance, changes, left_out, list(dict.fromkeys(broken)))


def _unused(records: Sequence[Record], side: str) -> Iterator[str]:
    if copies := len(records) - len(once(records)):
        yield f"{copies} of the {len(records)} records {side}: they stand there twice, and count once"
    for record in once(records):
        if not record.valid:
            yield f"{_name(record)}, {side}: invalid, {'; '.join(record.invalid_reasons)}"


def _judge(olds: list[Record], news: list[Record], tolerance: float) -> TimingChange:
    clock = shared_clock((*olds, *news))
    statistic = "p50" if clock == "cpu" or all(record.p50_ms for record in (*olds, *news)) else "mean"
    before_ms, after_ms = (
        float(np.median([_figure(r, clock, statistic) for r in side])) for side in (olds, news)
    )
    change = after_ms / before_ms - 1
    of, first, second = _times(olds, news, clock)
    bounds = interval(first, second)
    if bounds is not None:
        # The middle of all samples need not be the middle of the ratios: the interval holds both.
        bounds = min(bounds[0], change), max(bounds[1], change)
    new = news[0]
    return TimingChange(
        model=_model(new),
        runtime=new.runtime,
        device=new.device,
        delegate=new.delegate,
        threads=new.threads,
        clock=clock,
        statistic=statistic,
        before_ms=before_ms,
        after_ms=after_ms,
        change=change,
        low=None if bounds is None else bounds[0],
        high=None if bounds is None else bounds[1],
        counted=(len(first), len(second)),
        of=of,
        verdict=judge(change, bounds, tolerance),
        emulated=new.emulated,
        notes=list(_differences(olds[0], new)),
    )


def _total(record: Record, clock: Clock) -> float | None:
    """What is 0 where no time passed: a mean of the wall's, whose median may be 0 and the record of use."""
    return record.mean_ms if clock == "wall" else record.cpu_p50_ms


def _without_wall(olds: list[Record], news: list[Record]) -> str | None:
    """Why a pair cannot be compared: CPU time on one side alone, and no wall time on the same side."""
    both = [*olds, *news]
    if shared_clock(both) == "wall" and any(record.mean_ms is None for record in both):
        return (
            f"{_name(news[0])}: CPU time alone holds on one side, and the other has none; measure both with "
            "this release"
        )
    return None


def _times(olds: list[Record], news: list[Record], clock: Clock) -> tuple[Of, list[float], list[float]]:
    """Times that are nearly independent: medians of repeats, or of parts where a side has too few."""
    first, second = ([time for record in side for time in _repeats(record, clock)] for side in (olds, news))
    if min(len(first), len(second)) >= FEWEST:
        return "repeats", first, second
    first, second = ([time for record in side for time in _parts(record, clock)] for side in (olds, news))
    return "parts" if min(len(first), len(second)) >= FEWEST else "nothing", first, second


def _repeats(record: Record, clock: Clock) -> list[float]:
    if record.curve:  # its turns follow one another without a pause, as the runs of one call do
        return []
    if record.repeats:
        return [repeat.p50_ms for repeat in record.repeats if repeat.p50_ms is not None]
    middle = p50_by(record, clock)
    return [] if middle is None else [middle]


def _parts(record: Record, clock: Clock) -> list[float]:
    samples = samples_ms(record, clock)
    parts = np.array_split(np.asarray(samples), min(PARTS, len(samples))) if samples else []
    return [float(np.median(part)) for part in parts]


def _figure(record: Record, clock: Clock, statistic: str) -> float:
    value = record.mean_ms if statistic == "mean" else p50_by(record, clock)
    assert value is not None  # a valid record has a mean, and it is p50 only where all have one
    return value


def _pairs(
    before: Sequence[Record], after: Sequence[Record], left_out: list[str]
) -> Iterator[tuple[list[Record], list[Record]]]:
    """Records that belong together, in the order of `after`; all others are named in `left_out`."""
    olds, news = list(before), list(after)
    pairs = []
    for identity in _IDENTITIES:
        for key in dict.fromkeys(map(identity, news)):
            for group in _by_machine(
                [r for r in olds if identity(r) == key], [r for r in news if identity(r) == key]
            ):
                # Two files of one name are two models, not one that was measured twice.
                if all(len({record.sha256 for record in side}) == 1 for side in group):
                    pairs.append(group)
                    olds = [record for record in olds if record not in group[0]]
                    news = [record for record in news if record not in group[1]]
    for side, rest in (("before", olds), ("after", news)):
        left_out += [
            f"{_name(record)}, {side}: nothing on the other side to compare it with" for record in rest
        ]
    place = {id(record): number for number, record in enumerate(after)}
    yield from sorted(pairs, key=lambda pair: place[id(pair[1][0])])


def _by_machine(olds: list[Record], news: list[Record]) -> Iterator[tuple[list[Record], list[Record]]]:
    """By machine where a side has several; two single ones are compared even if they differ."""
    machines = {record.place for record in olds}, {record.place for record in news}
    if all(len(side) == 1 for side in machines):
        yield olds, news
        return
    for machine in sorted(machines[0] & machines[1]):
        yield [r for r in olds if r.place == machine], [r for r in news if r.place == machine]


def _reason_broken(old: Record, after: Sequence[Record]) -> str | None:
    """Why the surest counterparts of a record are invalid; None where one is valid, or there is none."""
    for identity in _IDENTITIES:
        if news := [new for new in after if identity(new) == identity(old)]:
            news = [new for new in news if new.place == old.place] or news
            return None if any(new.valid for new in news) else "; ".join(news[0].invalid_reasons)
    return None


def _circumstances(record: Record) -> tuple[object, ...]:
    return record.runtime, record.device, record.delegate, record.threads


def _kind_of_model(record: Record) -> tuple[str | None, ...]:
    if record.name is not None:
        return record.name, record.kind
    return PurePath(record.model).name, None


_IDENTITIES: tuple[Callable[[Record], tuple[object, ...]], ...] = (
    lambda record: (record.sha256, *_circumstances(record)),
    lambda record: (record.model, *_circumstances(record)),
    lambda record: (*_kind_of_model(record), *_circumstances(record)),
)
"""How a model is known again, the surest first."""


def _model(record: Record) -> str:
    return "/".join(PurePath(record.model).parts[-2:])


def _name(record: Record) -> str:
    where = record.device if record.delegate is None else f"{record.device} {record.delegate}"
    return f"{_model(record)}, {record.runtime}, {where}, threads {record.threads}"


_PLAIN = {"None": "none", "True": "on", "False": "off"}


def _differences(old: Record, new: Record) -> Iterator[str]:
    """What besides the time is not the same, so that the change may be no change of the model."""
    for what, ours, theirs in (
        ("machine", old.place, new.place),
        # A network address may be another phone's by now, and a phone another system's.
        ("phone", old.fingerprint and old.fingerprint.name, new.fingerprint and new.fingerprint.name),
        ("build of Android", *(r.fingerprint and r.fingerprint.build for r in (old, new))),
        ("way of measuring", *("sustained" if r.curve else "cooled repeats" for r in (old, new))),
        ("runtime's version", old.runtime_version, new.runtime_version),
        ("runner", old.runner and old.runner.name, new.runner and new.runner.name),
        ("cores used", old.cpus, new.cpus),
        ("fixed performance mode", old.fixed_performance, new.fixed_performance),
    ):
        if ours != theirs:
            before, after = (_PLAIN.get(str(value), str(value)) for value in (ours, theirs))
            yield f"another {what}: {before} before, {after} after"
    if old.sha256 != new.sha256:
        yield "another file of the same name"
    if old.throttled or new.throttled:
        yield "the phone was throttled"
