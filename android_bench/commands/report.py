"""facekp-bench report: what was measured, from one or many documents, as a table and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.common.console import UserError, out, say


def report(
    documents: Annotated[list[Path], typer.Argument(help="Documents that --out or --json wrote.")],
    *,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the times to this file, .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Show the records of documents together, those of several machines too."""
    from android_bench.records.documents import read_all
    from android_bench.reports.plot import check_plot
    from android_bench.reports.plot import plot as draw
    from android_bench.reports.tables import markdown as in_markdown
    from android_bench.reports.tables import terminal
    from facekp_train.common.files import write_text

    if plot is not None:
        check_plot(plot)
    if markdown is not None and markdown.is_dir():
        raise UserError(f"{markdown} is a folder; name a file in it")
    records, notes = read_all(documents)
    out.print(terminal(records, out.width))
    for note in notes:
        say(f"note: {note}")
    if markdown is not None:
        write_text(markdown, in_markdown(records))
        say(f"wrote {markdown}")
    if plot is not None:
        draw(plot, records)
        say(f"wrote {plot}")
