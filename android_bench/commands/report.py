"""facekp-bench report: what was measured, from one or many documents, as a table and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.common.console import out, say


def report(
    documents: Annotated[list[Path], typer.Argument(help="Documents that --out or --json wrote.")],
    *,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Also write every figure to this file of comma-separated values.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write one HTML page with plots.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the times to this file, .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Show the records of documents together, of several machines too."""
    from android_bench.records.documents import read_all
    from android_bench.reports.delivery import check_targets, write_files
    from android_bench.reports.names import shortest_ends
    from android_bench.reports.plot import check_plot
    from android_bench.reports.plot import plot as draw
    from android_bench.reports.tables import terminal

    if plot is not None:
        check_plot(plot)
    check_targets(markdown, csv, html, plot, sources=documents)
    found = read_all(documents)
    names = shortest_ends(list(map(str, found.sources)))
    out.print(terminal(found.records, out.width, names))
    for note in found.notes:
        say(f"note: {note}")
    unwritten = write_files(found.records, {"markdown": markdown, "csv": csv, "html": html}, names)
    if plot is not None:
        draw(plot, found.records)
        say(f"wrote {plot}")
    if unwritten:
        raise unwritten[0]
