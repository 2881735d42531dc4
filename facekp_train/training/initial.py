"""The net that a run starts from (ImageNet weights, another checkpoint, or chance), and who goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from facekp_train.batches.markings import warn_of_two_markings
from facekp_train.common.console import UserError, say
from facekp_train.landmarks import SCHEMES, scheme_of
from facekp_train.metadata import FiveOffset
from facekp_train.networks.checkpoint import Checkpoint, LossFactors, load_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, build_net
from facekp_train.pruning.narrow import narrowed
from facekp_train.published_schemes import PUBLISHED
from facekp_train.training.data import TrainingData
from facekp_train.training.distill import TeacherSettings, supervised
from facekp_train.training.imagenet import FILES, load_imagenet
from facekp_train.training.learner import Learner
from facekp_train.training.quantize_aware import FakeQuantized
from facekp_train.training.recipe import INHERITED_KEYS, Recipe


class Start(NamedTuple):
    """The net that a run starts from.

    goes_on: it is a checkpoint's, with all its sizes and heads. factors: of the losses that the
    checkpoint was trained with; None where they are not known, or of losses in other units.
    five_offset: the checkpoint's, where its scheme is the net's.
    """

    net: KeypointNet
    goes_on: bool = False
    factors: LossFactors | None = None
    five_offset: FiveOffset | None = None


def start_of(recipe: Recipe) -> Start:
    """Build and fill a recipe's net. Raises UserError where the start cannot be had.

    Where the recipe has no widths of its own, the net has those of its checkpoint (`init`): a pruned
    net goes on as it is.
    """
    config = recipe.net_config()
    if recipe.init is None:
        net = build_net(config)
        if isinstance(recipe.imagenet, str) or (recipe.imagenet and config.backbone in FILES):
            load_imagenet(net, Path(recipe.imagenet) if isinstance(recipe.imagenet, str) else None)
        elif recipe.imagenet:
            say(f"{config.backbone} starts from random weights: there are no ImageNet weights for it")
        return Start(net)
    checkpoint = load_checkpoint(recipe.init)
    _refuse_other_scheme(checkpoint, config.points, recipe.init)
    if config.widths is None and config.channels is None:
        shape = {"widths": checkpoint.header.net.widths, "channels": checkpoint.header.net.channels}
        config = config.model_copy(update=shape)
    net = build_net(config)
    _take_over(net, checkpoint, recipe.init)
    sizes, its = ({n: t.shape for n, t in one.state_dict().items()} for one in (net, checkpoint.net))
    own = recipe.shareable()
    same_units = all(checkpoint.header.recipe.get(key) == own[key] for key in _UNITS)
    header = checkpoint.header
    of_its_scheme = header.scheme.is_like(scheme_of(config.points))
    return Start(
        net,
        goes_on=sizes == its,
        factors=header.factors if same_units else None,
        five_offset=header.five_offset if of_its_scheme else None,
    )


def make_learner(recipe: Recipe, start: Start, device: torch.device) -> Learner:
    """The net of a start on a device, with the recipe's teacher or its rounding.

    Raises UserError where the recipe wants a teacher's coordinates that lie elsewhere.
    """
    if recipe.quantize:
        return _on(device, FakeQuantized(start.net))
    if recipe.teacher is None:
        return _on(device, Learner(start.net))
    learner = supervised(start.net, recipe.part(TeacherSettings), recipe.output_weight)
    _on(device, learner.teacher)
    return _on(device, learner)


_Module = TypeVar("_Module", bound=nn.Module)


def _on(device: torch.device, module: _Module) -> _Module:
    return module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


# Settings that a factor between losses is true of.
_UNITS = ("loss", "wing", "soft_wing", "heatmap_sigma")


def _refuse_other_scheme(start: Checkpoint, points: int, name: str) -> None:
    """Raise UserError for a start whose keypoints are as many as the net's and lie elsewhere."""
    own, wanted = start.header.scheme, scheme_of(points)
    if own.points == wanted.points and not own.is_like(wanted):
        raise UserError(
            f"{name} has the {own.points} keypoints of scheme '{own.name}', and a net of so many is "
            f"trained by '{wanted.name}'; start from a checkpoint of that scheme"
        )


def five_offset_of(data: TrainingData, start: Start, points: int) -> FiveOffset | None:
    """The offset that a net's header gets: as the faces tell or else as the net had that it starts from."""
    if data.five_offset is not None or points == 5:
        return data.five_offset
    if start.five_offset is not None:
        return start.five_offset
    if any(store.five_known.any() for store in (data.train, data.validation)):
        warn_of_two_markings(points)
    return None


def start_from(model: Path) -> dict[str, Any]:
    """Recipe settings that go on with a checkpoint as it is, whatever its scheme and sizes."""
    return {**shape_of(model), "init": str(model)}


def shape_of(model: Path) -> dict[str, Any]:
    """Recipe settings of a net like the checkpoint's, its widths apart."""
    header = load_checkpoint(model).header
    published = header.scheme in PUBLISHED and header.scheme == SCHEMES.get(header.points)
    scheme = {} if published else {"scheme": header.scheme.as_dict()}
    return header.net.model_dump(include=set(INHERITED_KEYS)) | scheme


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
