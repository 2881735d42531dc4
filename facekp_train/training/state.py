"""What a run must remember to go on exactly where it was: weights, averages, optimiser, epoch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from facekp_train.common.files import parse_json
from facekp_train.networks.checkpoint import read_tensors, save_tensors
from facekp_train.training.optimizer import AveragedWeights

STATE_FILE = "state.safetensors"


def save_state(
    path: Path,
    net: nn.Module,
    ema: AveragedWeights,
    optimiser: torch.optim.Optimizer,
    progress: dict[str, Any],
) -> None:
    """Write the whole state of a run, whole or not at all. `progress` is plain data."""
    tensors = {f"net.{name}": t for name, t in net.state_dict().items()}
    tensors |= {f"ema.{name}": t for name, t in ema.state.items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"opt.{index}.{name}": torch.as_tensor(t) for name, t in slots.items() if t is not None}
    # Cloned, since safetensors refuses tensors that share memory.
    ready = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    save_tensors(path, ready, json.dumps({**progress, "ema_updates": ema.updates}))


def load_state(
    path: Path, net: nn.Module, ema: AveragedWeights, optimiser: torch.optim.Optimizer
) -> dict[str, Any]:
    """Put a saved state back and return its progress. Raises ValueError where it does not fit."""
    tensors, header = read_tensors(path)
    parts: dict[str, dict[str, Tensor]] = {"net": {}, "ema": {}, "opt": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = tensor
    try:
        net.load_state_dict(parts["net"])
        for name, average in ema.state.items():
            average.copy_(parts["ema"][name])
        stored = optimiser.state_dict()
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts["opt"].items():
            index, _, slot = name.partition(".")
            slots.setdefault(int(index), {})[slot] = tensor
        stored["state"] = slots
        optimiser.load_state_dict(stored)
    except (RuntimeError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{path} belongs to another recipe ({first}); give another --out, or the same recipe"
        ) from None
    progress = parse_json(header)
    ema.updates = progress.pop("ema_updates")
    return progress
