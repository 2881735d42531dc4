"""PFLD, the peer of table 5 (Guo et al., https://arxiv.org/abs/1902.10859, table 1), for crops of 112 pixels.

Two readings of its table are built, both with the second layer depthwise, as printed: the stride of the
two narrowing bottlenecks stands at their depthwise convolution (`-b`), or at the 1x1 convolution before
it (the TensorFlow port's, and the faster one). Its branch that estimates pose serves training alone and
is left out. The backbone ends at the last 14 x 14 map, on which heatmaps are learned; the rest is the
regression head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn

from facekp_train.networks.heads import Regression, last_layer
from facekp_train.networks.inverted import InvertedBackbone, InvertedBlock
from facekp_train.networks.layers import Conv, conv_bn_relu6, initialize_convolutions
from facekp_train.networks.sizes import check_sizes

# Expansion and stride of every bottleneck of a stage; the first of the six with 14 x 14 adds its input too.
_STAGES = (((2, 2), *[(2, 1)] * 4), ((2, 2), *[(4, 1)] * 6))
_CHANNELS = (64, 64, 128)
"""Of the stem and the two stages."""
_HEAD_CHANNELS = (16, 32, 128)
"""Of the three scales that the head joins, S1 to S3."""
_HEAD_WIDTH = 256
"""Channels inside the head's bottleneck, also where a pruned net gives it fewer than 128."""


class Bottleneck(InvertedBlock):
    """1x1 to `hidden` channels, depthwise 3x3, linear 1x1; added to its input where the sizes agree.

    early: a stride stands at the first convolution instead of the depthwise one.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, stride: int, early: bool) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        first, second = (stride, 1) if early else (1, stride)
        self.conv = nn.Sequential(
            conv_bn_relu6(inputs, hidden, 1, first),
            conv_bn_relu6(hidden, hidden, 3, second, groups=hidden),
            Conv(hidden, outputs, 1),
            nn.BatchNorm2d(outputs),
        )


class ThreeScales(Regression):
    """PFLD's end: a bottleneck to few channels (S1), two convolutions (S2, S3), one FC on all three.

    S1 and S2 are averaged over their maps; S3 is one pixel, so that the crop has a fixed side.
    """

    def __init__(self, channels: int, share: float, size: int, points: int) -> None:
        super().__init__()
        first, second, third = (round(share * full) for full in _HEAD_CHANNELS)
        self.vector_width = first + second + third
        self.scale1 = Bottleneck(channels, round(share * _HEAD_WIDTH), first, 1, early=False)
        self.scale2 = conv_bn_relu6(first, second, 3, stride=2)
        whole = nn.Conv2d(second, third, size // Pfld.stride, bias=False)
        self.scale3 = nn.Sequential(whole, nn.BatchNorm2d(third), nn.ReLU6(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.apply(initialize_convolutions)
        self.fc = last_layer(self.vector_width, points)

    def vector(self, features: Tensor) -> Tensor:
        """The three scales, one after the other."""
        first = self.scale1(features)
        second = self.scale2(first)
        third = self.scale3(second)
        return torch.cat([self.pool(first).flatten(1), self.pool(second).flatten(1), third.flatten(1)], dim=1)

    def answer(self, vector: Tensor) -> Tensor:
        """[B, vector_width] -> [B, 2N]; the sigmoid is that of our other nets, no port has it."""
        return self.fc(vector).sigmoid()


class Pfld(InvertedBackbone):
    """Features of PFLD: normalized [B, 3, S, S] -> [B, C, S / 8, S / 8].

    `widths` are the channels inside the 12 bottlenecks (default: a multiple of their inputs), `channels`
    those of the stem and the two stages.
    """

    stride: ClassVar[int] = 16
    map_stride: ClassVar[int] = 8
    default_side: ClassVar[int] = 112
    share: ClassVar[float] = 1.0
    """Of the published channels."""
    early: ClassVar[bool] = True
    """See `Bottleneck`."""

    def __init__(self, widths: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> None:
        super().__init__()
        outer = tuple((round(self.share * full) for full in _CHANNELS) if channels is None else channels)
        check_sizes("PFLD", "channels of stem and stages", outer, len(_CHANNELS))
        blocks = [
            (expansion, inputs if i == 0 else outputs, outputs, stride)
            for stage, (inputs, outputs) in zip(_STAGES, pairwise(outer), strict=True)
            for i, (expansion, stride) in enumerate(stage)
        ]
        full = [expansion * inputs for expansion, inputs, _, _ in blocks]
        hidden = tuple(full if widths is None else widths)
        check_sizes("PFLD", "widths of bottlenecks", hidden, len(blocks))
        self.channels = outer[-1]
        self.features = nn.Sequential(
            conv_bn_relu6(3, outer[0], 3, stride=2),
            conv_bn_relu6(outer[0], outer[0], 3, groups=outer[0]),
            *(
                Bottleneck(inputs, width, outputs, stride, self.early)
                for width, (_, inputs, outputs, stride) in zip(hidden, blocks, strict=True)
            ),
        )
        self.apply(initialize_convolutions)

    @property
    def outer_layers(self) -> tuple[str, ...]:
        """For each of `channels` one convolution that has as many filters."""
        first = (2, 2 + len(_STAGES[0]))
        return ("features.0.0", *(f"features.{i}.conv.2" for i in first))

    def regression_head(self, size: int, hidden: int, points: int) -> ThreeScales:  # noqa: ARG002 - has none
        """The three scales."""
        return ThreeScales(self.channels, self.share, size, points)


class PfldQuarter(Pfld):
    """0.25X: a quarter of the channels."""

    share: ClassVar[float] = 0.25


class PfldLate(Pfld):
    """Reading b of 1X."""

    early: ClassVar[bool] = False


class PfldQuarterLate(PfldQuarter):
    """Reading b of 0.25X."""

    early: ClassVar[bool] = False
