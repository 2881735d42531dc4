"""The net that a run starts from: ImageNet weights, another checkpoint, or chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.batches.markings import warn_of_two_markings
from facekp_train.common.console import UserError, say
from facekp_train.landmarks import scheme_of
from facekp_train.metadata import FiveOffset
from facekp_train.networks.checkpoint import Checkpoint, LossFactors, load_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from facekp_train.pruning.narrow import narrowed
from facekp_train.training.data import TrainingData
from facekp_train.training.imagenet import load_imagenet
from facekp_train.training.recipe import INHERITED_KEYS, Recipe


def initial_net(config: NetConfig, init: str | None, imagenet: bool | str) -> KeypointNet:
    """Build and fill a net. Raises UserError where the start cannot be had.

    init: a checkpoint; where `config` has no widths of its own, the net has the checkpoint's: a pruned
    net goes on as it is. imagenet: without a checkpoint, whether to start from ImageNet weights; or a
    file of them.
    """
    if init is None:
        net = build_net(config)
        if imagenet:
            load_imagenet(net, Path(imagenet) if isinstance(imagenet, str) else None)
        return net
    start = load_checkpoint(init)
    _refuse_other_scheme(start, config.points, init)
    if config.widths is None and config.channels is None:
        shape = {"widths": start.header.net.widths, "channels": start.header.net.channels}
        config = config.model_copy(update=shape)
    net = build_net(config)
    _take_over(net, start, init)
    return net


# Settings that a factor between losses is true of.
_UNITS = ("loss", "wing", "heatmap_sigma")


def carried_factors(recipe: Recipe) -> LossFactors | None:
    """The factors that the checkpoint a recipe starts from was trained with.

    None where it has none, or its losses were in other units: then they are chosen anew.
    """
    if recipe.init is None:
        return None
    header = load_checkpoint(recipe.init).header
    own = recipe.shareable()
    same = all(header.recipe.get(key) == own[key] for key in _UNITS)
    return header.factors if same else None


def _refuse_other_scheme(start: Checkpoint, points: int, name: str) -> None:
    """Raise UserError for a start whose keypoints are as many as the net's and lie elsewhere."""
    own, wanted = start.header.scheme, scheme_of(points)
    if own.points == wanted.points and own.name != wanted.name:
        raise UserError(
            f"{name} has the {own.points} keypoints of scheme '{own.name}', and a net of so many is "
            f"trained by '{wanted.name}'; start from a checkpoint of that scheme"
        )


def five_offset_of(data: TrainingData, init: str | None, points: int) -> FiveOffset | None:
    """The offset that a net's header gets: as the faces tell or else as the net had that it starts from."""
    if data.five_offset is not None or points == 5:
        return data.five_offset
    start = load_checkpoint(init).header if init is not None else None
    if start is not None and start.five_offset is not None and start.scheme.name == scheme_of(points).name:
        return start.five_offset
    if any(store.five_known.any() for store in (data.train, data.validation)):
        warn_of_two_markings(points)
    return None


def start_from(model: Path) -> dict[str, Any]:
    """Recipe settings that go on with a checkpoint as it is, whatever its scheme and sizes."""
    return {**shape_of(model), "init": str(model)}


def shape_of(model: Path) -> dict[str, Any]:
    """Recipe settings of a net like the checkpoint's, its widths apart."""
    net = load_checkpoint(model).header.net
    return net.model_dump(include=set(INHERITED_KEYS))


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
    fitting = {n: cut[n] for n, tensor in own.items() if n in cut and cut[n].shape == tensor.shape}
    fresh = sorted({n.split(".")[0] for n in own.keys() - fitting.keys()})
    if fresh:
        parts = " and ".join(fresh)
        say(f"{name}: does not fit this net's {parts}, which start afresh")
    net.load_state_dict(own | fitting)
