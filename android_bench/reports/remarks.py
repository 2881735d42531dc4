"""What must be known beside the figures of a table of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from android_bench.records.record import Record
from android_bench.reports.clock import NAMES, Clock, shared_clock
from android_bench.reports.names import labels, letters_of, machine_line, rounded, runtimes


def alike(records: Sequence[Record], line: str) -> list[Record]:
    """Those of one machine whose times may be compared."""
    return [r for r in records if r.valid and not r.emulated and machine_line(r) == line]


def fastest_clock(records: Sequence[Record], line: str) -> Clock:
    """By which clock they are compared."""
    return shared_clock(alike(records, line))


def remarks(records: Sequence[Record], documents: Sequence[str] = ()) -> list[str]:
    """What must be known beside the figures: first what holds for all, then line by line.

    What every record of a machine, or of a machine in one of several documents, is warned of is said once.
    """
    letters = letters_of(records)
    places = [
        (f", machine {letters[machine_line(record)]}" if len(letters) > 1 else "")
        + (f", {source}" if len(set(documents)) > 1 else "")
        for record, source in zip(records, documents or [""] * len(records), strict=True)
    ]
    shared = _shared_warnings(records, places)
    lines = [f"warning{where}: {text}" for where, texts in shared.items() for text in texts]
    for label, runtime, record, where in zip(
        labels(records), runtimes(records), records, places, strict=True
    ):
        delegate = f", {record.delegate}" if record.delegate else ""
        name = f"{label}, {runtime}{delegate}, threads {record.threads}{where}"
        for kind, text in _own_remarks(record, {*shared.get("", ()), *shared.get(where, ())}):
            lines.append(f"{kind}, {name}: {text}")
    if any(record.cpu_p50_ms is not None for record in records):
        by_line = {letters[line]: NAMES[fastest_clock(records, line)] for line in letters}
        where = "" if len(by_line) == 1 else " on machine {}"
        lines += [f"vs fastest{where.format(letter)} compares {name}" for letter, name in by_line.items()]
    if any(record.emulated for record in records):
        lines.append("emulated: an emulated processor computed; its times say nothing about a phone")
    return lines


def _shared_warnings(records: Sequence[Record], places: Sequence[str]) -> dict[str, list[str]]:
    """What all records of a place, if it has several, are warned of; under "" what all records are."""
    found = {"": _common(records)}
    for where in dict.fromkeys(places):
        group = [record for record, its in zip(records, places, strict=True) if its == where]
        found[where] = [*found.get(where, ()), *(t for t in _common(group) if t not in found[""])]
    return found


def _common(records: Sequence[Record]) -> list[str]:
    if len(records) < 2:
        return []
    shared = set.intersection(*(set(record.warnings) for record in records))
    return [text for text in dict.fromkeys(records[0].warnings) if text in shared]


def _own_remarks(record: Record, shared: set[str]) -> Iterator[tuple[str, str]]:
    if record.curve:
        first, last = record.curve[0], record.curve[-1]
        minutes = f"after {last.seconds / 60:.1f} minutes"
        yield "sustained", f"p50 {rounded(first.p50_ms)} ms at first, {rounded(last.p50_ms)} ms {minutes}"
    if record.invalid_reasons:
        yield "invalid", "; ".join(record.invalid_reasons)
    if own := [text for text in record.warnings if text not in shared]:
        yield "warning", "; ".join(own)
