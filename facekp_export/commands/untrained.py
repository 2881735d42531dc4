"""What `facekp-export --untrained` takes, and what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from facekp_train.common.feedback.idle import needs, on_line

if TYPE_CHECKING:
    from facekp_train.networks.keypoint_net import NetConfig


def check_untrained(context: typer.Context, untrained: bool, backbone: str | None) -> None:
    """Raise BadParameter where --untrained and the options that go with it, or not, contradict each other."""
    needs(context, "--untrained", untrained, "backbone", "settings")
    if untrained and backbone is None:
        raise typer.BadParameter("--untrained needs a --backbone, whose weights are to be random")
    judging = ("model", "calibration", "data", "limit", "tolerance", "float16_tolerance", "nme_tolerance")
    if given := [f"--{name.replace('_', '-')}" for name in judging if untrained and on_line(context, name)]:
        raise typer.BadParameter(f"an untrained net has no accuracy; leave {', '.join(given)} out")


def checked_config(backbone: str, settings: list[str]) -> NetConfig:
    """The net that the line asks for; what is wrong with it is wrong usage."""
    from facekp_export.untrained import untrained_config
    from facekp_train.common.console import UserError

    try:
        return untrained_config(backbone, settings)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
