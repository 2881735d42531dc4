"""Options that the commands of facekp-export share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.common.console import MOST_THREADS, warn

if TYPE_CHECKING:
    from facekp_export.verification.labelled import LabelledFaces
    from facekp_train.datasets import Dataset
    from facekp_train.schemes import Scheme


DataOption = Annotated[
    str | None,
    typer.Option(
        help="Labeled faces to measure the NME on, FORMAT:PATH or FORMAT:PATH@LIST. Formats: facekp-train "
        "data --help."
    ),
]
SplitOption = Annotated[
    str | None, typer.Option(help="Split of --data. Default: the one that its format is measured on.")
]
LimitOption = Annotated[
    int | None,
    typer.Option(min=1, help="Number of faces to measure on, spread over the split. Default: all."),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Stop at the first row or photograph of --data that cannot be used.")
]
NormalizerOption = Annotated[
    str | None,
    typer.Option(help="What errors on --data are percent of, such as box. Default: the data's first."),
]
ThreadsOption = Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="Threads of each runtime.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def finder_names() -> Iterable[str]:
    """For shells, which alone ask for it."""
    from facekp_export.finders.registry import FINDERS

    return FINDERS


def opened(spec: str, limit: int | None = None) -> Dataset:
    """A data set, not yet read; what names none is wrong usage."""
    from facekp_train.datasets import DataError, open_dataset

    try:
        return open_dataset(spec, limit=limit)
    except DataError as error:
        raise typer.BadParameter(str(error)) from None


def labelled_data(data: str | None, split: str | None, limit: int | None, strict: bool) -> Dataset | None:
    """The faces of --data, not yet read; what contradicts it is wrong usage."""
    from facekp_train.datasets import DataError, open_dataset

    if data is None:
        return None
    try:
        dataset = open_dataset(data, split, strict, limit=limit)
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
    if split is None:
        dataset.split = dataset.format.evaluation
    return dataset


def read_faces(dataset: Dataset | None, scheme: Scheme | None) -> LabelledFaces | None:
    """The faces, read as those of a model: its scheme is theirs where they have as many keypoints."""
    from facekp_export.verification.labelled import LabelledFaces
    from facekp_train.landmarks import meaning

    if dataset is None:
        return None
    with meaning(scheme):
        faces = LabelledFaces.of(dataset)
    for warning in faces.warnings:
        warn(warning)
    return faces
