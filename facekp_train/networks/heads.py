"""The two heads of joint training (Appl. Sci. 2024, 14, 7153, sections 3.2 and 3.3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from facekp_train.networks.layers import conv_bn_relu, initialize_convolutions


class Regression(nn.Module):
    """Features [B, C, h, w] -> keypoints [B, 2N] in [0, 1] of the crop, x and y interleaved.

    Attributes:
        vector_width: numbers in the vector that a face's features become.
    """

    vector_width: int

    def vector(self, features: Tensor) -> Tensor:
        """The features as one vector a face, [B, vector_width]."""
        raise NotImplementedError

    def answer(self, vector: Tensor) -> Tensor:
        """The keypoints [B, 2N] that a vector tells."""
        raise NotImplementedError

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        return self.answer(self.vector(features))


class RegressionHead(Regression):
    """Global average pool, FC-BN-ReLU, FC, sigmoid."""

    def __init__(self, channels: int, hidden: int, points: int) -> None:
        super().__init__()
        self.vector_width = channels
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.bn = nn.BatchNorm1d(hidden)
        self.fc2 = last_layer(hidden, points)

    def vector(self, features: Tensor) -> Tensor:
        """The pooled features. `flatten(1)`, not `mean((2, 3))`: no transpose in converted files."""
        return self.pool(features).flatten(1)

    def answer(self, vector: Tensor) -> Tensor:
        """[B, C] -> [B, 2N]."""
        return self.fc2(F.relu(self.bn(self.fc1(vector)))).sigmoid()


class FlatHead(RegressionHead):
    """1x1 convolution to few channels, then the whole map in place of its mean.

    Where a feature lies is not averaged away; the map has a fixed side for it.
    """

    def __init__(self, channels: int, narrow: int, side: int, hidden: int, points: int) -> None:
        super().__init__(narrow * side * side, hidden, points)
        self.pool = nn.Identity()
        self.narrow = conv_bn_relu(channels, narrow, 1)
        self.narrow.apply(initialize_convolutions)

    def vector(self, features: Tensor) -> Tensor:
        """The narrowed map, pixel by pixel: the order of TFLite's tensors, so that no file transposes."""
        return self.narrow(features).permute(0, 2, 3, 1).flatten(1)


def last_layer(inputs: int, points: int) -> nn.Linear:
    """The layer that gives coordinates; untrained it answers with the crop's middle, not with noise."""
    layer = nn.Linear(inputs, 2 * points)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer


class HeatmapHead(nn.Module):
    """Features [B, C, h, w] -> heatmaps [B, N, uh, uw] in [0, 1], u the upsampling: one map a keypoint.

    The paper upsamples, then reduces the channels by 1x1 convolutions. Both are linear and act on
    different axes, so they commute: reducing first is the same function at a fraction of the work.
    """

    def __init__(self, channels: int, width: int, points: int, upsampling: int = 8) -> None:
        super().__init__()
        self.upsampling = upsampling
        self.reduce = nn.Conv2d(channels, width, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.to_maps = nn.Conv2d(width, points, 1)
        # Sigmoid starts near 0.02, a map's usual value: an all-0.5 start would swamp the other loss.
        assert self.to_maps.bias is not None
        nn.init.constant_(self.to_maps.bias, -4.0)

    def forward(self, features: Tensor) -> Tensor:
        """Maps at a multiple of the features' resolution (4 x 4 -> 32 x 32 for a crop of 128)."""
        reduced = self.reduce(features)
        upsampled = F.interpolate(reduced, scale_factor=self.upsampling, mode="bilinear", align_corners=False)
        return self.to_maps(F.relu(self.bn(upsampled))).sigmoid()
