"""Labels that a teacher gave the faces of a run, made once and kept beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from facekp_train.common.console import UserError, require, say
from facekp_train.common.files import sha256_of
from facekp_train.training.provenance import faces_fingerprint, note_origin
from facekp_train.training.recipe import Recipe

if TYPE_CHECKING:
    from facekp_train.batches.face_store import Face
    from facekp_train.samples import FaceSample

if TYPE_CHECKING:
    from lightning_fabric import Fabric

LABELS_FILE, LABELS_BEGUN_FILE = "labels.json", "labels-begun.json"


def labelled(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with the labels of a folder before its data.

    Args:
        recipe: stays as it is.
        folder: holds the labels, or will.
    """
    return recipe.model_copy(update={"data": [f"coco:{folder / LABELS_FILE}", *recipe.data]})


def make_labels(
    teacher: Path, recipe: Recipe, mode: Literal["missing", "all"], folder: Path, fabric: Fabric
) -> None:
    """Label a recipe's faces by a teacher, unless that was done before.

    Args:
        teacher: its checkpoint.
        recipe: names the faces.
        mode: those that lack keypoints, or all.
        folder: where the labels are kept.
        fabric: of the run; one process writes, the others wait.

    Raises:
        UserError: where the folder's labels were made from something else.
    """
    file, begun = folder / LABELS_FILE, folder / LABELS_BEGUN_FILE
    settings = {
        "teacher": sha256_of(teacher),
        "faces": mode,
        "split": recipe.split,
        "data": recipe.shareable()["data"],  # by name, so that the data may be moved
    }
    faces = faces_fingerprint(recipe.model_copy(update={"validation": []}))
    note_origin(begun, settings, faces, file, fabric)
    if fabric.is_global_zero and not file.is_file():
        write_labels([teacher], recipe.data, recipe.split, file, missing=mode == "missing")
    fabric.barrier()


def write_labels(
    models: Sequence[Path], data: Sequence[str], split: str | None, out: Path, missing: bool = False
) -> None:
    """Label the faces of data sets, and say what was written.

    Args:
        models: checkpoints whose answers are averaged.
        data: data sets as `FORMAT:PATH[@LIST]`.
        split: of the data sets; None for each one's own.
        out: the label file.
        missing: those faces alone that are missing keypoints.

    Raises:
        UserError: where the nets' scheme is not the default of its count, no face is given, none could
            be labeled, or labels cannot be held to five.
    """
    require("train", "torch", "safetensors")
    from facekp_train.batches.face_store import gather_faces
    from facekp_train.batches.markings import warn_of_two_markings
    from facekp_train.common.console import progress_bar
    from facekp_train.datasets.reading.notes import print_skipped
    from facekp_train.datasets.tools import coco
    from facekp_train.labels.averaging import AveragedNets
    from facekp_train.labels.hold import HELD_SCHEMES
    from facekp_train.labels.relabel import relabel, teachers_offset
    from facekp_train.landmarks import scheme_of
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.training.data import samples_of

    nets = AveragedNets([load_checkpoint(path) for path in models])
    if nets.scheme.name != (meant := scheme_of(nets.points)).name:
        raise UserError(
            f"{models[0]} has the {nets.points} keypoints of scheme '{nets.scheme.name}', and labels of so "
            f"many are read as '{meant.name}'; give a net of that scheme"
        )
    skipped: list[dict[str, str]] = []
    # What a net has found is no hand's work: such a face is labelled anew, and held to nothing.
    detected = [spec for spec in data if spec.startswith("detect:")]
    placed = [spec for spec in data if spec not in detected]
    faces = gather_faces(samples_of(placed, split, skipped), nets.points)
    for face in gather_faces(samples_of(detected, split, skipped), nets.points):
        faces.append(replace(face, points=None, five=None))
    if nets.points not in HELD_SCHEMES and any(face.five is not None for face in faces):
        schemes = " or ".join(map(str, HELD_SCHEMES))
        raise UserError(f"labels of {nets.points} points cannot be held to five; give a net of {schemes}")
    wanted = [face for face in faces if not _complete(face)] if missing else faces

    if not faces:
        raise UserError(f"{', '.join(data)} gave no face to label; try facekp-train data")

    five_offset = teachers_offset(nets, faces)
    if five_offset is None and nets.points != 5 and any(face.five is not None for face in faces):
        warn_of_two_markings(nets.points)

    def labelled() -> Iterator[tuple[FaceSample, tuple[int, int], dict[str, Any]]]:
        left_out = len(skipped)
        with progress_bar() as bar:
            task = bar.add_task("labelling", total=len(wanted))
            for face in relabel(nets, wanted, skipped, five_offset):
                bar.advance(task)
                yield face.sample, face.size, face.facts()
        if 0 < len(wanted) == len(skipped) - left_out:
            last = "{file}: {reason}".format(**skipped[-1])
            raise UserError(f"none of the {len(wanted)} faces could be labeled, such as {last}")

    count = coco.write(out, labelled())
    print_skipped(skipped)
    say(f"wrote {out}: {count} faces of {nets.points} keypoints")


def _complete(face: Face) -> bool:
    """Whether every keypoint of the net's scheme is known."""
    import numpy as np

    return face.points is not None and bool(np.isfinite(face.points).all())
