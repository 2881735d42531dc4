"""`facekp-train quantize-aware`: a trained net gets used to being rounded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import require
from facekp_train.common.model_option import checkpoint_option

_BASE = "Recipe: quantize-aware (three epochs, low rate), or a YAML file."


@dataclass(frozen=True, kw_only=True)
class QuantizeAwareOptions(option.TrainingOptions):
    """The shared options, with this command's folder and recipe."""

    out: option.Out = Path("runs/quantize-aware")
    base: Annotated[str, option.recipe_option(_BASE)] = "quantize-aware"


@option.with_options
def quantize_aware(
    *,
    model: Annotated[Path, checkpoint_option("The trained checkpoint, .safetensors.")],
    training: QuantizeAwareOptions,
) -> None:
    """Train a checkpoint further, rounded as its int8 file.

    For a net whose int8 files facekp-export refuses; the result is exported like any other. The NME
    that is shown and decides which epoch is best is that of the rounded net.
    Example: facekp-train quantize-aware --model a/best.safetensors --data mtfl:PATH --out runs/q
    """
    training.check(model)
    require("train", "torch", "safetensors")
    from facekp_train.training.initial import start_from

    recipe = training.recipe(quantize=True, **start_from(model))
    if not recipe.quantize:
        raise typer.BadParameter("quantize=false is plain training; use facekp-train fit --set init=...")
    training.train(recipe)
