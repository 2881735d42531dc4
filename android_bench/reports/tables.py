"""Records as tables: in a terminal, in Markdown, and the cells that other formats show, too.

Where records come from several documents, each is named after its own in `documents`, one a record.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from android_bench.records.record import SCHEMA, Document, Record
from android_bench.reports.clock import Clock, p50_by
from android_bench.reports.names import labels, letters_of, machine_line, machines, rounded, runtimes
from android_bench.reports.remarks import alike, fastest_clock, remarks
from facekp_train.common.console import escaped, plain
from facekp_train.common.markdown import markdown_table

HEADERS: tuple[str, ...] = (
    "model", "runtime", "threads", "p50 ms", "p90 ms", "p95 ms", "first ms", "size MB", "peak MB", "rise MB",
    "vs fastest",
)  # fmt: skip
"""Columns of every table; `headers` adds those that the records at hand need."""
TEXTS = ("document", "model", "machine", "runtime", "delegate")
"""Columns that hold words."""
_FIRST_TO_GO = ("vs fastest", "rise MB", "first ms", "peak MB", "peak %", "agree %")
"""Columns that a narrow window does without, so that the names of models stay whole."""


def headers(records: Sequence[Record], documents: Sequence[str] = ()) -> tuple[str, ...]:
    """`HEADERS`, with document and machine where there are several, and what only phones have."""
    columns = list(HEADERS)
    if len({machine_line(record) for record in records}) > 1:
        columns.insert(1, "machine")
    if any(record.delegate for record in records):
        columns.insert(columns.index("runtime") + 1, "delegate")
    if any(record.agreement is not None for record in records):
        columns.insert(columns.index("first ms"), "agree %")
    if any(record.cpu_p50_ms is not None for record in records):
        columns.insert(columns.index("p50 ms") + 1, "CPU ms")
    if any(record.peak_share is not None for record in records):
        columns.insert(columns.index("first ms"), "peak %")
    return ("document", *columns) if len(set(documents)) > 1 else tuple(columns)


def rows(records: Sequence[Record], documents: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """One line of text cells a record, under `headers`; an invalid one shows no statistics."""
    columns, letters = headers(records, documents), letters_of(records)
    sources = documents or [""] * len(records)
    fastest = {line: _fastest(records, line) for line in letters}
    names = zip(sources, labels(records), runtimes(records), records, strict=True)
    cells = (
        {"document": source, "model": label, "runtime": runtime} | _cells(record, letters, fastest)
        for source, label, runtime, record in names
    )
    return [tuple(line[header] for header in columns) for line in cells]


def _fastest(records: Sequence[Record], line: str) -> tuple[Clock, float | None]:
    """Of one machine: the clock that its records share, and the shortest p50 by it, ms."""
    clock = fastest_clock(records, line)
    return clock, min((ms for r in alike(records, line) if (ms := p50_by(r, clock))), default=None)


def _cells(
    record: Record, letters: dict[str, str], fastest: dict[str, tuple[Clock, float | None]]
) -> dict[str, str]:
    """The text under every header but those that need a look at all records' names."""
    # Another machine's time is no measure of a model, and an emulator's is none at all.
    line = machine_line(record)
    clock, shortest = fastest[line]
    own = None if record.emulated else p50_by(record, clock)
    ratio = f"{own / shortest:.2f}x" if own and shortest else "-"
    return {
        "machine": letters[line],
        "delegate": record.delegate or "-",
        "threads": str(record.threads),
        "p50 ms": p50_text(record),
        "CPU ms": rounded(record.cpu_p50_ms),
        "p90 ms": rounded(record.p90_ms),
        "p95 ms": rounded(record.p95_ms),
        "agree %": "-" if record.agreement is None else f"{record.agreement * 100:.1f}",
        "peak %": "-" if record.peak_share is None else f"{record.peak_share * 100:.0f}",
        "first ms": rounded(record.first_ms),
        "size MB": rounded(record.bytes / 1e6, most_decimals=4),
        "peak MB": rounded(record.peak_memory_mb, most_decimals=1),
        "rise MB": rounded(record.memory_increase_mb, most_decimals=1),
        "vs fastest": ratio,
    }


def p50_text(record: Record) -> str:
    """The median, or what must stand in its place or beside it."""
    if not record.valid:
        return "invalid"
    mean_alone = record.p50_ms is None and record.mean_ms is not None
    text = f"{rounded(record.mean_ms)} mean" if mean_alone else rounded(record.p50_ms)
    return f"{text} emulated" if record.emulated else text


def terminal(records: Sequence[Record], width: int = 80, documents: Sequence[str] = ()) -> RenderableType:
    """A table for a window of that many columns, with the machine above and remarks below."""
    columns, lines, gone = _fitting(headers(records, documents), rows(records, documents), width)
    # Only names give way, as a last resort: half a number is a wrong number.
    table = terminal_table(columns, TEXTS, wrapping=("document", "model"))
    for record, cells in zip(records, lines, strict=True):
        table.add_row(*(Text(plain(cell)) for cell in cells), style=None if record.valid else "red")
    notes = remarks(records, documents)
    if gone:
        notes.append(f"not shown in {width} columns: {', '.join(gone)}")
    above, below = ([Text(plain(line)) for line in text] for text in (machines(records), notes))
    return Group(*above, Text(), table, Text(), *below)


def terminal_table(
    headers: Sequence[str], words: Collection[str], wrapping: Collection[str] | None = None
) -> Table:
    """An empty table without rules for a terminal.

    Args:
        headers: of the columns.
        words: those that stand left; numbers stand right.
        wrapping: those whose cells may take several lines, while every header takes one for each word;
            None where all cells may.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(
            header if wrapping is None else header.replace(" ", "\n"),
            justify="left" if header in words else "right",
            overflow="fold",
            no_wrap=wrapping is not None and header not in wrapping,
        )
    return table


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


def markdown(records: Sequence[Record], documents: Sequence[str] = ()) -> str:
    """A GitHub-flavored table, with the machine above and remarks below."""
    columns = headers(records, documents)
    above = machines(records)
    lines = [*(escaped(line) if len(above) == 1 else f"- {escaped(line)}" for line in above), ""]
    cells = [[*map(escaped, line)] for line in rows(records, documents)]
    lines.append(markdown_table(columns, cells, words=TEXTS))
    if notes := remarks(records, documents):
        lines += ["", *(f"- {escaped(remark)}" for remark in notes)]
    return "\n".join(lines) + "\n"


def json_text(records: Sequence[Record], _: Sequence[str] = ()) -> str:
    """The document with every field and sample."""
    return Document(schema=SCHEMA, records=list(records)).to_json()
