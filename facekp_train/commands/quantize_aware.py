"""`facekp-train quantize-aware`: a trained net gets used to being rounded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import require


def quantize_aware(
    *,
    model: Annotated[Path, typer.Option(help="The trained checkpoint, .safetensors.")],
    data: option.Data = [],  # noqa: B006 - typer's way to repeat
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and curves.")] = Path(
        "runs/quantize-aware"
    ),
    recipe: Annotated[
        str, typer.Option(help="quantize-aware (three epochs, low rate), or a YAML file.")
    ] = "quantize-aware",
    split: option.Split = None,
    validation: option.Validation = [],  # noqa: B006
    validation_split: option.ValidationSplit = None,
    epochs: option.Epochs = None,
    batch: option.Batch = None,
    settings: option.Settings = [],  # noqa: B006
    precision: option.Precision = None,
    accelerator: option.Accelerator = "cpu",
    devices: option.Devices = 1,
    seed: option.Seed = None,
    resume: option.Resume = False,
    as_json: option.AsJson = False,
) -> None:
    """Train a checkpoint on while it is rounded as its int8 file will be.

    For a net whose int8 files facekp-export refuses; the result is exported like any other. The NME
    that is shown and decides which epoch is best is that of the rounded net.
    Example: facekp-train quantize-aware --model a/best.safetensors --data mtfl:PATH --out runs/q
    """
    require("train", "torch", "safetensors")
    from facekp_train.training.initial import start_from

    options = {
        "data": data, "split": split, "validation": validation, "validation_split": validation_split,
        "epochs": epochs, "batch": batch, "seed": seed, "precision": precision, "quantise": True,
        **start_from(model),
    }  # fmt: skip
    chosen = option.chosen_recipe(recipe, options, settings)
    if not chosen.quantise:
        raise typer.BadParameter("quantise=false is plain training on; use facekp-train fit --set init=...")
    option.train_and_report(
        chosen, out, resume=resume, accelerator=accelerator, devices=devices, as_json=as_json
    )
