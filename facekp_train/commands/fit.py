"""`facekp-train fit`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from facekp_train.commands import options as option
from facekp_train.commands.inputs import told_by_data
from facekp_train.common.backbones import BACKBONES_TOLD, backbone_option
from facekp_train.common.feedback.idle import idle
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.recipes import PRESETS


@dataclass(frozen=True, kw_only=True)
class FitOptions(option.TrainingOptions):
    """The shared options, with this command's folder."""

    out: option.Out = Path("runs/fit")


@option.with_options
def fit(
    context: typer.Context,
    *,
    training: FitOptions,
    points: Annotated[
        int | None,
        typer.Option(help="Keypoints of the net. Default: the scheme's, what names in the data tell, 68."),
    ] = None,
    scheme: option.SchemeOption = None,
    backbone: Annotated[
        str | None, backbone_option(f"Backbone: {BACKBONES_TOLD}. Default: the recipe's.")
    ] = None,
    init: Annotated[
        Path | None,
        checkpoint_option("Checkpoint to start from. Default: ImageNet weights, if the recipe says so."),
    ] = None,
    imagenet: Annotated[
        Path | None,
        typer.Option(help="File of ImageNet weights. Default: found on this machine, or downloaded."),
    ] = None,
) -> None:
    """Train a keypoint net by regression and heatmaps jointly.

    Example: facekp-train fit --data mtfl:PATH --points 5 --out runs/a
    """
    idle(context, "with --init, which has weights of its own", init, "imagenet")
    option.adopt_given(scheme)
    own: dict[str, Any] = {"points": points, "scheme": scheme, "backbone": backbone}
    start = {"init": str(init) if init else None, "imagenet": str(imagenet) if imagenet else None}
    training.check(**own, **start)
    stated = {setting.partition("=")[0].strip() for setting in training.settings} & {
        "points",
        "scheme",
        "init",
    }
    if not any((points, scheme, init, stated)) and training.base in PRESETS:
        own["scheme"] = told_by_data(training.data)
    training.train(training.recipe(**own, **start))
