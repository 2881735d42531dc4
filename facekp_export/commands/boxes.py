"""`facekp-export boxes`: fit what brings each source's face boxes to the tight keypoint box."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_export.commands.options import finder_names
from facekp_train.common.completion import completed
from facekp_train.common.console import UserError, print_json, say, warn
from facekp_train.common.feedback.idle import needs

if TYPE_CHECKING:
    from facekp_train.samples import FaceSample

# One for each mapping: `blazeface` looks more often, at boxes of the same kind as the fast one's.
_FITTED = ("blazeface-fast", "blazeface-full", "haar")


def boxes(
    context: typer.Context,
    points68: Annotated[
        str, typer.Option(help="Faces with all keypoints: 300w:PATH, pts:PATH or pts:PATH@LIST.")
    ],
    data: Annotated[
        str | None, typer.Option(help="The same photographs in a list with boxes or fewer points: mtfl:PATH.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Split of --data. Default: the format's first.")] = None,
    finder: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Face finder, or none; repeatable. Default: {', '.join(_FITTED)}.",
            autocompletion=completed(lambda: [*finder_names(), "none"]),
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Faces of --points68 to read. Default: all.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Use every Nth face only.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="File to update, boxes.json. Default: print the mappings as JSON.")
    ] = None,
) -> None:
    """Fit how each source's face boxes lie around the keypoints.

    On labeled faces; the mappings go from a source's box to the tight box of all keypoints.
    """
    from facekp_export.finders.box_fit import by_image, collect_pairs, fit_boxes, write_boxes
    from facekp_export.finders.registry import FINDERS, open_finder
    from facekp_train.datasets import DataError, open_dataset
    from facekp_train.datasets.reading.notes import print_skipped

    needs(context, "--data", data, "split")
    names = [name for name in finder or _FITTED if name != "none"]
    unknown = set(names) - set(FINDERS)
    if unknown:
        raise typer.BadParameter(
            f"no face finder is called '{unknown.pop()}'; there are {', '.join(FINDERS)}, none"
        )
    try:
        labelled = open_dataset(points68, limit=limit)
        listed = open_dataset(data, split) if data else None
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
    skipped: list[str] = []

    def skip(file: str, reason: str) -> None:
        skipped.append(f"{file}: {reason}")

    pairs = collect_pairs(
        _shown([face for index, face in enumerate(labelled) if index % every == 0]),
        by_image(listed) if listed else {},
        [open_finder(name) for name in names],
        skip,
    )
    for dataset in (each for each in (labelled, listed) if each is not None):
        print_skipped(dataset.skipped)
        for warning in dataset.warnings:
            warn(warning)
    for reason in skipped:
        warn(f"skipped {reason}")
    if not pairs:
        raise UserError("nothing to fit: give --data with a list of boxes, or a --finder")
    fits = fit_boxes(pairs, (data or points68).partition(":")[0])
    if out is None:
        print_json({source: fit.as_dict() for source, fit in fits.items()})
    else:
        write_boxes(out, fits)
        say(f"{', '.join(fits)} written to {out}")


def _shown(faces: list[FaceSample]) -> Iterator[FaceSample]:
    from facekp_train.common.feedback.progress import progress_bar

    with progress_bar() as bar:
        yield from bar.track(faces, description="looking for boxes")
