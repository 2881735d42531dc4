"""Optimisers, learning-rate schedules and averaged weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from facekp_train.training.recipe import Recipe


def make_optimiser(net: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD with momentum (the paper's) or AdamW; biases and BN scales are not decayed."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    if recipe.optimiser == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.learning_rate)
    return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=recipe.momentum)


def rate_at(recipe: Recipe, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step counted from 0.

    `step`: from `learning_rate` to `final_rate` in equal factors, one every `step_epochs`
    (0.01, 0.001, 0.0001 over the paper's 60 epochs). `cosine`: half a cosine after the warm-up.
    """
    epoch = step / steps_per_epoch
    if epoch < recipe.warmup:
        return recipe.learning_rate * (step + 1) / max(1.0, recipe.warmup * steps_per_epoch)
    if recipe.schedule == "cosine":
        share = (epoch - recipe.warmup) / max(recipe.epochs - recipe.warmup, 1e-9)
        return (
            recipe.final_rate
            + (recipe.learning_rate - recipe.final_rate) * (1 + math.cos(math.pi * share)) / 2
        )
    last = max(1, math.ceil(recipe.epochs / recipe.step_epochs) - 1)
    done = min(int(epoch) // recipe.step_epochs, last) / last
    return recipe.learning_rate * (max(recipe.final_rate, 1e-12) / recipe.learning_rate) ** done


class AveragedWeights:
    """An exponential moving average of a net's weights and BN statistics (decay 0: the net itself).

    The decay grows from 0.1 so that the random start is soon forgotten.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.state = {name: t.detach().clone() for name, t in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Take one step towards the net's present weights."""
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 9)) if self.decay else 0.0
        averaged: list[Tensor] = []
        current: list[Tensor] = []
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                averaged.append(self.state[name])
                current.append(value.detach())
            else:
                self.state[name].copy_(value)
        torch._foreach_lerp_(averaged, current, 1 - decay)
