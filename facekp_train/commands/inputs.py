"""What a line names is looked at before anything heavy is loaded: a wrong path costs a moment."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from facekp_train.common.files import naming_folder
from facekp_train.common.recipes import recipe_settings
from facekp_train.common.run_files import refuse_other_than_checkpoints
from facekp_train.common.shipped import CHECKPOINT, shipped_file

_SETS = ("data", "validation")
_CHECKPOINTS = ("init", "teacher", "checkpoint", "models")


def check_sets(specs: Sequence[str]) -> None:
    """Raise BadParameter for what is no FORMAT:PATH, FileNotFoundError for a path that leads nowhere."""
    from facekp_train.datasets import DataError, open_dataset

    try:
        for spec in specs:
            open_dataset(spec)
    except DataError as error:
        raise typer.BadParameter(str(error)) from None


def check_named(settings: Mapping[str, Any], section: str = "") -> None:
    """Look at the data sets and files that a recipe names, or a pipeline in its sections.

    Raises:
        typer.BadParameter, OSError, UserError: for what is not there.
    """
    for key, value in settings.items():
        if isinstance(value, Mapping):
            check_named(value, str(key))
        elif key in _SETS:
            check_sets(_texts(value))
        elif key in _CHECKPOINTS and section != "prune":  # there it is a stage's name
            refuse_other_than_checkpoints(*(shipped_file(Path(text), CHECKPOINT) for text in _texts(value)))
        elif key == "imagenet" and isinstance(value, str) and not Path(value).is_file():
            raise OSError(f"{value}: no such file; give torchvision's weights, or leave imagenet out")
        elif key == "recipe" and isinstance(value, str):
            recipe_settings(value, {}, [])
        elif key == "also":
            check_labellers(_texts(value))


def told_by_data(specs: Sequence[str]) -> dict[str, Any] | None:
    """The scheme that names in an annotation tool's file tell, as plain data; None for a published one."""
    from facekp_train.datasets import open_dataset
    from facekp_train.landmarks import scheme_of
    from facekp_train.published_schemes import PUBLISHED

    for spec in specs:
        dataset = open_dataset(spec)
        if (dataset.format.file or dataset.format.images) and (face := next(iter(dataset), None)) is not None:
            scheme = scheme_of(len(face.keypoints))
            return None if scheme in PUBLISHED else scheme.as_dict()
    return None


def files_of(specs: Sequence[str]) -> list[Path]:
    """The files that data sets are read from, of FORMAT:PATH[@LIST]: those that there are."""
    names = [rest for spec in specs for rest in (spec, spec.partition(":")[2])]
    parts = [part for name in names for part in (name, *name.rpartition("@")[::2])]
    return [path for part in parts if (path := Path(part).expanduser()).is_file()]


def check_labellers(words: Sequence[str]) -> None:
    """Raise UserError for what is no KIND:FILE, or names no file."""
    from facekp_train.labels.labellers import split_labeller

    for word in words:
        split_labeller(word)


def check_folder(folder: Path | None) -> None:
    """Raise BadParameter for a file, OSError where no folder can be made; nothing is written."""
    if folder is None:
        return
    if folder.is_file():
        raise typer.BadParameter(f"--out {folder} is a file, not a folder; name another")
    _check_above(folder)


def check_file(file: Path | None) -> None:
    """The same for a file that is to be written."""
    if file is None:
        return
    if file.is_dir():
        raise typer.BadParameter(f"--out {file} is a folder; name a file in it")
    _check_above(file.parent)


def _check_above(folder: Path) -> None:
    above = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    # A nameless file tells more than the rights, which a disk that can only be read does not have.
    with naming_folder(folder), tempfile.TemporaryFile(dir=above):
        pass


def _texts(value: Any) -> list[str]:
    """The texts of a key: one, several or none; what else it holds is refused where it is read."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [each for each in values if isinstance(each, str)]
