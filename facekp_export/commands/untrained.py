"""What `facekp-export --untrained` takes, and what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from facekp_train.networks.keypoint_net import NetConfig


def check_untrained(
    untrained: bool, backbone: str | None, settings: list[str] | None, others: tuple[object, ...]
) -> None:
    """Raise BadParameter where --untrained and the options that go with it, or not, contradict each other."""
    if not untrained:
        if backbone or settings:
            raise typer.BadParameter("--backbone and --set are about random weights; add --untrained")
        return
    if backbone is None:
        raise typer.BadParameter("--untrained needs a --backbone, whose weights are to be random")
    if any(other is not None for other in others):
        raise typer.BadParameter(
            "an untrained net has no accuracy; leave --model, --calibration and --data out"
        )


def checked_config(backbone: str, settings: list[str]) -> NetConfig:
    """The net that the line asks for; what is wrong with it is wrong usage."""
    from facekp_export.untrained import untrained_config
    from facekp_train.common.console import UserError

    try:
        return untrained_config(backbone, settings)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
