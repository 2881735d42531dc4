"""Labels that a teacher gave the faces of a run, made once and kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from facekp_train.common.console import UserError, require, say
from facekp_train.common.files import sha256_of
from facekp_train.training.provenance import faces_fingerprint, note_origin
from facekp_train.training.recipe import Recipe

if TYPE_CHECKING:
    from facekp_train.batches.face_store import Face
    from facekp_train.datasets.writing.written import Entry
    from facekp_train.labels.averaging import AveragedNets
    from facekp_train.labels.labellers import Labeller
    from facekp_train.labels.relabel import Labelled

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
    models: Sequence[Path],
    recipe: Recipe,
    mode: Literal["missing", "all"],
    folder: Path,
    fabric: Fabric,
    also: Sequence[str] = (),
) -> None:
    """Label a recipe's faces by teachers, unless that was done before.

    Args:
        models: their checkpoints.
        recipe: names the faces.
        mode: those that lack keypoints, or all.
        folder: where the labels are kept.
        fabric: of the run; one process writes, the others wait.
        also: other labellers as `KIND:FILE`.

    Raises:
        UserError: where a labeller's file is missing, or the folder's labels were made from something else.
    """
    file, begun = folder / LABELS_FILE, folder / LABELS_BEGUN_FILE
    from facekp_train.labels.labellers import split_labeller

    others = dict(map(split_labeller, also))
    settings = {
        "teacher": sha256_of(models[0]),
        **({"models": [sha256_of(path) for path in models]} if len(models) > 1 else {}),
        **({"also": {kind: sha256_of(path) for kind, path in others.items()}} if others else {}),
        "faces": mode,
        "split": recipe.split,
        **({"limit": recipe.limit} if recipe.limit else {}),
        "data": recipe.shareable()["data"],  # by name, so that the data may be moved
    }
    faces = faces_fingerprint(recipe.model_copy(update={"validation": []}))
    note_origin(begun, settings, faces, file, fabric)
    if fabric.is_global_zero and not file.is_file():
        write_labels(
            models, recipe.data, recipe.split, file, missing=mode == "missing", also=also, limit=recipe.limit
        )
    fabric.barrier()


def write_labels(
    models: Sequence[Path],
    data: Sequence[str],
    split: str | None,
    out: Path,
    missing: bool = False,
    also: Sequence[str] = (),
    limit: int | None = None,
    form: str = "coco",
) -> None:
    """Label the faces of data sets, and say what was written.

    Args:
        models: checkpoints whose answers are averaged.
        data: data sets as `FORMAT:PATH[@LIST]`.
        split: of the data sets; None for each one's own.
        out: the label file.
        missing: those faces alone that are missing keypoints.
        also: other labellers as `KIND:FILE`, whose shape is fused with the nets'.
        limit: faces of each data set, spread over it; None for all.
        form: of the file, one of `facekp_train.datasets.writing.formats.WRITERS`.

    Raises:
        UserError: where a labeller's file or package is missing, the nets have no 68 points to fuse,
            no face is given, none could be labeled, or labels cannot be held to five.
    """
    require("train", "torch", "safetensors")
    from facekp_train.datasets.reading.notes import print_skipped
    from facekp_train.datasets.writing.formats import WRITERS
    from facekp_train.labels.averaging import AveragedNets
    from facekp_train.labels.fuse import POINTS
    from facekp_train.labels.labellers import open_labellers
    from facekp_train.landmarks import meaning
    from facekp_train.metadata import joined_licence
    from facekp_train.networks.checkpoint import load_checkpoint

    others = open_labellers(also)
    checkpoints = [load_checkpoint(path) for path in models]
    nets = AveragedNets(checkpoints)
    if nets.points == 5 and not _published(nets):
        raise UserError(
            f"{models[0]} has the 5 keypoints of scheme '{nets.scheme.name}', and labels of so many are read "
            "as 'five'; give a net of that scheme"
        )
    if others and not (nets.points == POINTS and _published(nets)):
        raise UserError(
            f"--also fuses the {POINTS} points of 'ibug68', and {models[0]} has the {nets.points} of "
            f"'{nets.scheme.name}'; leave it out"
        )
    skipped: list[dict[str, str]] = []
    with meaning(nets.scheme):
        faces = _faces(nets, data, split, limit, skipped)
        wanted = [face for face in faces if not _complete(face)] if missing else faces
        if others:
            labelled, info = _fused(nets, others, wanted, skipped)
            info["labellers"][0]["models"] = [
                {"file": f"{p.parent.name}/{p.name}", "sha256": sha256_of(p)} for p in models
            ]
        else:
            labelled, info = _by_nets(nets, faces, wanted, skipped), {}
        if licence := joined_licence(one.header.weights_licence for one in checkpoints):
            info["weights_licence"] = licence
        count = WRITERS[form](out, _unless_none(labelled, len(wanted), skipped), nets.scheme, info or None)
    print_skipped(skipped)
    say(f"wrote {out}: {count} faces of {nets.points} keypoints")


def _published(nets: AveragedNets) -> bool:
    from facekp_train.published_schemes import PUBLISHED

    return any(map(nets.scheme.is_like, PUBLISHED))


def _faces(
    nets: AveragedNets,
    data: Sequence[str],
    split: str | None,
    limit: int | None,
    skipped: list[dict[str, str]],
) -> list[Face]:
    """The faces of data sets. Raises UserError for none, and for labels that cannot be held to five."""
    from facekp_train.batches.face_store import gather_faces
    from facekp_train.labels.hold import HELD_SCHEMES
    from facekp_train.training.data import samples_of

    # What a net has found is no hand's work: such a face is labelled anew, and held to nothing.
    detected = [spec for spec in data if spec.startswith("detect:")]
    placed = [spec for spec in data if spec not in detected]
    faces = gather_faces(samples_of(placed, split, skipped, limit=limit, told=True), nets.points)
    for face in gather_faces(samples_of(detected, split, skipped, limit=limit, told=True), nets.points):
        faces.append(replace(face, points=None, five=None))
    can_hold = _published(nets) and nets.points in HELD_SCHEMES
    if not can_hold and any(face.five is not None for face in faces):
        schemes = " or ".join(map(str, HELD_SCHEMES))
        raise UserError(f"labels of {nets.points} points cannot be held to five; give a net of {schemes}")
    if not faces:
        raise UserError(f"{', '.join(data)} gave no face to label; try facekp-train data")
    return faces


def _by_nets(
    nets: AveragedNets, faces: Sequence[Face], wanted: Sequence[Face], skipped: list[dict[str, str]]
) -> Iterator[Labelled]:
    """The wanted ones of the faces, labelled by the nets alone."""
    from facekp_train.batches.markings import warn_of_two_markings
    from facekp_train.common.feedback.progress import progress_bar
    from facekp_train.labels.relabel import relabel, teachers_offset

    five_offset = teachers_offset(nets, faces)
    if five_offset is None and nets.points != 5 and any(face.five is not None for face in faces):
        warn_of_two_markings(nets.points)
    with progress_bar() as bar:
        task = bar.add_task("labeling", total=len(wanted))
        for face in relabel(nets, wanted, skipped, five_offset):
            bar.advance(task)
            yield face


def _fused(
    nets: AveragedNets, others: Sequence[Labeller], wanted: Sequence[Face], skipped: list[dict[str, str]]
) -> tuple[Sequence[Labelled], dict[str, Any]]:
    """The wanted faces, labelled by all; and what a label file says of those."""
    from facekp_train.common.feedback.progress import progress_bar
    from facekp_train.labels.fused import fused_labels

    with progress_bar() as bar:
        task = bar.add_task("labeling", total=len(wanted))
        fused = fused_labels(nets, others, wanted, skipped, lambda: bar.advance(task))
    for labeller in fused.facts["labellers"]:
        heard = ", ".join(f"{group} {share:.0%}" for group, share in labeller["heard"].items())
        say(f"{labeller['kind']}: heard on {heard} of the faces")
    return fused.labelled, fused.facts


def _unless_none(
    labelled: Iterable[Labelled], wanted: int, skipped: Sequence[dict[str, str]]
) -> Iterator[Entry]:
    """The faces as a label file has them; UserError where faces were wanted and none came."""
    from facekp_train.datasets.writing.written import Entry

    none = wanted > 0
    for face in labelled:
        none = False
        yield Entry(face.sample, face.size, face.facts())
    if none:
        last = "{file}: {reason}".format(**skipped[-1])
        raise UserError(f"none of the {wanted} faces could be labeled, such as {last}")


def _complete(face: Face) -> bool:
    """Whether every keypoint of the net's scheme is known."""
    import numpy as np

    return face.points is not None and bool(np.isfinite(face.points).all())
