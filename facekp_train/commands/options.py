"""Options that every training command shares, and what they all say at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekp_train.common.console import UserError, print_json, require, say

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from facekp_train.training.recipe import Recipe

_DATA = (
    "Training faces as FORMAT:PATH[@LIST], such as mtfl:PATH; repeat it to mix sets. "
    "Formats: facekp-train data --help."
)
_SET = "Change one setting of the recipe, such as --set augmentation.rotation=30; repeatable."
_PRECISION = "auto (bf16-mixed where the hardware has it), 32-true, bf16-mixed, 16-mixed."

Data = Annotated[list[str], typer.Option(help=_DATA)]
Split = Annotated[str | None, typer.Option(help="Split to train on (default: each set's first).")]
Validation = Annotated[
    list[str], typer.Option(help="Faces to score after each epoch; none: 5 % are held back.")
]
ValidationSplit = Annotated[str | None, typer.Option(help="Split of the validation sets.")]
RecipeName = Annotated[str, typer.Option(help="modern, paper, or a YAML file.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the faces.")]
Batch = Annotated[int | None, typer.Option(help="Faces a step.")]
Settings = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help=_SET)]
Precision = Annotated[str | None, typer.Option(help=_PRECISION)]
Accelerator = Annotated[str, typer.Option(help="cpu, gpu or auto.")]
Devices = Annotated[int, typer.Option(help="Processes or GPUs.", min=1)]
Seed = Annotated[int | None, typer.Option(help="Decides weights, order and augmentation.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on after the last finished epoch.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the last epoch's figures as JSON.")]

_MODULES = ("torch", "lightning_fabric", "safetensors", "yaml", "tensorboardX", "matplotlib")

SPEC_HELP = (
    "FORMAT:PATH or FORMAT:PATH@LIST; formats: mtfl, 300w, celeba, aflw, wflw, cofw, 300vw, pts, coco, detect"
)

SPLIT_HELP = (
    "train, validation, test (mtfl); train, common, challenging, full (300w); train, validation, test, "
    "heldout (celeba); train, full, frontal (aflw); train, test, pose, expression, illumination, makeup, "
    "occlusion, blur (wflw); train, test (cofw); train, category1, category2, category3, test, all (300vw); "
    "all (pts, coco, detect)"
)

STRICT_HELP = "stop at the first bad row or image"

JSON_HELP = "print one JSON document on stdout"


def require_training() -> None:
    """Raise UserError naming the extra where training cannot run here."""
    require("train", *_MODULES)


def chosen_recipe(base: str, options: dict[str, Any], settings: list[str]) -> Recipe:
    """The recipe that a command line asks for; a wrong one is wrong usage, not a failure."""
    require_training()
    from facekp_train.training.recipe import make_recipe

    try:
        return make_recipe(base, options, settings)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None


def train_and_report(
    recipe: Recipe,
    out: Path,
    *,
    resume: bool,
    accelerator: str,
    devices: int,
    as_json: bool,
    fabric: Fabric | None = None,
) -> None:
    """Train with a progress bar, then say what was written and how good it is.

    fabric: processes that were launched before; else `accelerator` and `devices` say which.
    """
    from facekp_train.commands.progress import FitProgress
    from facekp_train.training.fit import LAST_FILE, fit

    with FitProgress() as shown:
        best = fit(
            recipe, out, resume=resume, accelerator=accelerator, devices=devices, on_step=shown.step,
            fabric=fabric,
        )  # fmt: skip
    if best is None:
        return  # one of several processes: the first one reports
    row = json.loads((out / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    say(f"wrote {best} and {out / LAST_FILE}; curves in {out / 'curves.png'}")
    if as_json:
        print_json({"best": str(best), **row})


@contextmanager
def spec_is_usage() -> Iterator[None]:
    """A SPEC or split that names no data set is wrong usage, not a failure."""
    from facekp_train.datasets import DataError

    try:
        yield
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
