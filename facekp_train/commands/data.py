"""`facekp-train data`: what a folder of annotated faces holds, before anyone trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from facekp_train.commands.options import (
    IMAGES_HELP,
    JSON_HELP,
    SPEC_HELP,
    SPLIT_HELP,
    STRICT_HELP,
    SchemeOption,
    adopt_given,
    spec_is_usage,
)
from facekp_train.common.console import UserError, faces_in_words, out, print_json, print_line, say, warn

if TYPE_CHECKING:
    from facekp_train.datasets.survey import Survey


def data(
    spec: Annotated[str, typer.Argument(help=SPEC_HELP)],
    split: Annotated[str | None, typer.Option(help=SPLIT_HELP + " Default: everything.")] = None,
    images: Annotated[Path | None, typer.Option(help=IMAGES_HELP)] = None,
    scheme: SchemeOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--out", help="Contact sheet to write. Default: NAME_sheet.png in this folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    strict: Annotated[bool, typer.Option("--strict", help=STRICT_HELP)] = False,
) -> None:
    """Count the faces of a data set, name what is wrong with it, draw a contact sheet."""
    from facekp_train.datasets.guess import named
    from facekp_train.datasets.reading.notes import in_short
    from facekp_train.datasets.survey import TILE, parts_of, survey_faces
    from facekp_train.draw import contact_sheet, write_picture

    adopt_given(scheme)
    with spec_is_usage():
        if (told := named(spec)) != spec:
            say(f"{spec} is read as {told}")
            spec = told
        parts = parts_of(spec, split, strict, images)
    survey = survey_faces(spec, parts)
    if survey.tiles:
        sheet = sheet or Path(f"{_name_of(spec)}_sheet.png")
        write_picture(sheet, contact_sheet(survey.tiles, tile=TILE.size))
    if as_json:
        print_json(survey.as_json() | {"sheet": str(sheet) if survey.tiles else None})
    else:
        _print(survey, sheet)
    if not survey.n:
        raise UserError(f"{spec} has no face that can be used{in_short(survey.skipped)}")


def _name_of(spec: str) -> str:
    return Path(spec.partition(":")[2]).expanduser().resolve().name.replace("@", "_")


def _print(survey: Survey, sheet: Path | None) -> None:
    from facekp_train.datasets.reading.notes import SHOWN, print_skipped

    each = " each" if survey.n != 1 else ""
    title = f"{survey.data}: {faces_in_words(survey.n)}, {survey.points or 'no'} keypoints{each}"
    print_line(title)
    table = Table("split", "faces")
    for split, count in survey.splits.items():
        table.add_row(split, f"{count:,}")
    out.print(table)
    for warning in survey.warnings[:SHOWN]:
        warn(warning)
    more = len(survey.warnings) - SHOWN
    if more > 0:
        say(f"... and {more} more warnings (all of them with --json)")
    print_skipped(survey.skipped)
    if survey.tiles:
        print_line(f"{len(survey.tiles)} faces with their keypoints: {sheet}")
