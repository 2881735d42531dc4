"""The two heads of joint training (Appl. Sci. 2024, 14, 7153, sections 3.2 and 3.3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class RegressionHead(nn.Module):
    """Features [B, C, h, w] -> keypoints [B, 2N] in [0, 1] of the crop, x and y interleaved.

    Global average pool, FC-BN-ReLU, FC, sigmoid.
    """

    def __init__(self, channels: int, hidden: int, points: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.bn = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, 2 * points)
        # An untrained net answers with the crop's middle, not with noise.
        nn.init.normal_(self.fc2.weight, std=0.01)
        nn.init.zeros_(self.fc2.bias)

    def forward(self, features: Tensor) -> Tensor:
        """One vector a face. `flatten(1)`, not `mean((2, 3))`: no transpose in converted files."""
        pooled = self.pool(features).flatten(1)
        return self.fc2(F.relu(self.bn(self.fc1(pooled)))).sigmoid()


class HeatmapHead(nn.Module):
    """Features [B, C, h, w] -> heatmaps [B, N, 8h, 8w] in [0, 1]: one map a keypoint.

    The paper upsamples, then reduces the channels by 1x1 convolutions. Both are linear and act on
    different axes, so they commute: reducing first is the same function at a 64th of the work.
    """

    upsampling = 8

    def __init__(self, channels: int, width: int, points: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, width, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.to_maps = nn.Conv2d(width, points, 1)
        # Sigmoid starts near 0.02, a map's usual value: an all-0.5 start would swamp the other loss.
        assert self.to_maps.bias is not None
        nn.init.constant_(self.to_maps.bias, -4.0)

    def forward(self, features: Tensor) -> Tensor:
        """Maps at 8 times the features' resolution (4 x 4 -> 32 x 32 for a crop of 128)."""
        reduced = self.reduce(features)
        upsampled = F.interpolate(reduced, scale_factor=self.upsampling, mode="bilinear", align_corners=False)
        return self.to_maps(F.relu(self.bn(upsampled))).sigmoid()
