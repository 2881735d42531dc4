"""What backbones of inverted residuals share (MobileNetV2, PFLD): a stem, blocks, hidden channels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from facekp_train.networks.backbone import Backbone, refuse_pairs


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

    features: nn.Sequential

    def __init__(self, widths: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> None:  # noqa: ARG002 - a backbone's own
        super().__init__()

    @classmethod
    def of_sizes(
        cls, widths: Sequence[int] | None, channels: Sequence[int] | None, pairs: Sequence[int] | None
    ) -> InvertedBackbone:
        """See `Backbone`."""
        refuse_pairs(pairs)
        return cls(widths, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Last feature map of normalized crops; S is a multiple of `stride`."""
        return self.features(x)

    @property
    def inner_layers(self) -> tuple[str, ...]:
        """The convolutions whose filters `widths` counts, in its order."""
        return tuple(f"features.{i}.conv.0.0" for i in range(2, len(self.features)))

    @property
    def stem(self) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
        """The first convolution and its BN, into which an input normalization can be folded."""
        conv, norm = self.get_submodule("features.0.0"), self.get_submodule("features.0.1")
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        return conv, norm
