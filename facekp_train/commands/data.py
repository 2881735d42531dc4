"""`facekp-train data`: what a folder of annotated faces holds, before anyone trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from facekp_train.commands.inputs import check_file, files_of
from facekp_train.commands.options import (
    SPEC_HELP,
    SPLIT_HELP,
    ImagesOption,
    JsonOption,
    LimitOption,
    SchemeOption,
    StrictOption,
    adopt_given,
    spec_is_usage,
)
from facekp_train.common.console import UserError, faces_in_words, out, print_json, print_line, say, warn
from facekp_train.common.run_files import refuse_sources

if TYPE_CHECKING:
    from facekp_train.datasets.survey import Survey


def data(
    spec: Annotated[str, typer.Argument(help=SPEC_HELP)],
    split: Annotated[str | None, typer.Option(help=SPLIT_HELP + " Default: everything.")] = None,
    images: ImagesOption = None,
    scheme: SchemeOption = None,
    limit: LimitOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--out", help="Contact sheet to write: 36 faces, left in green, right in magenta."),
    ] = None,
    as_json: JsonOption = False,
    strict: StrictOption = False,
) -> None:
    """Count a data set's faces, and name what is wrong with it.

    PATH alone does for the files of annotation tools, whose format is then told.
    Example: facekp-train data faces/annotations.xml --out sheet.png
    """
    from facekp_train.datasets.guess import named
    from facekp_train.datasets.reading.notes import in_short
    from facekp_train.datasets.survey import TILE, parts_of, survey_faces
    from facekp_train.draw import check_writable, contact_sheet, write_picture

    check_file(sheet)
    refuse_sources([sheet], files_of([spec]))
    if sheet is not None:
        check_writable(sheet)
    own = adopt_given(scheme)
    with spec_is_usage():
        if (told := named(spec)) != spec:
            say(f"{spec} is read as {told}")
            spec = told
        parts = parts_of(spec, split, strict, images, limit)
    survey = survey_faces(spec, parts, sheet)
    drawn = sheet if survey.tiles else None
    if drawn is not None:
        write_picture(drawn, contact_sheet(survey.tiles, tile=TILE.size))
    if as_json:
        print_json(survey.as_json() | {"sheet": drawn and str(drawn)})
    else:
        _print(survey, drawn)
    if not survey.n:
        # Without --json the reasons stand above.
        told = in_short(survey.skipped) if as_json else f"; {len(survey.skipped):,} skipped"
        raise UserError(f"{spec} has no face that can be used{told}")
    if own is not None and survey.points != own.points:
        raise UserError(
            f"its faces have {survey.points} keypoints and scheme '{own.name}' {own.points}, so that it says "
            "nothing of them; give the scheme of these keypoints, or leave --scheme out"
        )


def _print(survey: Survey, sheet: Path | None) -> None:
    from facekp_train.datasets.reading.notes import SHOWN, print_skipped

    each = " each" if survey.n > 1 else ""
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
    if sheet is not None:
        drawn = faces_in_words(len(survey.tiles))
        print_line(f"{drawn} with left keypoints green, right magenta, others white, hidden red: {sheet}")
    elif survey.tiles:
        say("only a person sees whether left and right changed places: --out sheet.png draws some faces")
