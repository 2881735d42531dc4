"""`facekp-train label`: the best answer of trained nets on every face of a data set, as COCO JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import UserError, err, require

if TYPE_CHECKING:
    from facekp_train.batches.face_store import Face
    from facekp_train.samples import FaceSample


def label(
    *,
    model: Annotated[
        list[Path], typer.Option(help="Checkpoint; repeat it to average several of one scheme.")
    ],
    data: option.Data,
    split: Annotated[str | None, typer.Option(help="Split to label (default: each set's first).")] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("labels.json"),
    missing: Annotated[
        bool, typer.Option("--missing", help="Only faces that lack the model's keypoints.")
    ] = False,
) -> None:
    """Label photographs by trained nets, held to the points that a hand has placed.

    Answers are averaged over nets, boxes, tilts and the mirror. Train on them as coco:FILE.json.
    Example: facekp-train label --model runs/a/best.safetensors --data mtfl:PATH --out labels.json
    """
    write_labels(model, data, split, out, missing)


def write_labels(
    models: Sequence[Path], data: Sequence[str], split: str | None, out: Path, missing: bool = False
) -> None:
    """Label the faces of the data sets, or those alone that are `missing` keypoints; say what was written."""
    require("train", "torch", "safetensors")
    from facekp_train.batches.face_store import gather_faces
    from facekp_train.batches.label_offset import HELD
    from facekp_train.commands.data import print_skipped
    from facekp_train.datasets.tools import coco
    from facekp_train.evaluation.evaluate import progress_bar
    from facekp_train.labels.averaging import AveragedNets
    from facekp_train.labels.relabel import relabel
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.training.data import samples_of

    nets = AveragedNets([load_checkpoint(path) for path in models])
    skipped: list[dict[str, str]] = []
    # What a net has found is no hand's work: such a face is labelled anew, and held to nothing.
    found = [spec for spec in data if spec.startswith("detect:")]
    placed = [spec for spec in data if spec not in found]
    faces = gather_faces(samples_of(placed, split, skipped), nets.points)
    for face in gather_faces(samples_of(found, split, skipped), nets.points):
        faces.append(replace(face, many=None, five=None))
    if nets.points not in HELD and any(face.five is not None for face in faces):
        schemes = " or ".join(map(str, HELD))
        raise UserError(f"labels of {nets.points} points cannot be held to five; give a net of {schemes}")
    wanted = [face for face in faces if not _complete(face)] if missing else faces

    if not faces:
        raise UserError(f"{', '.join(data)} gave no face to label; try facekp-train data")

    def labelled() -> Iterator[tuple[FaceSample, tuple[int, int], dict[str, Any]]]:
        left_out = len(skipped)
        with progress_bar() as bar:
            task = bar.add_task("labelling", total=len(wanted))
            for found in relabel(nets, wanted, skipped):
                bar.advance(task)
                yield found.sample, found.size, found.facts()
        if 0 < len(wanted) == len(skipped) - left_out:
            last = "{file}: {reason}".format(**skipped[-1])
            raise UserError(f"none of the {len(wanted)} faces could be labelled, such as {last}")

    count = coco.write(out, labelled())
    print_skipped(skipped)
    err.print(f"wrote {out}: {count} faces of {nets.points} keypoints", markup=False, soft_wrap=True)


def _complete(face: Face) -> bool:
    """Whether every keypoint of the net's scheme is known."""
    import numpy as np

    return face.many is not None and bool(np.isfinite(face.many).all())
