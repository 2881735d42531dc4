"""Nets to prune, and pictures to prune them by, that everyone has."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from tests.support.models.small_nets import hidden_head


@cache
def trained_net() -> KeypointNet:
    """The shipped 1X in float64, where a score can be compared to many digits."""
    from facekp_train.common.shipped import shipped_models_dir
    from facekp_train.networks.checkpoint import load_checkpoint

    return load_checkpoint(shipped_models_dir() / "mdp-1x" / "model.safetensors").net.double()


@cache
def small_net(backbone: str) -> KeypointNet:
    """A narrow net of few points in float64 with random weights and random BN, so that no two
    channels are alike, whose answers depend on every layer."""
    torch.manual_seed(3)
    sizes = {
        "mobilenet-v2": NetConfig(
            points=5, size=64, widths=(16, 24) * 8, channels=(16, 8, 8, 16, 24, 16, 24, 40)
        ),
        "resnet-50": NetConfig(
            backbone="resnet-50", points=5, size=64, widths=(8, 16) * 16, channels=(16, 24, 16, 32, 48)
        ),
    }
    net = build_net(sizes[backbone].model_copy(update={"hidden": 16, "heatmap_width": 8})).double()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            module.momentum = 1.0
    assert net.heatmap is not None
    for layer in (hidden_head(net).fc2, net.heatmap.to_maps):
        nn.init.normal_(layer.weight, std=0.5)
    # One batch sets the statistics, so that every layer hands on what it gets.
    with torch.no_grad():
        net.train()(demo_crops(16, 64))
    return net.eval()


@cache
def demo_crops(count: int, size: int = 128) -> Tensor:
    """Turned, shifted and recolored views of the demo photo's face, uint8 [count, 3, size, size]."""
    from facekp_export.quantization.calibration import demo_views
    from facekp_train.crop import CropRule

    return torch.from_numpy(demo_views(CropRule(size=size), count)).permute(0, 3, 1, 2)
