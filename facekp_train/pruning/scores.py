"""What a filter is worth: the change that its removal makes at the next layer, in closed form.

Measured is the pre-activation of the layer that reads the group's channels: its linear map followed
by its BN in eval mode, y = a (W x - m) + b with a, m, b by output channel. Without the input
channels S, y changes by a W[:, S] x[S] at every position, so the mean over positions of the squared
L2 change is a quadratic form in the moments of x, where Appl. Sci. 2024, 14, 7153, section 3.5.2,
runs the net once for every filter:

    1x1        s_i = ||a W[:, i]||^2 mean(x_i^2)
    k x k      s_i = sum over o of a_o^2 w_oi' A_i w_oi, A_i = mean(x_i x_i') over the kernel's taps
    depthwise  s_i = a_i^2 w_i' A_i w_i
    a set S    1' G_SS 1 with G = ((a W)' (a W)) o mean(x x')

The moments are about zero, which is removal as the paper has it, or about the mean (`centred`):
what is left of the change once the removed channels' mean has gone into the BN, as surgery does with
every repair.

A score divided by the layer's energy (the change where all channels go) is a share, on one scale in
all layers; what a share means for the keypoints is another matter (sensitivity.py). A group with
several readers adds up their shares. Each reader is measured by itself, with its other inputs as
they were: changes that travel through the blocks in between are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.pruning.choices import Repair, Score
from facekp_train.pruning.groups import Consumer, Group, is_depthwise
from facekp_train.pruning.moments import Moments
from facekp_train.pruning.repair import errors_after_repair


class Ranking(NamedTuple):
    """A group's channels in the order of their removal.

    Attributes:
        order: int64 [C], least worth first.
        errors: float64 [C + 1], normalized error after the first m have gone, as surgery with the repair
            leaves it: 0 for none, the number of readers for all.
    """

    order: Tensor
    errors: Tensor

    def keep(self, width: int) -> Tensor:
        """The `width` channels that stay, ascending."""
        return self.order[len(self.order) - width :].sort().values


def scaled_weight(net: KeypointNet, consumer: Consumer) -> Tensor:
    """a W of a reader, float64 [outputs, inputs, taps]; inputs is 1 for a depthwise convolution."""
    layer = net.get_submodule(consumer.layer)
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.detach().double().reshape(*weight.shape[:2], -1) * _scale(net, consumer)[:, None, None]


def _scale(net: KeypointNet, consumer: Consumer) -> Tensor:
    """The BN's factor by output channel, float64; 1 where no BN follows."""
    if consumer.norm is None:
        weight = net.get_submodule(consumer.layer).weight
        assert isinstance(weight, Tensor)
        return torch.ones(len(weight), dtype=torch.float64, device=weight.device)
    norm = net.get_submodule(consumer.norm)
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) and norm.running_var is not None
    return norm.weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()


def filter_scores(net: KeypointNet, consumer: Consumer, moments: Moments, centred: bool = False) -> Tensor:
    """s_i of each channel that a layer reads: the mean squared L2 change without it.

    Args:
        net: whose layer it is.
        consumer: the layer, and the BN after it.
        moments: of what it reads.
        centred: about the mean, not about zero.

    Returns:
        float64 [C].

    Source:
        Appl. Sci. 2024, 14, 7153, section 3.5.2, in closed form.
    """
    weight = scaled_weight(net, consumer)
    own = moments.own / moments.count
    if centred:
        own = own - moments.mean[:, :, None] * moments.mean[:, None, :]
    if is_depthwise(net.get_submodule(consumer.layer)):
        return torch.einsum("ct,ctu,cu->c", weight[:, 0], own, weight[:, 0])
    return (torch.einsum("oct,ocu->ctu", weight, weight) * own).sum((1, 2))


def pair_scores(net: KeypointNet, consumer: Consumer, moments: Moments, centred: bool = False) -> Tensor:
    """G: the change without a set of channels is the sum of G over its pairs.

    Args:
        net: whose layer it is.
        consumer: the layer, and the BN after it.
        moments: of what it reads, with pairs.
        centred: about the mean, not about zero.

    Returns:
        float64 [C, C].
    """
    if is_depthwise(net.get_submodule(consumer.layer)):
        return torch.diag(filter_scores(net, consumer, moments, centred))
    weight = scaled_weight(net, consumer)
    _, channels, taps = weight.shape
    flat = weight.flatten(1)
    products = (flat.T @ flat) * moments.second(centred)
    return products.view(channels, taps, channels, taps).sum((1, 3))


def group_scores(
    net: KeypointNet, group: Group, moments: Mapping[str, Moments], centred: bool = False
) -> Tensor:
    """The score of each channel of a group by itself, normalized; the paper's is about zero.

    Args:
        net: whose group it is.
        group: the channels.
        moments: of its readers, by layer name.
        centred: about the mean, not about zero.

    Returns:
        float64 [C].

    Source:
        Appl. Sci. 2024, 14, 7153, section 3.5.2, in closed form.
    """
    total = torch.zeros(group.width, dtype=torch.float64)
    for consumer in group.consumers:
        known = moments[consumer.layer]
        total += (filter_scores(net, consumer, known, centred) / _energy(net, consumer, known, centred)).cpu()
    return total


def rank(
    net: KeypointNet,
    group: Group,
    moments: Mapping[str, Moments],
    how: Score,
    repair: Repair,
) -> Ranking:
    """Order a group's channels for removal; ties go to the lower channel.

    Args:
        net: whose group it is.
        group: the channels.
        moments: of its readers, by layer name, with pairs.
        how: `paper`, by each one's own score about zero, lowest first; `centred`, by that about its mean;
            `greedy`, one by one that which makes the set's error least.
        repair: the errors are those that it leaves; without one they are about zero, also for `greedy`.

    Source:
        Appl. Sci. 2024, 14, 7153, section 3.5.2 (`paper`); ThiNet, Luo et al. 2017,
        https://arxiv.org/abs/1707.06342 (`greedy`).
    """
    pairs = torch.zeros(group.width, group.width, dtype=torch.float64)
    for consumer in group.consumers:
        own = pair_scores(net, consumer, moments[consumer.layer], centred=repair != "none").cpu()
        pairs += own / own.sum().clamp_min(_TINY)
    if how == "greedy":
        order = _greedy_order(pairs)
    else:
        order = group_scores(net, group, moments, centred=how == "centred").argsort(stable=True)
    if repair != "lstsq":
        ordered = pairs[order][:, order]
        # Each channel adds its own error and twice its products with those gone before.
        added = ordered.diagonal() + 2 * ordered.tril(-1).sum(1)
        errors = torch.cat([added.new_zeros(1), added.cumsum(0)])
    else:
        errors = torch.zeros(group.width + 1, dtype=torch.float64)
        for consumer in group.consumers:
            covariance = moments[consumer.layer].second(centred=True)
            left = errors_after_repair(scaled_weight(net, consumer), covariance, order.to(covariance.device))
            errors += (left / left[-1].clamp_min(_TINY)).cpu()
    return Ranking(order, errors.clamp_min(0))


_TINY = 1e-300


def _energy(net: KeypointNet, consumer: Consumer, moments: Moments, centred: bool) -> Tensor:
    """Mean of ||a W x||^2, the change where all channels go, about zero or about the mean."""
    own = _scale(net, consumer).square() * moments.answer / moments.count
    if centred:
        weight = scaled_weight(net, consumer)
        if is_depthwise(net.get_submodule(consumer.layer)):
            mean = (weight[:, 0] * moments.mean).sum(1)
        else:
            mean = torch.einsum("oct,ct->o", weight, moments.mean)
        own = own - mean.square()
    return own.sum().clamp_min(_TINY)


def _greedy_order(pairs: Tensor) -> Tensor:
    cost = pairs.diagonal().clone()
    order = []
    for _ in range(len(pairs)):
        chosen = int(cost.argmin())
        order.append(chosen)
        cost += 2 * pairs[chosen]
        cost[chosen] = torch.inf
    return torch.tensor(order)
