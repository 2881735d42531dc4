"""`facekp-train fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option


def fit(
    data: option.Data = [],  # noqa: B006 - typer's way to repeat
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and curves.")] = Path("runs/fit"),
    points: Annotated[int | None, typer.Option(help="Keypoints of the net: 5, 19, 21, 29, 68 or 98.")] = None,
    backbone: Annotated[str | None, typer.Option(help="mobilenet-v2 or resnet-50.")] = None,
    recipe: option.RecipeName = "modern",
    split: option.Split = None,
    validation: option.Validation = [],  # noqa: B006
    validation_split: option.ValidationSplit = None,
    epochs: option.Epochs = None,
    batch: option.Batch = None,
    init: Annotated[Path | None, typer.Option(help="Checkpoint to start from.")] = None,
    imagenet: Annotated[
        Path | None, typer.Option(help="File of ImageNet weights (default: found or fetched).")
    ] = None,
    settings: option.Settings = [],  # noqa: B006
    precision: option.Precision = None,
    accelerator: option.Accelerator = "cpu",
    devices: option.Devices = 1,
    seed: option.Seed = None,
    resume: option.Resume = False,
    as_json: option.AsJson = False,
) -> None:
    """Train a keypoint net by regression and heatmaps jointly.

    Example: facekp-train fit --data mtfl:PATH --points 5 --out runs/a
    """
    options = {
        "data": data, "points": points, "backbone": backbone, "split": split, "validation": validation,
        "validation_split": validation_split, "epochs": epochs, "batch": batch, "seed": seed,
        "precision": precision, "init": str(init) if init else None,
        "imagenet": str(imagenet) if imagenet else None,
    }  # fmt: skip
    chosen = option.chosen_recipe(recipe, options, settings)
    option.train_and_report(
        chosen, out, resume=resume, accelerator=accelerator, devices=devices, as_json=as_json
    )
