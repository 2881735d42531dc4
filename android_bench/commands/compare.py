"""facekp-bench compare: two documents side by side, with an exit code for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekp_train.common.console import UserError, out, print_json, say

if TYPE_CHECKING:
    from android_bench.reports.compare import Comparison, TimingChange

SCHEMA = "facekp-bench-compare/1"
_HEADERS = (
    "model", "runtime", "device", "threads", "before ms", "after ms", "change", "95 % interval", "of",
    "verdict",
)  # fmt: skip
_NUMBERS = ("threads", "before ms", "after ms", "change")


def compare(
    before: Annotated[Path, typer.Argument(help="A document that --out or --json wrote, the reference.")],
    after: Annotated[Path, typer.Argument(help="The one to judge.")],
    *,
    tolerance: Annotated[
        float,
        typer.Option(min=0, max=1000, help="Percent by which a median may grow; beyond it: exit code 1."),
    ] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of the table.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
) -> None:
    """Compare two measurements: the change of each median, and how sure it is.

    What is invalid, emulated on one side only, or without a counterpart is left out and named. A
    median that is slower beyond the tolerance, and not by chance, ends with exit code 1; so does what
    was valid before and is invalid after.
    """
    from android_bench.records.documents import read_document
    from android_bench.reports.compare import compare as compared
    from facekp_train.common.files import write_text

    result = compared(read_document(before), read_document(after), tolerance / 100)
    if as_json:
        print_json(_document(result))
    elif result.changes:
        out.print(_terminal(result))
    if markdown is not None:
        write_text(markdown, _markdown(result))
        say(f"wrote {markdown}")
    if worse := list(_worse(result, tolerance)):
        raise UserError("; ".join(worse))
    if not result.changes:
        raise UserError(_nothing(result, before, after))


def _worse(result: Comparison, tolerance: float) -> Iterator[str]:
    if slower := result.regressions:
        worst = max(slower, key=lambda change: change.change)
        yield (
            f"{len(slower)} of {len(result.changes)} became slower by more than {tolerance:g} %; "
            f"the most: {worst.model} on {worst.runtime}, {_percent(worst.change)}"
        )
    if broken := result.broken:
        yield f"{len(broken)} valid before and invalid after; the first: {broken[0]}"


def _nothing(result: Comparison, before: Path, after: Path) -> str:
    first = f"; {result.left_out[0]}" if result.left_out else ""
    return f"no record of {before} can be compared with one of {after}{first}"


def _document(result: Comparison) -> dict[str, Any]:
    """Every figure; changes and bounds as shares."""
    return {"schema": SCHEMA, **asdict(result), "regressions": len(result.regressions)}


def _cells(change: TimingChange) -> tuple[str, ...]:
    from android_bench.reports.tables import rounded

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
        str(change.threads), before, after, _percent(change.change), bounds, of, change.verdict,
    )  # fmt: skip


def _percent(share: float) -> str:
    return f"{share * 100:+.1f} %"


def _remarks(result: Comparison) -> list[str]:
    """What must be known beside the figures."""
    lines = [
        f"{change.model}, {change.runtime}, threads {change.threads}: {'; '.join(change.notes)}"
        for change in result.changes
        if change.notes
    ]
    if any(change.of == "parts" for change in result.changes):
        lines.append(
            "an interval from the parts of one measurement knows its noise, not how far another measurement "
            "would lie from it: measure both sides again before believing a small change"
        )
    if any(change.emulated for change in result.changes):
        lines.append("emulated: changes of an emulated processor's times say nothing about a phone")
    return lines + [f"left out: {reason}" for reason in result.left_out]


def _terminal(result: Comparison) -> Any:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from android_bench.reports.tables import plain

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for header in _HEADERS:
        table.add_column(header, justify="right" if header in _NUMBERS else "left", overflow="fold")
    styles = {"slower": "red", "faster": "green", "unclear": "yellow"}
    for change in result.changes:
        table.add_row(*(Text(plain(cell)) for cell in _cells(change)), style=styles.get(change.verdict))
    return Group(table, Text(), *(Text(plain(line)) for line in _remarks(result)))


def _markdown(result: Comparison) -> str:
    from android_bench.reports.tables import escaped

    lines = [
        f"Tolerance {result.tolerance * 100:g} %.",
        "",
        f"| {' | '.join(_HEADERS)} |",
        "| " + " | ".join("---:" if header in _NUMBERS else "---" for header in _HEADERS) + " |",
    ]
    lines += [f"| {' | '.join(map(escaped, _cells(change)))} |" for change in result.changes]
    if remarks := _remarks(result):
        lines += ["", *(f"- {escaped(remark)}" for remark in remarks)]
    return "\n".join(lines) + "\n"
