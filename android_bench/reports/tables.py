"""Records as tables. A format is one function and one line in `FORMATS`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from android_bench.records.record import SCHEMA, Document, Record
from android_bench.reports.clock import NAMES, Clock, p50_by, shared_clock

HEADERS: tuple[str, ...] = (
    "model", "runtime", "threads", "p50 ms", "p90 ms", "p95 ms", "first ms", "size MB", "peak MB", "rise MB",
    "vs fastest",
)  # fmt: skip
"""Columns of every table; `headers` adds those that the records at hand need."""
_TEXTS = ("model", "machine", "runtime", "delegate")
_FIRST_TO_GO = ("vs fastest", "rise MB", "first ms", "peak MB", "agree %")
"""Columns that a narrow window does without, so that the names of models stay whole."""


def headers(records: Sequence[Record]) -> tuple[str, ...]:
    """`HEADERS`, with the machine where there are several, and what only phones have."""
    columns = list(HEADERS)
    if len({_machine_line(record) for record in records}) > 1:
        columns.insert(1, "machine")
    if any(record.delegate for record in records):
        columns.insert(columns.index("runtime") + 1, "delegate")
    if any(record.agreement is not None for record in records):
        columns.insert(columns.index("first ms"), "agree %")
    if any(record.cpu_p50_ms is not None for record in records):
        columns.insert(columns.index("p50 ms") + 1, "CPU ms")
    return tuple(columns)


def rounded(value: float | None, most_decimals: int = 6) -> str:
    """Three significant digits, written out (0.466, 27.6, 1280); "-" for None."""
    if value is None:
        return "-"
    decimals = 2 if value <= 0 else 2 - math.floor(math.log10(value))
    return f"{value:.{min(max(decimals, 0), most_decimals)}f}"


def rows(records: Sequence[Record]) -> list[tuple[str, ...]]:
    """One line of text cells a record, under `headers`; an invalid one shows no statistics."""
    columns, letters = headers(records), _letters(records)
    names = zip(labels(records), runtimes(records), records, strict=True)
    cells = (
        {"model": label, "runtime": runtime} | _cells(record, letters, records)
        for label, runtime, record in names
    )
    return [tuple(line[header] for header in columns) for line in cells]


def _cells(record: Record, letters: dict[str, str], records: Sequence[Record]) -> dict[str, str]:
    """The text under every header but those that need a look at all records' names."""
    # Another machine's time is no measure of a model, and an emulator's is none at all.
    line = _machine_line(record)
    clock = _fastest_clock(records, line)
    alike = [ms for r in _alike(records, line) if (ms := p50_by(r, clock))]
    own = None if record.emulated else p50_by(record, clock)
    ratio = f"{own / min(alike):.2f}x" if own and alike else "-"
    return {
        "machine": letters[line],
        "delegate": record.delegate or "-",
        "threads": str(record.threads),
        "p50 ms": p50_text(record),
        "CPU ms": rounded(record.cpu_p50_ms),
        "p90 ms": rounded(record.p90_ms),
        "p95 ms": rounded(record.p95_ms),
        "agree %": "-" if record.agreement is None else f"{record.agreement * 100:.1f}",
        "first ms": rounded(record.first_ms),
        "size MB": rounded(record.bytes / 1e6, most_decimals=4),
        "peak MB": rounded(record.peak_memory_mb, most_decimals=1),
        "rise MB": rounded(record.memory_increase_mb, most_decimals=1),
        "vs fastest": ratio,
    }


def _alike(records: Sequence[Record], line: str) -> list[Record]:
    """Those of one machine whose times may be compared."""
    return [r for r in records if r.valid and not r.emulated and _machine_line(r) == line]


def _fastest_clock(records: Sequence[Record], line: str) -> Clock:
    return shared_clock(_alike(records, line))


def p50_text(record: Record) -> str:
    """The median, or what must stand in its place or beside it."""
    if not record.valid:
        return "invalid"
    mean_alone = record.p50_ms is None and record.mean_ms is not None
    text = f"{rounded(record.mean_ms)} mean" if mean_alone else rounded(record.p50_ms)
    return f"{text} emulated" if record.emulated else text


def labels(records: Sequence[Record]) -> list[str]:
    """The shortest end of each model's path that tells it from the others."""
    return shortest_ends([record.model for record in records])


def shortest_ends(paths: Sequence[str]) -> list[str]:
    """The shortest end of each path that tells it from the others, of equally many parts each."""
    parts = {path: PurePath(path).parts for path in paths}
    ends = dict.fromkeys(parts, "")
    for length in range(1, max(map(len, parts.values()), default=0) + 1):
        ends = {path: "/".join(words[-length:]) for path, words in parts.items()}
        if len(set(ends.values())) == len(ends):
            break
    return [ends[path] for path in paths]


def runtimes(records: Sequence[Record]) -> list[str]:
    """Each record's runtime; with the runner or else the version that tells it from others of its name."""
    runners, versions = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for record in records:
        runners[record.runtime] |= {record.runner.name} if record.runner else set()
        # A measurement that failed may not know its engine's version.
        versions[record.runtime] |= {record.runtime_version} if record.runtime_version else set()
    texts = []
    for record in records:
        by_runner, by_version = len(runners[record.runtime]) > 1, len(versions[record.runtime]) > 1
        mark = record.runner and record.runner.name if by_runner else by_version and record.runtime_version
        texts.append(f"{record.runtime} {mark}" if mark else record.runtime)
    return texts


def _letters(records: Sequence[Record]) -> dict[str, str]:
    """A, B, ... for the lines that describe the machines; beyond Z numbers."""
    lines = dict.fromkeys(_machine_line(record) for record in records)
    return {line: chr(ord("A") + n) if n < 26 else str(n + 1) for n, line in enumerate(lines)}


def remarks(records: Sequence[Record]) -> list[str]:
    """What must be known beside the figures: first what holds for all, then line by line."""
    all_warnings = [set(record.warnings) for record in records]
    shared = set.intersection(*all_warnings) if len(records) > 1 else set()
    lines = [f"warning: {text}" for text in records[0].warnings if text in shared] if records else []
    letters = _letters(records)
    for label, runtime, record in zip(labels(records), runtimes(records), records, strict=True):
        where = f", machine {letters[_machine_line(record)]}" if len(letters) > 1 else ""
        delegate = f", {record.delegate}" if record.delegate else ""
        name = f"{label}, {runtime}{delegate}, threads {record.threads}{where}"
        for kind, text in _own_remarks(record, shared):
            lines.append(f"{kind}, {name}: {text}")
    if any(record.cpu_p50_ms is not None for record in records):
        by_line = {letters[line]: NAMES[_fastest_clock(records, line)] for line in letters}
        where = "" if len(by_line) == 1 else " on machine {}"
        lines += [f"vs fastest{where.format(letter)} compares {name}" for letter, name in by_line.items()]
    if any(record.emulated for record in records):
        lines.append("emulated: an emulated processor computed; its times say nothing about a phone")
    return lines


def _own_remarks(record: Record, shared: set[str]) -> Iterator[tuple[str, str]]:
    if record.curve:
        first, last = record.curve[0], record.curve[-1]
        minutes = f"after {last.seconds / 60:.1f} minutes"
        yield "sustained", f"p50 {rounded(first.p50_ms)} ms at first, {rounded(last.p50_ms)} ms {minutes}"
    if record.invalid_reasons:
        yield "invalid", "; ".join(record.invalid_reasons)
    if own := [text for text in record.warnings if text not in shared]:
        yield "warning", "; ".join(own)


def machines(records: Sequence[Record]) -> list[str]:
    """Each machine in one line, with the letter that stands for it where there are several."""
    letters = _letters(records)
    return [line if len(letters) == 1 else f"{letter}: {line}" for line, letter in letters.items()]


def _machine_line(record: Record) -> str:
    machine, phone = record.machine, record.fingerprint
    quota = "" if machine.cpu_quota is None else f" ({machine.cpu_quota:g} granted)"
    kind = ", virtual machine" if machine.virtual else ""
    kind += ", emulated" if record.emulated else ""
    parts = [
        f"{machine.cpu}, {machine.cores} cores{quota}{kind}",
        f"governor {machine.governor or 'unknown'}",
    ]
    if phone is not None:
        parts.insert(0, phone.name)
    serial = "" if record.serial is None else f", serial {record.serial}"
    return ", ".join([*parts, machine.os]) + serial


def plain(text: str) -> str:
    """Text that a terminal shows as it is: a record may come from anywhere, and so may its names."""
    return "".join(character if character.isprintable() else "?" for character in text)


def terminal(records: Sequence[Record], width: int = 80) -> RenderableType:
    """A table for a window of that many columns, with the machine above and remarks below."""
    columns, lines, gone = _fitting(headers(records), rows(records), width)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for header in columns:
        # Only names give way, as a last resort: half a number is a wrong number.
        table.add_column(
            header.replace(" ", "\n"),
            justify="left" if header in _TEXTS else "right",
            overflow="fold",
            no_wrap=header != "model",
        )
    for record, cells in zip(records, lines, strict=True):
        table.add_row(*(Text(plain(cell)) for cell in cells), style=None if record.valid else "red")
    notes = remarks(records)
    if gone:
        notes.append(f"not shown in {width} columns: {', '.join(gone)}")
    above, below = ([Text(plain(line)) for line in text] for text in (machines(records), notes))
    return Group(*above, Text(), table, Text(), *below)


def _fitting(
    columns: Sequence[str], lines: Sequence[Sequence[str]], width: int
) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
    """Headers and cells of the columns that fit, and the headers of those that do not."""
    gone: list[str] = []
    droppable = [header for header in _FIRST_TO_GO if header in columns]
    while True:
        kept = [number for number, header in enumerate(columns) if header not in gone]
        wide = [max(len(word) for word in columns[n].split()) for n in kept]
        wide = [max([w, *(len(line[n]) for line in lines)]) for w, n in zip(wide, kept, strict=True)]
        if sum(wide) + len(wide) - 1 <= width or len(gone) == len(droppable):
            return [columns[n] for n in kept], [tuple(line[n] for n in kept) for line in lines], gone
        gone.append(droppable[len(gone)])


def markdown(records: Sequence[Record]) -> str:
    """A GitHub-flavored table, with the machine above and remarks below."""
    columns = headers(records)
    above = machines(records)
    lines = [*(escaped(line) if len(above) == 1 else f"- {escaped(line)}" for line in above), ""]
    lines.append(f"| {' | '.join(columns)} |")
    lines.append("| " + " | ".join("---" if header in _TEXTS else "---:" for header in columns) + " |")
    lines += [f"| {' | '.join(map(escaped, cells))} |" for cells in rows(records)]
    if notes := remarks(records):
        lines += ["", *(f"- {escaped(remark)}" for remark in notes)]
    return "\n".join(lines) + "\n"


def json_text(records: Sequence[Record]) -> str:
    """The document with every field and sample."""
    return Document(schema=SCHEMA, records=list(records)).to_json()


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return plain(" ".join(text.split()))


FORMATS: dict[str, Callable[[Sequence[Record]], str]] = {"markdown": markdown, "json": json_text}
"""What can be written to a file."""
