"""Cutting a net before it trains, or in the midst of a training that goes on.

What a training remembers is cut with the net: averaged weights, and the optimizer's memory of every
weight that stays. So a net that is pruned piece by piece has one schedule and not as many as pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from facekp_train.batches.face_store import FaceStore
from facekp_train.common.run_files import LAST_FILE, STATE_FILE
from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, build_net
from facekp_train.networks.sizes import share_of_width
from facekp_train.pipeline.widths import group_moments
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.scores import rank
from facekp_train.pruning.settings import PruneSettings
from facekp_train.pruning.surgery import rebuilt, remove
from facekp_train.training.distill import Distilled
from facekp_train.training.optimizer import AveragedWeights, OptimizerSettings, make_optimizer
from facekp_train.training.recipe import Recipe
from facekp_train.training.run_folder import claim_folder, load_state, save_state

START_FILE = "start.safetensors"


def cut_before(
    model: Path, folder: Path, names: Collection[str], settings: PruneSettings, faces: FaceStore
) -> None:
    """Leave a checkpoint without a share of the filters of some groups in `folder`, as START_FILE."""
    checkpoint = load_checkpoint(model)
    cutting = _Cutting.of(checkpoint.net, names, settings, faces)
    net = cutting.applied(checkpoint.net)
    header = checkpoint.header.model_copy(update={"net": net.config})
    save_checkpoint(folder / START_FILE, net, header)


def cut_between(
    before: Path,
    folder: Path,
    recipe: Recipe,
    names: Collection[str],
    settings: PruneSettings,
    faces: FaceStore,
) -> None:
    """Let a training that stopped in `before` be gone on with in `folder`, its net cut.

    recipe: that of `folder`; it starts from START_FILE there and has a teacher. The averaged weights
    decide which filters go. The state is written last: a folder that holds one is whole.
    """
    checkpoint = load_checkpoint(before / LAST_FILE)
    cutting = _Cutting.of(checkpoint.net, names, settings, faces)
    learner, averages, optimizer = _training_of(build_net(checkpoint.net.config), recipe)
    progress = load_state(before / STATE_FILE, learner, averages, optimizer)

    averaged = cutting.applied(checkpoint.net)
    smaller, smaller_averages, smaller_optimizer = _training_of(cutting.applied(learner.net), recipe)
    own = {name: tensor for name, tensor in learner.state_dict().items() if not name.startswith("net.")}
    smaller.load_state_dict({**smaller.state_dict(), **own})
    smaller_averages.state = {name: t.clone() for name, t in averaged.state_dict().items()}
    smaller_averages.updates = averages.updates
    _carry_memory(cutting, learner, optimizer, smaller, smaller_optimizer)

    header = checkpoint.header.model_copy(update={"net": averaged.config})
    save_checkpoint(folder / START_FILE, averaged, header)
    claim_folder(folder, recipe, resume=False, faces_known=True)
    save_state(folder / STATE_FILE, smaller, smaller_averages, smaller_optimizer, progress)


@dataclass(frozen=True)
class _Cutting:
    """Which channels of which groups stay; how what goes is made up for, on which faces."""

    groups: Sequence[Group]
    keep: dict[str, Tensor]
    settings: PruneSettings
    faces: FaceStore

    @classmethod
    def of(
        cls, net: KeypointNet, names: Collection[str], settings: PruneSettings, faces: FaceStore
    ) -> _Cutting:
        """By the score of the settings, to their rate of each group's width."""
        assert settings.rate is not None
        groups = [group for group in find_groups(net, settings.scope) if group.name in names]
        widths = {group.name: share_of_width(group.width, 1 - settings.rate) for group in groups}
        groups = [group for group in groups if widths[group.name] < group.width]
        moments = group_moments(net, groups, settings, faces)
        keep = {
            group.name: rank(net, group, moments, settings.score, settings.repair).keep(widths[group.name])
            for group in groups
        }
        return cls(groups, keep, settings, faces)

    def applied(self, net: KeypointNet) -> KeypointNet:
        """The net cut, and repaired as its own features ask for."""
        moments = group_moments(net.eval(), self.groups, self.settings, self.faces)
        for group in self.groups:
            net = remove(net, group, self.keep[group.name], moments, self.settings.repair)
        return net

    def sliced(self, net: KeypointNet, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Of values by parameter of the net, those of the parameters that stay."""
        holder = rebuilt(net.config, {**net.state_dict(), **values})
        for group in self.groups:
            holder = remove(holder, group, self.keep[group.name])
        return {name: value.detach() for name, value in holder.named_parameters()}


def _training_of(
    net: KeypointNet, recipe: Recipe
) -> tuple[Distilled, AveragedWeights, torch.optim.Optimizer]:
    """What a run keeps in its state, with nothing learnt yet."""
    assert recipe.teacher is not None
    learner = Distilled(net, load_checkpoint(recipe.teacher).net, recipe.projection)
    optimizer = make_optimizer(learner, recipe.part(OptimizerSettings))
    return learner, AveragedWeights(net, recipe.ema), optimizer


def _carry_memory(
    cutting: _Cutting,
    learner: Distilled,
    optimizer: torch.optim.Optimizer,
    smaller: Distilled,
    smaller_optimizer: torch.optim.Optimizer,
) -> None:
    """What the optimizer remembers of each weight, for those that stay."""
    memory = {name: optimizer.state[parameter] for name, parameter in learner.named_parameters()}
    slots = {slot for known in memory.values() for slot in known}
    kept: dict[str, dict[str, Tensor]] = {name: {} for name in memory}
    for slot in sorted(slots):
        values = {name: known[slot] for name, known in memory.items() if slot in known}
        if all(value.ndim == 0 for value in values.values()):
            cut = values  # a counter of steps
        else:
            of_net = {name.removeprefix("net."): v for name, v in values.items() if name.startswith("net.")}
            sliced = cutting.sliced(learner.net, of_net)
            cut = values | {f"net.{name}": value for name, value in sliced.items()}
        for name, value in cut.items():
            kept[name][slot] = value.clone()
    for name, parameter in smaller.named_parameters():
        smaller_optimizer.state[parameter] = kept[name]
