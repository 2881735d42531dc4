"""`facekp-export models`: the models that come with facekp, and whether they are here and whole."""

from __future__ import annotations

from typing import Any

import typer

from facekp_export.commands.options import JsonOption
from facekp_train.common.console import out, print_json, print_line


def models(as_json: JsonOption = False) -> None:
    """List the models that come with facekp, and verify their files."""
    from facekp_export.verification.shipped_models import shipped_models

    document = shipped_models()
    if as_json:
        print_json(document)
    else:
        _print(document)
    if not document["good"]:
        raise typer.Exit(1)


def _print(document: dict[str, Any]) -> None:
    from rich.table import Table

    from facekp_export.verification.shipped_models import INTACT

    table, lines = Table("model", "file"), []
    table.add_column("MB", justify="right")
    table.add_column("SHA-256")
    table.add_column("state")
    for model in document["models"]:
        name = model["name"] + (" (default)" if model["default"] else "")
        for number, file in enumerate(model["files"]):
            cells = (file["file"], f"{file['bytes'] / 1e6:.2f}", file["sha256"][:16], file["state"])
            table.add_row("" if number else name, *cells, end_section=file is model["files"][-1])
            if file["state"] != INTACT and model["install"] not in lines:
                lines.append(model["install"])
    out.print(table)
    for line in lines:
        print_line(f"What is missing or changed comes by: {line} (make release builds the wheel into dist)")
    print_line(document["weights_licence"])
