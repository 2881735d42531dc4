"""mdp-fast: few and fat layers, made for int8.

In int8 a dense 3x3 convolution of 16 or more channels multiplies twelve times as fast as a depthwise
one, and a layer costs something by itself. So the crop is taken down to 16 x 16 by three 3x3
convolutions of stride 2, and what computes are residual pairs of dense 3x3 convolutions. The last map
is small enough to be flattened: the head reads where something is, not only that it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from facekp_train.networks.backbone import Backbone
from facekp_train.networks.heads import FlatHead
from facekp_train.networks.layers import Conv, conv_bn_relu, initialize_convolutions
from facekp_train.networks.sizes import check_sizes

CHANNELS = (16, 24, 32, 64, 128)
"""Of the stages, each of which begins with a 3x3 convolution of stride 2."""
PAIRS = (0, 0, 2, 2, 1)
"""Residual pairs of each stage."""
_FLATTENED = 32


class ResidualPair(nn.Module):
    """Two 3x3 convolutions, added to their input: [B, C, H, W] -> [B, C, H, W]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = Conv(channels, width, 3), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = Conv(width, channels, 3), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """ReLU follows the sum, which the runtimes compute inside it."""
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inner)) + x)


class MdpFast(Backbone):
    """Features of mdp-fast: normalized [B, 3, S, S] -> [B, C, h, h], h = S / 32 rounded up.

    `channels` are those of the five stages, `pairs` how many residual pairs each has, `widths` the
    channels inside of every pair (default: its stage's).
    """

    stride: ClassVar[int] = 16
    stem_layers: ClassVar[tuple[str, str]] = ("stages.0.0.0", "stages.0.0.1")

    def __init__(
        self,
        widths: Sequence[int] | None = None,
        channels: Sequence[int] | None = None,
        pairs: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        outer = tuple(CHANNELS if channels is None else channels)
        check_sizes("mdp-fast", "channels of stages", outer, len(CHANNELS))
        counts = tuple(PAIRS if pairs is None else pairs)
        if len(counts) != len(PAIRS) or not all(0 <= count <= 8 for count in counts):
            raise ValueError(f"mdp-fast has {len(PAIRS)} counts of pairs, each 0 to 8, not {list(counts)}")
        full = [width for width, count in zip(outer, counts, strict=True) for _ in range(count)]
        inner = tuple(full if widths is None else widths)
        if inner or full:
            check_sizes("mdp-fast", "widths of pairs", inner, len(full))
        self.channels = outer[-1]
        stages, inputs, rest = [], 3, iter(inner)
        for outputs, count in zip(outer, counts, strict=True):
            first = conv_bn_relu(inputs, outputs, 3, stride=2)
            stages.append(nn.Sequential(first, *(ResidualPair(outputs, next(rest)) for _ in range(count))))
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.apply(initialize_convolutions)

    @classmethod
    def of_sizes(
        cls, widths: Sequence[int] | None, channels: Sequence[int] | None, pairs: Sequence[int] | None
    ) -> MdpFast:
        """See `Backbone`."""
        return cls(widths, channels, pairs)

    def forward(self, x: Tensor) -> Tensor:
        """Last feature map of normalized crops; S is a multiple of 16."""
        return self.stages(x)

    @property
    def inner_layers(self) -> tuple[str, ...]:
        """The convolutions whose filters `widths` counts, in its order."""
        return tuple(f"{name}.conv1" for name, part in self.named_modules() if isinstance(part, ResidualPair))

    @property
    def outer_layers(self) -> tuple[str, ...]:
        """For each of `channels` one convolution that has as many filters."""
        return tuple(f"stages.{number}.0.0" for number in range(len(self.stages)))

    def regression_head(self, size: int, hidden: int, points: int) -> FlatHead:
        """A head that reads the whole map."""
        return FlatHead(self.channels, _FLATTENED, -(-size // self.map_stride), hidden, points)
