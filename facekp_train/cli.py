"""The `facekp-train` command: data, evaluate, fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.commands.distill import distill
from facekp_train.commands.fit import fit
from facekp_train.commands.label import label
from facekp_train.commands.prune import prune
from facekp_train.commands.quantize_aware import quantize_aware
from facekp_train.commands.run import run_all
from facekp_train.commands.study import study
from facekp_train.common.console import err, new_app, run
from facekp_train.common.memory import keep_freed_memory

if TYPE_CHECKING:
    from facekp_train.datasets import Dataset
    from facekp_train.evaluation.conditions import Condition

app = new_app("facekp-train", "Train face-keypoint models, look at the data, measure the result.")


class BoxChoice(str, Enum):
    """Where the crop of an evaluated face comes from."""

    listed = "listed"
    tight = "tight"


_SPEC_HELP = (
    "FORMAT:PATH or FORMAT:PATH@LIST; formats: mtfl, 300w, celeba, aflw, wflw, cofw, 300vw, pts, coco, detect"
)
_SPLIT_HELP = (
    "train, validation, test (mtfl); train, common, challenging, full (300w); train, validation, test, "
    "heldout (celeba); train, full, frontal (aflw); train, test, pose, expression, illumination, makeup, "
    "occlusion, blur (wflw); train, test (cofw); train, category1, category2, category3, test, all (300vw); "
    "all (pts, coco, detect)"
)
_EVALUATED = (
    "; default: validation (mtfl), heldout (celeba), test (cofw), the whole row of a published table "
    "(300w: common, challenging, full; aflw: frontal, full; wflw: test and its subsets; 300vw: test and "
    "its categories)"
)
_BY_HELP = (
    "figures by condition: turn, size, and what the lists say of each face (pose, glasses, smile, gender: "
    "train, training and test of mtfl; yaw, pitch, roll: AFLW's database; pose, expression, illumination, "
    "makeup, occlusion, blur: wflw; occlusion: hidden keypoints of cofw and aflw; video: 300vw); "
    "by keypoint: --verbose"
)
_STRICT_HELP = "stop at the first bad row or image"
_JSON_HELP = "print one JSON document on stdout"


@app.command()
def data(
    spec: Annotated[str, typer.Argument(help=_SPEC_HELP)],
    split: Annotated[str | None, typer.Option(help=_SPLIT_HELP + "; default: everything")] = None,
    sheet: Annotated[
        Path | None, typer.Option("--out", help="contact sheet; default: NAME_sheet.png here")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON_HELP)] = False,
    strict: Annotated[bool, typer.Option("--strict", help=_STRICT_HELP)] = False,
) -> None:
    """Count the faces of a data set, name what is wrong with it, draw a contact sheet."""
    from facekp_train.commands.data import parts_of, survey_data

    with _spec_is_usage():
        parts = parts_of(spec, split, strict)
    survey_data(spec, parts, sheet, as_json)


@app.command()
def evaluate(
    *,
    data: Annotated[str, typer.Option(help=_SPEC_HELP)],
    model: Annotated[
        Path | None, typer.Option(help="a checkpoint, .safetensors; default: the shipped 0.25X")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help=_SPLIT_HELP + _EVALUATED),
    ] = None,
    boxes: Annotated[
        BoxChoice, typer.Option(help="crop around the data set's box where it has one, or the keypoints")
    ] = BoxChoice.listed,
    refine: Annotated[bool, typer.Option(help="crop once more from the first answer")] = True,
    batch: Annotated[int, typer.Option(min=1, max=4096, help="crops at once")] = 64,
    by: Annotated[str | None, typer.Option(metavar="CONDITION,...", help=_BY_HELP)] = None,
    box_jitter: Annotated[
        bool, typer.Option("--box-jitter", help="also the error as the face's box is moved and resized")
    ] = False,
    tilt: Annotated[
        bool, typer.Option("--tilt", help="also the error as the face is turned by up to 45 degrees")
    ] = False,
    curve_faces: Annotated[
        int | None,
        typer.Option(
            min=1, help="faces for --box-jitter and --tilt, evenly taken from the split; default: 500"
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="folder for the curves, best, median and worst faces")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_JSON_HELP)] = False,
    strict: Annotated[bool, typer.Option("--strict", help=_STRICT_HELP)] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="also each keypoint's error")] = False,
) -> None:
    """Measure a checkpoint on a labelled split: NME, failure rate, AUC, MSE."""
    from facekp_train.common.shipped import default_checkpoint
    from facekp_train.datasets import open_dataset
    from facekp_train.evaluation.report import evaluate_checkpoint
    from facekp_train.evaluation.robustness import JITTER, TILT

    changes = (JITTER if box_jitter else {}) | (TILT if tilt else {})
    if curve_faces is not None and not changes:
        raise typer.BadParameter("--curve-faces is for --box-jitter and --tilt; give one of them")
    with _spec_is_usage():
        dataset = open_dataset(data, split, strict)
    if split is None:
        dataset.split = dataset.format.evaluation
    evaluate_checkpoint(
        model or default_checkpoint(), dataset, boxes=boxes.value, refine=refine, batch=batch,
        whole_row=split is None, by=_conditions(by, dataset),
        changes=changes, curve_faces=curve_faces or 500, folder=folder, as_json=as_json, verbose=verbose,
    )  # fmt: skip


app.command()(fit)
app.command()(label)
app.command()(distill)
app.command()(prune)
app.command("quantize-aware")(quantize_aware)
app.command("run")(run_all)
app.command()(study)


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
            err.print(f"warning: {condition.caveat}", markup=False, soft_wrap=True)
    return conditions


@contextmanager
def _spec_is_usage() -> Iterator[None]:
    """A SPEC or split that names no data set is wrong usage, not a failure."""
    from facekp_train.datasets import DataError

    try:
        yield
    except DataError as error:
        raise typer.BadParameter(str(error)) from None


def main() -> None:
    """Run the command line."""
    keep_freed_memory()
    run(app)
