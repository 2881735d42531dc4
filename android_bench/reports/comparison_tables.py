"""A comparison as a table, as a document, and as sentences on what became worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from android_bench.reports.compare import Comparison, TimingChange
from android_bench.reports.names import rounded
from android_bench.reports.tables import terminal_table
from facekp_train.common.console import escaped, plain
from facekp_train.common.markdown import markdown_table

SCHEMA = "facekp-bench-compare/1"
HEADERS = (
    "model", "runtime", "device", "threads", "clock", "before ms", "after ms", "change", "95 % interval",
    "of", "verdict",
)  # fmt: skip
TEXTS = ("model", "runtime", "device", "clock", "95 % interval", "of", "verdict")
"""Columns that hold words."""


def document(result: Comparison) -> dict[str, Any]:
    """Every figure; changes and bounds as shares."""
    return {"schema": SCHEMA, **asdict(result), "regressions": len(result.regressions)}


def above(result: Comparison, before: str, after: str) -> list[str]:
    """Which documents, and from which change on it is one."""
    return [f"before: {before}", f"after: {after}", f"Tolerance {result.tolerance * 100:g} %."]


def rows(result: Comparison) -> list[tuple[str, ...]]:
    """One line of text cells a change, under HEADERS."""
    return [_cells(change) for change in result.changes]


def terminal(result: Comparison, before: str, after: str) -> RenderableType:
    """A table for a terminal, with the names of both documents above and remarks below."""
    table = terminal_table(HEADERS, TEXTS)
    styles = {"slower": "red", "faster": "green", "unclear": "yellow"}
    for change in result.changes:
        table.add_row(*(Text(plain(cell)) for cell in _cells(change)), style=styles.get(change.verdict))
    names = [Text(plain(line)) for line in above(result, before, after)]
    return Group(*names, Text(), table, Text(), *(Text(plain(line)) for line in remarks(result)))


def markdown(result: Comparison, before: str, after: str) -> str:
    """A GitHub-flavored table, with both documents and the tolerance above and remarks below."""
    lines = [
        *(f"- {escaped(line)}" for line in above(result, before, after)),
        "",
        markdown_table(HEADERS, [[*map(escaped, line)] for line in rows(result)], words=TEXTS),
    ]
    if notes := remarks(result):
        lines += ["", *(f"- {escaped(note)}" for note in notes)]
    return "\n".join(lines) + "\n"


def failures(result: Comparison) -> Iterator[str]:
    """A sentence on what became slower, and one on what is no longer valid."""
    if slower := result.regressions:
        worst = max(slower, key=lambda change: change.change)
        tolerance = f"{result.tolerance * 100:g} %"
        yield (
            f"{len(slower)} of {len(result.changes)} became slower by more than {tolerance}; "
            f"the most: {worst.model} on {worst.runtime}, {_percent(worst.change)}"
        )
    if broken := result.broken:
        yield f"{len(broken)} valid before and invalid after; the first: {broken[0]}"


def _cells(change: TimingChange) -> tuple[str, ...]:
    device = change.device if change.delegate is None else f"{change.device} {change.delegate}"
    bounds = "-"
    if change.low is not None and change.high is not None:
        bounds = f"{_percent(change.low)} to {_percent(change.high)}"
    of = "-" if change.of == "nothing" else f"{change.counted[0]} + {change.counted[1]} {change.of}"
    before, after = (
        rounded(value) + ("" if change.statistic == "p50" else f" {change.statistic}")
        for value in (change.before_ms, change.after_ms)
    )
    return (
        change.model, change.runtime, f"{device}, emulated" if change.emulated else device,
        str(change.threads), change.clock, before, after, _percent(change.change), bounds, of, change.verdict,
    )  # fmt: skip


def remarks(result: Comparison) -> list[str]:
    """What must be known beside the figures."""
    lines = list(_notes(result.changes))
    if any(change.of == "parts" for change in result.changes):
        lines.append(
            "an interval within one measurement shows its noise, not how much another measurement would "
            "differ: measure both sides again before believing a small change"
        )
    if any(change.emulated for change in result.changes):
        lines.append("emulated: changes of an emulated processor's times say nothing about a phone")
    return lines + [f"left out: {reason}" for reason in result.left_out]


def _notes(changes: Sequence[TimingChange]) -> Iterator[str]:
    """Each note once, with the rows that it is about: a machine's is all of its rows'."""
    for note in dict.fromkeys(note for change in changes for note in change.notes):
        about = [change for change in changes if note in change.notes]
        names = [f"{change.model}, {change.runtime}, threads {change.threads}" for change in about]
        where = "all" if len(about) == len(changes) > 1 else "; ".join(names)
        yield f"{where}: {note}"


def _percent(share: float) -> str:
    return f"{share * 100:+.1f} %"
