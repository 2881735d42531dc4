"""Options that take a model: a path, or the name of a shipped one, which shells complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from facekp_train.common.completion import completed
from facekp_train.common.shipped import CHECKPOINT, EXPORT, shipped_file, shipped_names


def checkpoint_option(meaning: str) -> Any:
    """An option for a checkpoint, or several."""
    return typer.Option(**_named(meaning, CHECKPOINT))


def export_option(meaning: str) -> Any:
    """An option for an exported file."""
    return typer.Option(**_named(meaning, EXPORT))


def folder_option(meaning: str) -> Any:
    """An option for files and folders of models, or several."""
    return typer.Option(**_named(meaning, ""))


def checkpoint_argument(meaning: str) -> Any:
    """As `checkpoint_option`, without a name of its own on the line."""
    return typer.Argument(**_named(meaning, CHECKPOINT))


def export_argument(meaning: str) -> Any:
    """As `export_option`, without a name of its own on the line."""
    return typer.Argument(**_named(meaning, EXPORT))


def folder_argument(meaning: str) -> Any:
    """As `folder_option`, without a name of its own on the line."""
    return typer.Argument(**_named(meaning, ""))


def _named(meaning: str, file: str) -> dict[str, Any]:
    """The help text, and what lets a name stand for that file of a shipped model; empty: its folder."""

    def resolved(given: Path | list[Path] | None) -> Path | list[Path] | None:
        if isinstance(given, (list, tuple)):
            return [shipped_file(path, file) for path in given]
        return given and shipped_file(given, file)

    text = f"{meaning} A shipped model may be given by its name."
    return {"help": text, "callback": resolved, "autocompletion": completed(lambda: shipped_names(file))}
