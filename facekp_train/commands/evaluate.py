"""`facekp-train evaluate`: a checkpoint's figures on a labelled split, as tables, JSON and pictures."""

from __future__ import annotations

import tempfile
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.commands.options import (
    NORMALIZER_HELP,
    SPEC_HELP,
    SPLIT_HELP,
    ImagesOption,
    JsonOption,
    LimitOption,
    SchemeOption,
    StrictOption,
    adopt_given,
    spec_is_usage,
)
from facekp_train.common.console import print_json, print_line, require, warn
from facekp_train.common.feedback.idle import idle, needs
from facekp_train.common.files import naming_folder
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.run_files import refuse_other_than_checkpoints

if TYPE_CHECKING:
    from facekp_train.datasets import Dataset
    from facekp_train.evaluation.conditions import Condition

_EVALUATED = (
    " Default: validation (mtfl), heldout (celeba), test (cofw), val (yolo), the whole row of a published "
    "table (300w: common, challenging, full; aflw: frontal, full; wflw: test and its subsets; 300vw: test "
    "and its categories)."
)

_BY_HELP = (
    "Print figures by condition: turn, size, and what the lists say of each face (pose, glasses, smile, "
    "gender: train, training and test of mtfl; yaw, pitch, roll: AFLW's database; pose, expression, "
    "illumination, makeup, occlusion, blur: wflw; occlusion: hidden keypoints of cofw and aflw; "
    "video: 300vw); by keypoint: --verbose."
)


class BoxChoice(str, Enum):
    """Where the crop of an evaluated face comes from."""

    listed = "listed"
    tight = "tight"


def evaluate(
    context: typer.Context,
    *,
    data: Annotated[str, typer.Option(help=SPEC_HELP)],
    model: Annotated[
        Path | None,
        checkpoint_option("Checkpoint, .safetensors. Default: mdp-0.25x."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help=SPLIT_HELP + _EVALUATED),
    ] = None,
    images: ImagesOption = None,
    scheme: SchemeOption = None,
    limit: LimitOption = None,
    boxes: Annotated[
        BoxChoice,
        typer.Option(
            help="Crop around the data set's box where it has one (listed), or around the keypoints (tight)."
        ),
    ] = BoxChoice.listed,
    refine: Annotated[bool, typer.Option(help="Crop once more around the first answer.")] = True,
    batch: Annotated[int, typer.Option(min=1, max=4096, help="Crops in one batch.")] = 64,
    normalizer: Annotated[str | None, typer.Option(help=NORMALIZER_HELP)] = None,
    by: Annotated[str | None, typer.Option(metavar="CONDITION,...", help=_BY_HELP)] = None,
    against: Annotated[
        Path | None,
        checkpoint_option("Compare with this checkpoint on the same faces: change and 95 % interval."),
    ] = None,
    box_jitter: Annotated[
        bool, typer.Option("--box-jitter", help="Measure also with the face's box moved and resized.")
    ] = False,
    tilt: Annotated[
        bool, typer.Option("--tilt", help="Measure also with the face turned by up to 45 degrees.")
    ] = False,
    curve_faces: Annotated[
        int | None,
        typer.Option(min=1, help="Faces for --box-jitter and --tilt, spread over the split. Default: 500."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Folder for the curves and the best, median and worst faces.")
    ] = None,
    as_json: JsonOption = False,
    strict: StrictOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print also each keypoint's error.")
    ] = False,
) -> None:
    """Measure a checkpoint on labeled faces: NME, failures, AUC.

    Example: facekp-train evaluate --model runs/a/best.safetensors --data mtfl:PATH --split validation
    """
    from facekp_train.common.shipped import default_checkpoint
    from facekp_train.datasets import open_dataset
    from facekp_train.evaluation.measure import measure
    from facekp_train.evaluation.report import print_measurement, write_report
    from facekp_train.evaluation.robustness import JITTER, TILT
    from facekp_train.landmarks import meaning
    from facekp_train.own_schemes import scheme_in_checkpoint

    changes = (JITTER if box_jitter else {}) | (TILT if tilt else {})
    needs(context, "--box-jitter or --tilt", changes, "curve_faces")
    idle(context, "with --json, which has each keypoint's error anyway", as_json, "verbose")
    data_scheme = adopt_given(scheme)
    with spec_is_usage():
        dataset = open_dataset(data, split, strict, images, limit)
    if split is None:
        dataset.split = dataset.format.evaluation
    model = model or default_checkpoint()
    with meaning(data_scheme or scheme_in_checkpoint(model)):
        conditions = _conditions(by, dataset)
    refuse_other_than_checkpoints(model, against)
    if folder is not None:
        _ready(folder)
    require("train", "torch", "safetensors")
    from facekp_train.networks.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(model)
    other = None if against is None else (str(against), load_checkpoint(against))
    measurement = measure(
        checkpoint, dataset, boxes=boxes.value, refine=refine, batch=batch, normaliser=normalizer,
        whole_row=split is None, by=conditions, changes=changes, curve_faces=curve_faces or 500,
        against=other, data_scheme=data_scheme,
    )  # fmt: skip
    # Printed first: whatever befalls the report, the figures are there.
    if as_json:
        print_json(measurement.as_json())
    else:
        print_measurement(measurement, dataset.warnings, verbose)
    if folder is not None:
        write_report(folder, measurement)
        if not as_json:
            print_line(f"figures and pictures: {folder}")


def _ready(folder: Path) -> None:
    """Make the report's folder, before a measurement that an unusable one would cost.

    Raises typer.BadParameter for a file, OSError where nothing can be written, UserError without matplotlib.
    """
    if folder.is_file():
        raise typer.BadParameter(f"--out {folder} is a file, not a folder; name another")
    require("train", "matplotlib")
    with naming_folder(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


def _conditions(names: str | None, dataset: Dataset) -> list[Condition]:
    """The conditions that --by names, their caveats said; one that no list has is wrong usage."""
    from facekp_train.evaluation.conditions import chosen, conditions_of

    if names is None:
        return []
    known = conditions_of(dataset)
    try:
        conditions = chosen(names, known)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for condition in conditions:
        if condition.caveat:
            warn(condition.caveat)
    return conditions
