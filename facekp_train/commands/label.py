"""`facekp-train label`: trained nets' best answer on every face, to train on or to be corrected."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.commands.inputs import check_file, check_labellers, check_sets, files_of
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.run_files import refuse_other_than_checkpoints, refuse_sources


class Form(str, Enum):
    """What reads the file."""

    coco = "coco"
    cvat = "cvat"
    labelstudio = "labelstudio"


_FORM = (
    "Form of the file: coco (JSON, to train on), cvat (XML for images 1.1) or labelstudio (JSON with "
    "predictions, and the labeling interface as .xml beside it)."
)
_OUT = "File to write. Default: labels.json, of cvat annotations.xml."
_NAMES = {Form.coco: "labels.json", Form.cvat: "annotations.xml", Form.labelstudio: "labels.json"}


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
    limit: option.LimitOption = None,
    form: Annotated[Form, typer.Option("--format", help=_FORM)] = Form.coco,
    out: Annotated[Path | None, typer.Option(help=_OUT)] = None,
    missing: Annotated[
        bool, typer.Option("--missing", help="Only faces that lack the model's keypoints.")
    ] = False,
) -> None:
    """Label photographs with trained nets.

    Answers are averaged over nets, boxes, tilts and mirror images, and held to points that were placed
    by hand. Train on them as coco:FILE.json,
    or let a person correct them in CVAT or Label Studio (--format). Constant differences between the nets
    and other labelers are fitted and taken away before the mean.
    Example: facekp-train label --model runs/a/best.safetensors --data mtfl:PATH --out labels.json
    """
    target = out or Path(_NAMES[form])
    if out is None and target.exists():
        raise typer.BadParameter(
            f"{target} is there already; name it with --out to replace it, or another file"
        )
    option.adopt_given(scheme)
    refuse_other_than_checkpoints(*model)
    check_sets(data)
    check_labellers(also)
    check_file(target)
    beside = target.with_suffix(".xml") if form is Form.labelstudio else None
    refuse_sources([target, beside], [*files_of(data), *files_of(also), *model])
    from facekp_train.labels.store import write_labels

    write_labels(model, data, split, target, missing, also, limit, form.value)
