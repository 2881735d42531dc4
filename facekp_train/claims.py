"""What a result was made from, noted beside it, so that it is not taken for another's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facekp_train.console import UserError
from facekp_train.files import parse_json
from facekp_train.training_data import samples_of

if TYPE_CHECKING:
    from facekp_train.recipe import Recipe


def faces_fingerprint(recipe: Recipe) -> str:
    """Of what the lists of a recipe's faces say: names, boxes and keypoints, wherever the folders lie."""
    digest = hashlib.sha256()
    lists = (recipe.data, recipe.split, False), (recipe.validation, recipe.validation_split, True)
    for specs, split, evaluation in lists:
        digest.update(b"a list ")
        for sample in samples_of(specs, split, [], evaluation=evaluation) if specs else ():
            digest.update(f"{sample.image.name} {sample.box} {sample.box_source} ".encode())
            digest.update(sample.keypoints.tobytes())
    return digest.hexdigest()[:16]


def read_stored(file: Path, remedy: str) -> dict[str, Any]:
    """A JSON object that an earlier run wrote. Raises UserError with the remedy where it is damaged."""
    try:
        stored = parse_json(file.read_text(encoding="utf-8"))
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise UserError(f"{file} is damaged; {remedy}")
    return stored
