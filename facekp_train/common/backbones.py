"""The backbones by name, for help texts and shells: to know them takes no PyTorch."""

from __future__ import annotations

from typing import Any

import typer

from facekp_train.common.completion import completed

BACKBONE_NAMES = (
    "mobilenet-v2", "resnet-50", "mdp-fast", "pfld-0.25x", "pfld-1x", "pfld-0.25x-b", "pfld-1x-b",
)  # fmt: skip
"""`facekp_train.networks.keypoint_net.BACKBONES` says what each of them is."""
BACKBONES_TOLD = ", ".join(BACKBONE_NAMES[:-1]) + " or " + BACKBONE_NAMES[-1]
"""As help texts list them."""


def backbone_option(meaning: str) -> Any:
    """An option for a backbone's name, which shells complete."""
    return typer.Option(help=meaning, autocompletion=completed(lambda: BACKBONE_NAMES))
