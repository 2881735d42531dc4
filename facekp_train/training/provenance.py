"""What a result was made from, noted beside it, so that it is not taken for another's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facekp_train.common.console import UserError
from facekp_train.common.files import parse_json, write_json
from facekp_train.datasets.registry import open_dataset
from facekp_train.datasets.tools import coco
from facekp_train.landmarks import meaning
from facekp_train.metadata import joined_licence, read_licence
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.training.data import FaceSettings, samples_of
from facekp_train.training.recipe import Recipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric


_FACES = "fingerprint of the faces"


def faces_fingerprint(settings: FaceSettings) -> str:
    """Of what the lists of the faces say: names, boxes and keypoints, wherever the folders lie."""
    digest = hashlib.sha256()
    lists = (
        (settings.data, settings.split, False),
        (settings.validation, settings.validation_split, True),
    )
    with meaning(settings.own_scheme()):
        for specs, split, evaluation in lists:
            digest.update(b"a list ")
            for sample in samples_of(specs, split, [], evaluation=evaluation, limit=settings.limit):
                digest.update(f"{sample.image.name} {sample.box} {sample.box_source} ".encode())
                digest.update(sample.keypoints.tobytes())
    return digest.hexdigest()[:16]


def read_stored(file: Path, remedy: str) -> dict[str, Any]:
    """A JSON object that an earlier run wrote. Raises UserError with the remedy where it cannot be read."""
    try:
        stored = parse_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file} is missing; {remedy}") from None
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise UserError(f"{file} is damaged; {remedy}")
    return stored


def note_origin(file: Path, settings: dict[str, Any], faces: str, made: Path, fabric: Fabric) -> None:
    """Note in `file` how `made` is made: settings, and the fingerprint of the faces.

    Raises UserError where `made` was begun in another way.
    """
    has_something = made.is_file() or any(made.rglob("*.safetensors"))
    if fabric.is_global_zero and has_something and not file.is_file():
        raise UserError(f"{made} was not made by this command; give another --out, or move it away")
    if fabric.is_global_zero and not has_something:
        write_json(file, {**settings, _FACES: faces})
    fabric.barrier()
    stored = read_stored(file, f"delete it and {made} to make it again")
    faces_before = stored.pop(_FACES, None)
    if stored != settings:
        raise UserError(
            f"{made} was made by other settings, or from a net or labels that have changed since; give "
            "another --out, or delete it to make it again"
        )
    if faces_before != faces:
        raise UserError(
            f"{made} was made from faces whose lists have changed since; give another --out, or delete it "
            "to make it again"
        )


def licence_of(recipe: Recipe) -> str | None:
    """What its net may be used for: the terms of its start, its teacher and the nets that labeled its faces.

    What the recipe itself states comes after these; none of them goes. None where nobody states anything.

    Raises:
        UserError: where all together are too long.
    """
    nets = [Path(file) for file in (recipe.init, recipe.teacher) if file is not None]
    labels = [open_dataset(spec).root for spec in recipe.data if spec.lower().startswith("coco:")]
    stated = [load_checkpoint(file).header.weights_licence for file in nets]
    whole = joined_licence([*stated, *map(coco.licence_of, labels), recipe.weights_licence])
    try:
        return read_licence(whole)
    except ValueError as error:
        raise UserError(
            f"{error}: the recipe's and those of start, teacher and labels have {len(whole or '')} together; "
            "shorten the recipe's"
        ) from None
