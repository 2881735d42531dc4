"""`facekp-train label`: the best answer of trained nets on every face of a data set, as COCO JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.model_option import checkpoint_option


def label(
    *,
    model: Annotated[
        list[Path],
        checkpoint_option("Checkpoint; repeat it to average several of one scheme."),
    ],
    data: option.Data,
    also: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:FILE",
            help="Another labeler whose shape is fused with the nets': mesh:FILE (MediaPipe's face "
            "landmarker, .task or .tflite) or dlib:FILE (its 68-point predictor, .dat); repeatable.",
        ),
    ] = [],  # noqa: B006 - typer's way to repeat
    split: Annotated[str | None, typer.Option(help="Split to label. Default: each set's first.")] = None,
    scheme: option.SchemeOption = None,
    out: Annotated[Path, typer.Option(help="JSON file to write.")] = Path("labels.json"),
    missing: Annotated[
        bool, typer.Option("--missing", help="Only faces that lack the model's keypoints.")
    ] = False,
) -> None:
    """Label photographs with trained nets, held to points that were placed by hand.

    Answers are averaged over nets, boxes, tilts and mirror images. Train on them as coco:FILE.json.
    Example: facekp-train label --model runs/a/best.safetensors --data mtfl:PATH --out labels.json
    Constant differences between the nets and other labelers are fitted and taken away before the mean.
    """
    from facekp_train.labels.store import write_labels

    option.adopt_given(scheme)
    write_labels(model, data, split, out, missing, also)
