"""ResNet-50's features with torchvision's parameter names: the teacher.

He et al., https://arxiv.org/abs/1512.03385; the stride stands at the 3x3 convolution, as in
torchvision. The widths inside the blocks and the channels of every stage are free, so that a pruned
net can be rebuilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from facekp_train.networks.backbone import Backbone
from facekp_train.networks.layers import initialize_convolutions
from facekp_train.networks.sizes import check_sizes

# Inner width, output channels, blocks, first stride.
_STAGES = ((64, 256, 3, 1), (128, 512, 4, 2), (256, 1024, 6, 2), (512, 2048, 3, 2))
_STEM_CHANNELS = 64


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution; added to the input, which a 1x1 convolution projects where told."""

    def __init__(
        self, inputs: int, widths: tuple[int, int], outputs: int, stride: int, projects: bool
    ) -> None:
        super().__init__()
        first, second = widths
        self.conv1, self.bn1 = nn.Conv2d(inputs, first, 1, bias=False), nn.BatchNorm2d(first)
        self.conv2 = nn.Conv2d(first, second, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(second)
        self.conv3, self.bn3 = nn.Conv2d(second, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs)) if projects else None

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(Backbone):
    """Features of ResNet-50: normalized [B, 3, S, S] -> [B, C, S / 32, S / 32], C the last stage's.

    `widths` are the two inner widths of each of the 16 blocks, 32 numbers; `channels` those of the
    stem and the four stages (default: 64, 256, 512, 1024, 2048).
    """

    pads_as_tf: ClassVar[bool] = False
    stem_layers: ClassVar[tuple[str, str]] = ("conv1", "bn1")

    def __init__(self, widths: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> None:
        super().__init__()
        published = (_STEM_CHANNELS, *(outputs for _, outputs, _, _ in _STAGES))
        outer = tuple(published if channels is None else channels)
        check_sizes("ResNet-50", "channels of stem and stages", outer, len(published))
        full = tuple(width for width, _, blocks, _ in _STAGES for _ in range(2 * blocks))
        inner = tuple(full if widths is None else widths)
        check_sizes("ResNet-50", "inner widths", inner, len(full))
        self.channels = outer[-1]
        self.conv1 = nn.Conv2d(3, outer[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(outer[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        pairs = iter(zip(inner[::2], inner[1::2], strict=True))
        inputs = outer[0]
        for number, (_, _, blocks, stride) in enumerate(_STAGES, start=1):
            stage, outputs = [], outer[number]
            for i in range(blocks):
                first = i == 0
                stage.append(Bottleneck(inputs, next(pairs), outputs, stride if first else 1, projects=first))
                inputs = outputs
            self.add_module(f"layer{number}", nn.Sequential(*stage))
        self.apply(initialize_convolutions)

    def forward(self, x: Tensor) -> Tensor:
        """Last feature map of normalized pictures; S is a multiple of 32."""
        for module in self.children():
            x = module(x)
        return x

    @property
    def inner_layers(self) -> tuple[str, ...]:
        """The convolutions whose filters `widths` counts, in its order."""
        return tuple(
            f"{name}.{conv}"
            for name, module in self.named_modules()
            if isinstance(module, Bottleneck)
            for conv in ("conv1", "conv2")
        )

    @property
    def outer_layers(self) -> tuple[str, ...]:
        """For each of `channels` one convolution that has as many filters."""
        return ("conv1", *(f"layer{number}.0.conv3" for number in range(1, len(_STAGES) + 1)))
