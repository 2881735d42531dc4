"""What a backbone offers: features of a normalized crop, and the heads' places on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from facekp_train.networks.heads import Regression, RegressionHead


class Backbone(nn.Module):
    """Features of normalized crops: [B, 3, S, S] -> [B, channels, h, w].

    Attributes:
        stride: the crop's side S is a multiple of it.
        default_side: of crops, where nobody says another.
        map_stride: pixels of the crop that lie between two cells of the feature map.
        stem_layers: names of the first convolution and its BN.
        pads_as_tf: every convolution pads as TF's SAME, so that no TFLite file needs a PAD.
        channels: of the feature map.
    """

    stride: ClassVar[int] = 32
    default_side: ClassVar[int] = 128
    map_stride: ClassVar[int] = 32
    pads_as_tf: ClassVar[bool] = True
    stem_layers: ClassVar[tuple[str, str]]
    channels: int

    def __init__(self, widths: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> None:  # noqa: ARG002 - a backbone's own
        super().__init__()

    @classmethod
    def of_sizes(
        cls, widths: Sequence[int] | None, channels: Sequence[int] | None, pairs: Sequence[int] | None
    ) -> Backbone:
        """A backbone of the sizes of a `NetConfig`. Raises ValueError where it has no such sizes."""
        if pairs is not None:
            raise ValueError("residual pairs are a size of mdp-fast; leave `pairs` out for another backbone")
        return cls(widths, channels)

    @property
    def inner_layers(self) -> tuple[str, ...]:
        """The convolutions whose filters `widths` counts, in its order."""
        raise NotImplementedError

    @property
    def outer_layers(self) -> tuple[str, ...]:
        """For each of `channels` one convolution that has as many filters."""
        raise NotImplementedError

    @property
    def stem(self) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
        """The first convolution and its BN, into which an input normalization can be folded."""
        conv, norm = map(self.get_submodule, self.stem_layers)
        assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        return conv, norm

    def regression_head(self, size: int, hidden: int, points: int) -> Regression:  # noqa: ARG002 - of others
        """The head that makes keypoints of this backbone's features.

        Args:
            size: side of the crop in pixels.
            hidden: width of its hidden layer, if it has one.
            points: keypoints.
        """
        return RegressionHead(self.channels, hidden, points)

    def __call__(self, x: Tensor) -> Tensor:
        """The features; as nn.Module's, with types."""
        return super().__call__(x)
