"""What backbones of inverted residuals share (MobileNetV2, PFLD): a stem, blocks, hidden channels."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from facekp_train.networks.backbone import Backbone


class InvertedBlock(nn.Module):
    """The convolutions `conv`, whose result is added to their input where `residual`."""

    residual: bool
    conv: nn.Sequential

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        return x + self.conv(x) if self.residual else self.conv(x)


class InvertedBackbone(Backbone):
    """`features` are the stem (convolution, BN, ReLU6), one more layer that does not expand, and blocks.

    `widths` are the channels inside of the blocks, `channels` those of the stem and the stages.
    """

    stem_layers: ClassVar[tuple[str, str]] = ("features.0.0", "features.0.1")
    features: nn.Sequential

    def forward(self, x: Tensor) -> Tensor:
        """Last feature map of normalized crops; S is a multiple of `stride`."""
        return self.features(x)

    @property
    def inner_layers(self) -> tuple[str, ...]:
        """The convolutions whose filters `widths` counts, in its order."""
        return tuple(f"features.{i}.conv.0.0" for i in range(2, len(self.features)))
