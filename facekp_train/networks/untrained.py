"""Nets of random weights, for timing alone: they compute what trained ones do, and mean nothing.

Left as it is initialized, a net answers nearly the same to every crop, and what differs is lost in the
rounding of int8, which every layer of chance amplifies: its files would prove nothing about the conversion.
So filters also pass on the mean of what they read, which rounding hardly moves; batch norms get the
statistics of some crops; and the last layer gets the size at which answers spread over the crop.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net

_COMMON = 2.0
"""What a filter makes of its inputs' mean, over what it makes of their differences."""
_SPREAD = 0.5
"""Standard deviation of a coordinate before the sigmoid, over the crops."""


def untrained_net(config: NetConfig, crops: Tensor) -> KeypointNet:
    """A net of random weights in eval mode, the same for the same crops.

    Args:
        config: what shapes it.
        crops: uint8 [B, S, S, 3] RGB, that it is to answer differently to.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        net = build_net(config)
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                weight = layer.weight
                weight.add_(_COMMON * weight.std() / weight[0].numel() ** 0.5)
        _learn_statistics(net, crops.permute(0, 3, 1, 2))
        last = [layer for layer in net.regression.modules() if isinstance(layer, nn.Linear)][-1]
        answers = net.eval()(crops.permute(0, 3, 1, 2)).keypoints.flatten(1).logit()
        factor = _SPREAD / answers.std(dim=0).clamp_min(1e-6)
        last.weight.mul_(factor[:, None])
        # A bias, as every trained net has one: without it converters leave an addition out.
        last.bias.copy_(_SPREAD * torch.randn(len(factor)) - factor * (answers.mean(dim=0) - last.bias))
    return net


def _learn_statistics(net: KeypointNet, crops: Tensor) -> None:
    """One look in training mode, whose batch statistics are those that stay."""
    norms = [layer for layer in net.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    usual = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    net.train()(crops)
    for norm, momentum in zip(norms, usual, strict=True):
        norm.momentum = momentum
