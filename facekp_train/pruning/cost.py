"""What a deployed net costs: bytes of its float32 weights and multiply-accumulates of one crop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import DeployedNet, KeypointNet
from facekp_train.pruning.groups import Group, is_depthwise


class Cost(NamedTuple):
    """What one net costs.

    Attributes:
        bytes: weights and biases in float32, BN folded in.
        macs: multiply-accumulates of one crop.
    """

    bytes: int
    macs: int


@dataclass(frozen=True)
class _Layer:
    """Weights, multiply-accumulates and biases of one layer; `inputs` is 1 for a depthwise one."""

    name: str
    weights: int
    macs: int
    inputs: int
    outputs: int


def net_cost(net: KeypointNet) -> Cost:
    """The deployed part's cost at the net's crop size."""
    layers = _layers(net)
    return Cost(4 * sum(x.weights + x.outputs for x in layers), sum(x.macs for x in layers))


class CostModel:
    """The cost of a net with other widths, without building it.

    Each layer's weights and multiply-accumulates are proportional to the channels that it reads and to
    those that it makes.

    Args:
        net: measured as it is.
        groups: whose widths may change.
    """

    def __init__(self, net: KeypointNet, groups: Sequence[Group]) -> None:
        self._layers = _layers(net)
        self._made = {name: g for g in groups for name in (*g.producers, *g.carriers)}
        self._read = {consumer.layer: g for g in groups for consumer in g.consumers}

    def __call__(self, widths: Mapping[str, int]) -> Cost:
        """The cost with other widths.

        Args:
            widths: channels by group name; groups that are not named stay as they are.
        """
        weights = macs = biases = 0
        for layer in self._layers:
            made, read = self._made.get(layer.name), self._read.get(layer.name)
            outputs = layer.outputs if made is None else widths.get(made.name, made.width)
            inputs = layer.inputs if read is None else widths.get(read.name, read.width)
            pairs = layer.inputs * layer.outputs
            weights += layer.weights * inputs * outputs // pairs
            macs += layer.macs * inputs * outputs // pairs
            biases += outputs
        return Cost(4 * (weights + biases), macs)


def _layers(net: KeypointNet) -> list[_Layer]:
    """Every convolution and linear layer of the deployed net, measured on one crop."""
    found: list[_Layer] = []
    with ExitStack() as stack, torch.inference_mode():
        stack.callback(net.train, net.training)
        for name, module in net.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                stack.enter_context(module.register_forward_hook(_counting(found, name)))
        parameter = next(net.parameters())
        crop = torch.zeros(1, 3, net.config.size, net.config.size)
        DeployedNet(net)(crop.to(parameter.device, parameter.dtype))
    return found


def _counting(found: list[_Layer], name: str):
    def count(layer: nn.Module, _inputs: tuple[Tensor], answer: Tensor) -> None:
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        outputs, inputs = layer.weight.shape[:2]
        positions = answer[0].numel() // outputs
        weights = layer.weight.numel()
        found.append(
            _Layer(name, weights, weights * positions, 1 if is_depthwise(layer) else inputs, outputs)
        )

    return count
