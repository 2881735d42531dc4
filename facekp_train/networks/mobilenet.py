"""MobileNetV2's features, with torchvision's parameter names and TF's padding.

Sandler et al., https://arxiv.org/abs/1801.04381. Differences from torchvision's: stride-2
convolutions pad right and bottom alone, as TF's SAME does for even sizes, so that the deployed
graph has no PAD operator; the last 1x1 convolution (320 -> 1280) is left out, which gives the
sizes that the paper states (7.8 MB for 1X); and the hidden width of every block and the channels
of every stage are free, so that a pruned or a wider net can be rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from torch import nn

from facekp_train.networks.inverted import InvertedBackbone, InvertedBlock
from facekp_train.networks.layers import Conv, conv_bn_relu6, initialize_convolutions
from facekp_train.networks.sizes import check_sizes, share_of_width

# Expansion, output channels, repeats, first stride (table 2 of the MobileNetV2 paper).
_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
_STEM_CHANNELS = 32


class _Block(NamedTuple):
    """One inverted residual. All blocks of a stage but the first add their input to their output."""

    expansion: int
    inputs: int
    outputs: int
    stride: int
    residual: bool


def _blocks(channels: Sequence[int]) -> list[_Block]:
    """The 17 blocks between a stem and seven stages of these widths."""
    blocks, inputs = [], channels[0]
    for (expansion, _, repeats, stride), outputs in zip(_STAGES, channels[1:], strict=True):
        for i in range(repeats):
            blocks.append(_Block(expansion, inputs, outputs, stride if i == 0 else 1, residual=i > 0))
            inputs = outputs
    return blocks


def stage_channels(width: float = 1.0) -> tuple[int, ...]:
    """Channels of the stem and the seven stages at a multiple of the published ones.

    Multiples of 8, never 10 % less than asked for: the rounding of the MobileNetV2 paper's code.
    """

    def rounded(wanted: float) -> int:
        nearest = max(8, int(wanted + 4) // 8 * 8)
        return nearest if nearest >= 0.9 * wanted else nearest + 8

    return tuple(rounded(width * full) for full in (_STEM_CHANNELS, *(row[1] for row in _STAGES)))


def hidden_widths(share: float = 1.0, channels: Sequence[int] | None = None) -> tuple[int, ...]:
    """Hidden channels of the 16 expanding blocks at a share of their full width, rounded to 8."""
    blocks = _blocks(stage_channels() if channels is None else channels)
    full = (block.expansion * block.inputs for block in blocks if block.expansion > 1)
    return tuple(share_of_width(width, share) for width in full)


class InvertedResidual(InvertedBlock):
    """Pointwise expansion (block 1 has none), depthwise, linear pointwise; a residual where told."""

    def __init__(self, block: _Block, hidden: int) -> None:
        super().__init__()
        self.residual = block.residual
        layers: list[nn.Module] = [conv_bn_relu6(block.inputs, hidden, 1)] if block.expansion > 1 else []
        layers += [
            conv_bn_relu6(hidden, hidden, 3, block.stride, groups=hidden),
            Conv(hidden, block.outputs, 1),
            nn.BatchNorm2d(block.outputs),
        ]
        self.conv = nn.Sequential(*layers)


class MobileNetV2(InvertedBackbone):
    """Features of MobileNetV2: normalized [B, 3, S, S] -> [B, C, S / 32, S / 32], C the last stage's.

    `widths` are the hidden channels of the 16 expanding blocks (default: six times their inputs),
    `channels` those of the stem and the seven stages (default: `stage_channels()`, C = 320).
    """

    def __init__(self, widths: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> None:
        super().__init__()
        outer = tuple(stage_channels() if channels is None else channels)
        check_sizes("MobileNetV2", "channels of stem and stages", outer, len(_STAGES) + 1)
        blocks = _blocks(outer)
        hidden = tuple(hidden_widths(channels=outer) if widths is None else widths)
        check_sizes("MobileNetV2", "hidden widths", hidden, len(blocks) - 1)
        self.channels = outer[-1]
        # The first block does not expand: its hidden width is the stem's.
        residuals = [InvertedResidual(*pair) for pair in zip(blocks, (outer[0], *hidden), strict=True)]
        self.features = nn.Sequential(conv_bn_relu6(3, outer[0], 3, stride=2), *residuals)
        self.apply(initialize_convolutions)

    @property
    def outer_layers(self) -> tuple[str, ...]:
        """For each of `channels` one convolution that has as many filters."""
        last = list(accumulate(repeats for _, _, repeats, _ in _STAGES))
        return ("features.0.0", "features.1.conv.1", *(f"features.{i}.conv.2" for i in last[1:]))
