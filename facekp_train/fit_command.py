"""`facekp-train fit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from facekp_train.console import UserError, err, print_json, require

_DATA = "Training faces as FORMAT:PATH[@LIST], such as mtfl:PATH or 300w:PATH; repeat it to mix sets."
_SET = "Change one setting of the recipe, such as --set augmentation.rotation=30; repeatable."


def fit(
    data: Annotated[list[str], typer.Option(help=_DATA)] = [],  # noqa: B006 - typer's way to repeat
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and curves.")] = Path("runs/fit"),
    points: Annotated[int | None, typer.Option(help="Keypoints of the net: 5, 19, 21, 29, 68 or 98.")] = None,
    backbone: Annotated[str | None, typer.Option(help="mobilenet-v2 or resnet-50.")] = None,
    recipe: Annotated[str, typer.Option(help="modern, paper, or a YAML file.")] = "modern",
    split: Annotated[str | None, typer.Option(help="Split to train on (default: each set's first).")] = None,
    validation: Annotated[
        list[str], typer.Option(help="Faces to score after each epoch; none: 5 % are held back.")
    ] = [],  # noqa: B006
    validation_split: Annotated[str | None, typer.Option(help="Split of the validation sets.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the faces.")] = None,
    batch: Annotated[int | None, typer.Option(help="Faces a step.")] = None,
    init: Annotated[Path | None, typer.Option(help="Checkpoint to start from.")] = None,
    imagenet: Annotated[
        Path | None, typer.Option(help="File of ImageNet weights (default: found or fetched).")
    ] = None,
    settings: Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help=_SET)] = [],  # noqa: B006
    precision: Annotated[
        str | None,
        typer.Option(help="auto (bf16-mixed where the hardware has it), 32-true, bf16-mixed, 16-mixed."),
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu or auto.")] = "cpu",
    devices: Annotated[int, typer.Option(help="Processes or GPUs.", min=1)] = 1,
    seed: Annotated[int | None, typer.Option(help="Decides weights, order and augmentation.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last finished epoch.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the last epoch's figures as JSON.")] = False,
) -> None:
    """Train a keypoint net by regression and heatmaps jointly.

    Example: facekp-train fit --data mtfl:PATH --points 5 --out runs/a
    """
    require("train", "torch", "lightning_fabric", "safetensors", "yaml", "tensorboardX", "matplotlib")
    from facekp_train.recipe import make_recipe

    start = str(init) if init else None
    weights = str(imagenet) if imagenet else None
    options = {
        "data": data, "points": points, "backbone": backbone, "split": split, "validation": validation,
        "validation_split": validation_split, "epochs": epochs, "batch": batch, "seed": seed,
        "precision": precision, "init": start, "imagenet": weights,
    }  # fmt: skip
    try:
        chosen = make_recipe(recipe, options, settings)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
    from facekp_train.fit import LAST_FILE
    from facekp_train.fit import fit as train
    from facekp_train.fit_progress import FitProgress

    with FitProgress() as shown:
        best = train(chosen, out, resume=resume, accelerator=accelerator, devices=devices, on_step=shown.step)
    if best is None:
        return  # one of several processes: the first one reports
    row = json.loads((out / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    err.print(
        f"wrote {best} and {out / LAST_FILE}; curves in {out / 'curves.png'}", markup=False, soft_wrap=True
    )
    if as_json:
        print_json({"best": str(best), **row})
