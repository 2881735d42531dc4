"""Optimizers, learning-rate schedules and averaged weights."""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from facekp_train.common.settings import Settings


class OptimizerSettings(Settings):
    """How the weights move, epoch by epoch."""

    epochs: int = Field(default=60, ge=1, description="passes over the faces")
    optimizer: Literal["sgd", "adamw"] = Field(default="sgd", description="sgd with momentum, or adamw")
    learning_rate: float = Field(default=0.01, gt=0, description="after the warm-up")
    final_rate: float = Field(default=1e-4, ge=0, description="where the schedule ends")
    schedule: Literal["step", "cosine"] = Field(
        default="step",
        description="how the rate falls: in equal factors at each third, or along a half cosine",
    )
    warmup: float = Field(default=0.0, ge=0, description="epochs of linear warm-up")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(default=1e-4, ge=0, description="pull of the weights towards zero")
    clip: float = Field(default=0.0, ge=0, description="largest gradient norm; 0: no clipping")
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: none")
    freeze_bn: float = Field(
        default=0.0, ge=0, le=1, description="last share of epochs with BN statistics held"
    )
    bn: Literal["auto", "batch", "held"] = Field(
        default="auto",
        description="statistics that BN learns with before that: the batch's, or those held from the start; "
        "auto: held where a checkpoint goes on with its own sizes and heads",
    )


def make_optimizer(net: nn.Module, settings: OptimizerSettings) -> torch.optim.Optimizer:
    """SGD with momentum (the paper's) or AdamW; biases and BN scales are not decayed."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.learning_rate)
    return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum)


def rate_at(settings: OptimizerSettings, step: int, steps_per_epoch: int) -> float:
    """The learning rate of a step counted from 0, after the warm-up:

    `step`: from `learning_rate` to `final_rate` in two equal factors, a third of the steps at each rate
    (0.01, 0.001, 0.0001 over the paper's 60 epochs, 20 each). `cosine`: half a cosine.
    """
    warmup = settings.warmup * steps_per_epoch
    if step < warmup:
        return settings.learning_rate * min(1.0, (step + 1) / warmup)
    done, all_steps = step - warmup, max(settings.epochs * steps_per_epoch - warmup, 1e-9)
    first, last = settings.learning_rate, settings.final_rate
    if settings.schedule == "cosine":
        return last + (first - last) * (1 + math.cos(math.pi * done / all_steps)) / 2
    thirds = min(3 * done // all_steps, 2)
    return first * (max(last, 1e-12) / first) ** (thirds / 2)


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
