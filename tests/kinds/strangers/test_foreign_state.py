"""Kind: a run's state with tensors or a header that are not its own is a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from facekp_train.networks.checkpoint import read_tensors, save_tensors
from facekp_train.training.optimizer import AveragedWeights
from facekp_train.training.run_folder import load_state, save_state


def parts() -> tuple[Any, Any, Any]:
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return net, AveragedWeights(net, 0.9), optimizer


@pytest.fixture
def state(tmp_path: Path) -> Path:
    save_state(tmp_path / "state.safetensors", *parts(), {"epoch": 3})
    return tmp_path / "state.safetensors"


def test_a_state_of_its_own_comes_back(state: Path) -> None:
    assert load_state(state, *parts()) == {"epoch": 3}


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, header: tensors.update({"zzz.x": torch.zeros(1)}),
        lambda tensors, header: tensors.update({"opt.x.y": torch.zeros(1)}),
        lambda tensors, header: tensors.pop("ema.weight"),
        lambda tensors, header: header.pop("ema_updates"),
        lambda tensors, header: header.update(ema_updates=[1]),
        lambda tensors, header: header.update(ema_updates=None),
    ],
)
def test_what_is_foreign_is_a_sentence(state: Path, change: Callable[[dict, dict], object]) -> None:
    tensors, text = read_tensors(state)
    header = json.loads(text)
    change(tensors, header)
    save_tensors(state, tensors, json.dumps(header))
    with pytest.raises(ValueError, match="belongs to another recipe"):
        load_state(state, *parts())


def test_a_header_that_is_none_is_a_sentence(state: Path) -> None:
    tensors, _ = read_tensors(state)
    for text in ("[]", "3", '"x"'):
        save_tensors(state, tensors, text)
        with pytest.raises(ValueError, match="belongs to another recipe"):
            load_state(state, *parts())
