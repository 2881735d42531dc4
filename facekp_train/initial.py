"""The net that a run starts from: ImageNet weights, another checkpoint, or chance."""

from __future__ import annotations

from pathlib import Path

from facekp_train.checkpoint import Checkpoint, load_checkpoint
from facekp_train.console import UserError
from facekp_train.imagenet import load_imagenet
from facekp_train.networks import KeypointNet, build_net
from facekp_train.pruning.narrow import narrowed
from facekp_train.recipe import Recipe


def initial_net(recipe: Recipe) -> KeypointNet:
    """Build and fill the recipe's net. Raises UserError where the start cannot be had.

    Where the recipe names a checkpoint but no widths of its own, the net has the checkpoint's: a
    pruned net goes on as it is.
    """
    if recipe.init is None:
        net = build_net(recipe.net_config())
        if recipe.imagenet:
            load_imagenet(net, Path(recipe.imagenet) if isinstance(recipe.imagenet, str) else None)
        return net
    start = load_checkpoint(recipe.init)
    config = recipe.net_config()
    if config.widths is None and config.channels is None:
        shape = {"widths": start.header.net.widths, "channels": start.header.net.channels}
        config = config.model_copy(update=shape)
    net = build_net(config)
    _take_over(net, start, recipe.init)
    return net


def _take_over(net: KeypointNet, start: Checkpoint, name: str) -> None:
    """Copy a checkpoint's weights, cut to this net's sizes where narrower; other heads start afresh."""
    if start.header.net.backbone != net.config.backbone:
        raise UserError(
            f"{name} is a {start.header.net.backbone}, which cannot start a {net.config.backbone}"
        )
    try:
        cut = narrowed(start.net, net.config).state_dict()
    except ValueError as error:
        raise UserError(f"{name} can be narrowed, not widened: {error}") from None
    own = net.state_dict()
    net.load_state_dict({n: cut[n] if n in cut and cut[n].shape == t.shape else t for n, t in own.items()})
