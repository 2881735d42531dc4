"""What a layer's error means for the keypoints, so that a budget can weigh layers against each other.

Errors normalised by the layer's energy have one scale, but a share lost in front of the heads moves
the keypoints far more than the same share of a branch that is added to a strong residual stream:
on the shipped 1X by a factor of hundreds (benchmarks/layer_errors.py). Within one layer the squared
move is about proportional to the error. So one more forward pass a layer, not a filter, gives the
factor: part of its channels masked, how far do the keypoints move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from facekp_train.networks.keypoint_net import KeypointNet, predict_crops
from facekp_train.networks.sizes import share_of_width
from facekp_train.pruning.choices import Score
from facekp_train.pruning.groups import Group
from facekp_train.pruning.moments import Moments
from facekp_train.pruning.scores import Ranking, rank
from facekp_train.pruning.surgery import masked

_PROBED_SHARE = 0.25


def keypoint_errors(
    net: KeypointNet,
    groups: Sequence[Group],
    moments: Mapping[str, Moments],
    crops: Tensor,
    score: Score,
) -> dict[str, Ranking]:
    """Rankings whose errors estimate how far the keypoints move.

    The errors are those after least squares, whatever the surgery does: retraining mends at least as
    much.

    Args:
        net: whose groups they are.
        groups: to rank.
        moments: of their readers, by layer name, with pairs.
        crops: [B, 3, S, S], a few dozen are enough.
        score: by which channels are ordered.

    Returns:
        By group name; errors in squared crop units.
    """
    whole = _keypoints(net, crops)
    weighed = {}
    for group in groups:
        ranking = rank(net, group, moments, score, "lstsq")
        width = _probed_width(group, ranking)
        probe = masked(net, group, ranking.keep(width), moments, "lstsq")
        moved = (_keypoints(probe, crops) - whole).square().sum(-1).mean().double().cpu()
        error = ranking.errors[group.width - width]
        weighed[group.name] = Ranking(ranking.order, ranking.errors * moved / error.clamp_min(1e-12))
    return weighed


def _probed_width(group: Group, ranking: Ranking) -> int:
    """A quarter of the channels, or fewer where so many are dead that nothing would be lost."""
    width = min(share_of_width(group.width, _PROBED_SHARE), max(1, group.width // 2))
    while width > 1 and float(ranking.errors[group.width - width]) < 1e-9:
        width //= 2
    return width


def _keypoints(net: KeypointNet, crops: Tensor) -> Tensor:
    device = next(net.parameters()).device
    parts = [predict_crops(net, part.to(device).permute(0, 2, 3, 1)) for part in crops.split(32)]
    return torch.cat(parts)
