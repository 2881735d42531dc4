"""Records as tables. A format is one function and one line in `FORMATS`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import PurePath

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from android_bench.record import SCHEMA, Document, Machine, Record

HEADERS = (
    "model", "runtime", "threads", "p50 ms", "p90 ms", "p95 ms", "first ms", "size MB", "peak MB", "rise MB",
    "vs fastest",
)  # fmt: skip
_TEXT_COLUMNS = 2
_FIRST_TO_GO = ("vs fastest", "rise MB", "first ms", "peak MB")
"""Columns that a narrow window does without, so that the names of models stay whole."""


def rounded(value: float | None, most_decimals: int = 6) -> str:
    """Three significant digits, written out (0.466, 27.6, 1280); "-" for None."""
    if value is None:
        return "-"
    decimals = 2 if value <= 0 else 2 - math.floor(math.log10(value))
    return f"{value:.{min(max(decimals, 0), most_decimals)}f}"


def rows(records: Sequence[Record]) -> list[tuple[str, ...]]:
    """One line of text cells a record, under `HEADERS`; an invalid one shows no statistics."""
    fastest = min((r.p50_ms for r in records if r.p50_ms is not None), default=None)
    return [
        (
            label,
            record.runtime,
            str(record.threads),
            rounded(record.p50_ms) if record.valid else "invalid",
            rounded(record.p90_ms),
            rounded(record.p95_ms),
            rounded(record.first_ms),
            rounded(record.bytes / 1e6, most_decimals=4),
            rounded(record.peak_memory_mb, most_decimals=1),
            rounded(record.memory_increase_mb, most_decimals=1),
            f"{record.p50_ms / fastest:.2f}x" if record.p50_ms and fastest else "-",
        )
        for label, record in zip(labels(records), records, strict=True)
    ]


def labels(records: Sequence[Record]) -> list[str]:
    """The shortest end of each model's path that tells it from the others."""
    parts = {record.model: PurePath(record.model).parts for record in records}
    ends = dict.fromkeys(parts, "")
    for length in range(1, max(map(len, parts.values()), default=0) + 1):
        ends = {model: "/".join(words[-length:]) for model, words in parts.items()}
        if len(set(ends.values())) == len(ends):
            break
    return [ends[record.model] for record in records]


def remarks(records: Sequence[Record]) -> list[str]:
    """What must be known beside the figures: first what holds for all, then line by line."""
    all_warnings = [set(record.warnings) for record in records]
    shared = set.intersection(*all_warnings) if len(records) > 1 else set()
    lines = [f"warning: {text}" for text in records[0].warnings if text in shared] if records else []
    for label, record in zip(labels(records), records, strict=True):
        own = [text for text in record.warnings if text not in shared]
        for kind, texts in (("invalid", record.invalid_reasons), ("warning", own)):
            if texts:
                lines.append(
                    f"{kind}, {label}, {record.runtime}, threads {record.threads}: {'; '.join(texts)}"
                )
    return lines


def _machines(records: Sequence[Record]) -> list[str]:
    """Each machine in one line."""
    return list(dict.fromkeys(_machine_line(record.machine) for record in records))


def _machine_line(machine: Machine) -> str:
    quota = "" if machine.cpu_quota is None else f" ({machine.cpu_quota:g} granted)"
    kind = ", virtual machine" if machine.virtual else ""
    governor = machine.governor or "unknown"
    return f"{machine.cpu}, {machine.cores} cores{quota}{kind}, governor {governor}, {machine.os}"


def terminal(records: Sequence[Record], width: int = 80) -> RenderableType:
    """A table for a window of that many columns, with the machine above and remarks below."""
    headers, lines, gone = _fitting(rows(records), width)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for number, header in enumerate(headers):
        text = number < _TEXT_COLUMNS
        # Only names give way, as a last resort: half a number is a wrong number.
        table.add_column(
            header.replace(" ", "\n"),
            justify="left" if text else "right",
            overflow="fold",
            no_wrap=number > 0,
        )
    for record, cells in zip(records, lines, strict=True):
        table.add_row(*map(Text, cells), style=None if record.valid else "red")
    said = remarks(records)
    if gone:
        said.append(f"not shown in {width} columns: {', '.join(gone)}")
    return Group(*map(Text, _machines(records)), Text(), table, Text(), *map(Text, said))


def _fitting(
    lines: Sequence[Sequence[str]], width: int
) -> tuple[list[str], list[tuple[str, ...]], list[str]]:
    """Headers and cells of the columns that fit, and the headers of those that do not."""
    gone: list[str] = []
    while True:
        shown = [number for number, header in enumerate(HEADERS) if header not in gone]
        wide = [max(len(word) for word in HEADERS[n].split()) for n in shown]
        wide = [max([w, *(len(line[n]) for line in lines)]) for w, n in zip(wide, shown, strict=True)]
        if sum(wide) + len(wide) - 1 <= width or len(gone) == len(_FIRST_TO_GO):
            return [HEADERS[n] for n in shown], [tuple(line[n] for n in shown) for line in lines], gone
        gone.append(_FIRST_TO_GO[len(gone)])


def markdown(records: Sequence[Record]) -> str:
    """A GitHub-flavoured table, with the machine above and remarks below."""
    lines = [*map(_escaped, _machines(records)), ""]
    lines.append(f"| {' | '.join(HEADERS)} |")
    lines.append(
        "| " + " | ".join("---" if n < _TEXT_COLUMNS else "---:" for n in range(len(HEADERS))) + " |"
    )
    lines += [f"| {' | '.join(map(_escaped, cells))} |" for cells in rows(records)]
    if said := remarks(records):
        lines += ["", *(f"- {_escaped(remark)}" for remark in said)]
    return "\n".join(lines) + "\n"


def json_text(records: Sequence[Record]) -> str:
    """The document with every field and sample."""
    return Document(schema=SCHEMA, records=list(records)).to_json()


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


FORMATS: dict[str, Callable[[Sequence[Record]], str]] = {"markdown": markdown, "json": json_text}
"""What can be written to a file."""
