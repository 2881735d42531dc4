"""A wide net's weights for a narrower one, without looking at images: a start for training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from facekp_train.networks.tracing import NORMS
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.surgery import explicit_sizes, remove


def narrowed(net: KeypointNet, config: NetConfig) -> KeypointNet:
    """The net cut to other sizes.

    In every group the channels that are likely to be loudest stay. Not the paper's pruning, which looks
    at what the channels carry.

    Args:
        net: the wide net.
        config: the sizes; it matters for its backbone alone.

    Raises:
        ValueError: where `config` is wider anywhere.
    """
    with torch.device("meta"):
        wanted = explicit_sizes(build_net(config))
    for group in find_groups(net, "all"):
        field, index = group.entry
        width = wanted[field][index]
        if width > group.width:
            raise ValueError(
                f"{group.name} has {group.width} channels, {width} are wanted; none can be added"
            )
        if width < group.width:
            net = remove(net, group, torch.topk(_loudness(net, group), width).indices)
    return net


def _loudness(net: KeypointNet, group: Group) -> Tensor:
    """|BN scale| of each channel as it reaches the readers, times the norm of what reads it, [C]."""
    norms = [m for m in map(net.get_submodule, group.carriers) if isinstance(m, NORMS)]
    # Of a chain the last BN decides; those of tied producers all reach the readers.
    reaching = norms if len(group.producers) > 1 else norms[-1:]
    scales = torch.stack([norm.weight.detach().abs() for norm in reaching]).sum(0)
    read = torch.zeros_like(scales)
    for consumer in group.consumers:
        layer = net.get_submodule(consumer.layer)
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        read += layer.weight.detach().transpose(0, 1).flatten(1).square().sum(1)
    return scales * read.sqrt()
