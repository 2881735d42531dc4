"""Labels that a teacher gave the faces of a run, made once and kept beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from facekp_train.commands.label import write_labels
from facekp_train.common.files import sha256_of
from facekp_train.training.provenance import claim, faces_fingerprint
from facekp_train.training.recipe import Recipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric

LABELS_FILE, LABELS_BEGUN_FILE = "labels.json", "labels-begun.json"


def labelled(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with the labels that the folder holds, or will hold, before its data."""
    return recipe.model_copy(update={"data": [f"coco:{folder / LABELS_FILE}", *recipe.data]})


def make_labels(
    teacher: Path,
    recipe: Recipe,
    mode: Literal["missing", "all"],
    folder: Path,
    fabric: Fabric,
    resume: bool = False,
) -> None:
    """Label a recipe's faces by a teacher, unless that was done before.

    resume: labels of an older version, which noted nothing of their making, are taken as they are.
    Raises UserError where the folder's labels were made from something else.
    """
    file, begun = folder / LABELS_FILE, folder / LABELS_BEGUN_FILE
    if resume and file.is_file() and not begun.is_file():
        return
    told = {"teacher": sha256_of(teacher), "faces": mode, "split": recipe.split}
    # By name, so that the data may be moved; an older version noted whole paths.
    settings = {**told, "data": recipe.shareable()["data"]}
    faces = faces_fingerprint(recipe.model_copy(update={"validation": []}))
    claim(begun, settings, faces, file, fabric, formerly={**told, "data": recipe.data})
    if fabric.is_global_zero and not file.is_file():
        write_labels([teacher], recipe.data, recipe.split, file, missing=mode == "missing")
    fabric.barrier()
