"""Seeded nets that answer like trained ones: spread over the crop, not all at its middle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def noise_crops(count: int, size: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth random colour fields, uint8 [count, size, size, 3], black and white included."""
    import cv2

    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    crops = np.stack([cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC) for field in coarse])
    crops[0, 0, 0], crops[0, 0, 1] = 0, 255
    return crops.astype(np.uint8)


def save_small_checkpoint(path: Path, points: int = 5, size: int = 64) -> Path:
    """A narrow MobileNet whose BN statistics fit its input and whose answers span about 0.2 to 0.8."""
    import torch

    from facekp_train.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.crop import CropRule
    from facekp_train.networks import NetConfig, build_net

    torch.manual_seed(0)
    config = NetConfig(points=points, size=size, widths=(16,) * 16, hidden=32, heatmap_width=0)
    net = build_net(config)
    crops = torch.from_numpy(noise_crops(32, size)).permute(0, 3, 1, 2)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                module.momentum = None  # the mean over the passes below
        net.train()
        for _ in range(2):
            net(crops)
        net.eval()
        logits = torch.logit(net(crops).keypoints.flatten(1))
        last = net.regression.fc2
        last.weight.div_(logits.std(0)[:, None] / 0.7)
        logits = torch.logit(net(crops).keypoints.flatten(1))
        last.bias.sub_(logits.mean(0)).add_(torch.linspace(-1, 1, 2 * points))
    header = CheckpointHeader(name="small", net=config, crop=CropRule(size=size).as_dict())
    save_checkpoint(path, net, header)
    return path
