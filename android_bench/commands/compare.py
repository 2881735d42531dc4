"""facekp-bench compare: two documents side by side, with an exit code for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.common.console import UserError, out, print_json, say


def compare(
    before: Annotated[Path, typer.Argument(help="Reference: a document that --out or --json wrote.")],
    after: Annotated[Path, typer.Argument(help="The document to compare with it.")],
    *,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0, max=1000, help="Percent by which a median may grow; above it, the exit code is 1."
        ),
    ] = 5.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of the table.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Also write every figure to this file of comma-separated values.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write one HTML page.")] = None,
) -> None:
    """Compare two measurements: what changed, and how sure that is.

    What is invalid, emulated on one side only, or without a counterpart is left out and named. A
    median that is slower beyond the tolerance, and not by chance, ends with exit code 1; so does what
    was valid before and is invalid after.
    """
    from android_bench.records.documents import read_document
    from android_bench.reports import comparison_tables as tables
    from android_bench.reports import pages, separated
    from android_bench.reports.compare import compare as compared
    from android_bench.reports.delivery import check_targets
    from android_bench.reports.names import shortest_ends
    from facekp_train.common.files import write_text

    check_targets(markdown, csv, html, sources=(before, after))
    left_out: list[str] = []
    olds = read_document(before, left_out)
    news = read_document(after, unread := [])
    result = compared(olds, news, tolerance / 100, [*left_out, *unread])
    names = shortest_ends([str(before), str(after)])
    if as_json:
        print_json(tables.document(result))
    elif result.changes:
        out.print(tables.terminal(result, *names))
    for target, text in (
        (markdown, lambda: tables.markdown(result, *names)),
        (csv, lambda: separated.comparison_csv(result)),
        (html, lambda: pages.comparison_page(result, *names)),
    ):
        if target is not None:
            write_text(target, text())
            say(f"wrote {target}")
    if failures := [*tables.failures(result), *(f"left out: {sentence}" for sentence in unread)]:
        raise UserError("; ".join(failures))
    if not result.changes:
        first = f"; {result.left_out[0]}" if result.left_out else ""
        raise UserError(f"no record of {before} can be compared with one of {after}{first}")
