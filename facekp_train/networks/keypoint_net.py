"""The net: a backbone with a regression head and, while training, a heatmap head."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from facekp_train.networks.heads import HeatmapHead, RegressionHead
from facekp_train.networks.mobilenet import MobileNetV2
from facekp_train.networks.resnet import ResNet50
from facekp_train.schemes import FEWEST_POINTS, MOST_POINTS


class Backbone(Protocol):
    """What a backbone offers besides being an nn.Module: see `MobileNetV2`."""

    channels: int

    @property
    def inner_layers(self) -> tuple[str, ...]: ...

    @property
    def outer_layers(self) -> tuple[str, ...]: ...

    @property
    def stem(self) -> tuple[nn.Conv2d, nn.BatchNorm2d]: ...

    def __call__(self, x: Tensor) -> Tensor: ...


BACKBONES: dict[str, type[MobileNetV2] | type[ResNet50]] = {
    "mobilenet-v2": MobileNetV2,
    "resnet-50": ResNet50,
}


class NetConfig(BaseModel):
    """Everything that rebuilds a net, also a pruned one; stored in the checkpoint's header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: str = Field(default="mobilenet-v2", description="mobilenet-v2 or resnet-50")
    points: int = Field(default=68, ge=FEWEST_POINTS, le=MOST_POINTS, description="keypoints of the net")
    size: int = Field(default=128, ge=32, le=512, description="side of the crop in pixels, a multiple of 32")
    widths: tuple[int, ...] | None = Field(
        default=None, max_length=64, description="channels inside the blocks, first to last; None: full"
    )
    channels: tuple[int, ...] | None = Field(
        default=None, max_length=64, description="channels of the stem and of each stage; None: published"
    )
    hidden: int = Field(default=256, ge=1, le=8192, description="width of the regression head's hidden layer")
    heatmap_width: int = Field(
        default=64, ge=0, le=2048, description="channels of the heatmap head; 0: no head"
    )

    @model_validator(mode="after")
    def _buildable(self) -> NetConfig:
        if self.backbone not in BACKBONES:
            raise ValueError(f"no backbone is called '{self.backbone}'; there are {', '.join(BACKBONES)}")
        if self.size % 32:
            raise ValueError(f"the crop's side must be a multiple of 32, not {self.size}")
        if any(not 0 < width <= 8192 for width in (*(self.widths or ()), *(self.channels or ()))):
            raise ValueError("a block's width and a stage's channels must lie between 1 and 8192")
        return self


class Prediction(NamedTuple):
    """What one forward pass gives.

    Attributes:
        keypoints: [B, N, 2] in [0, 1] of the crop.
        heatmaps: [B, N, h, w], in training mode where the net has that head.
        pooled: in training mode the last features, pooled, [B, C].
    """

    keypoints: Tensor
    heatmaps: Tensor | None = None
    pooled: Tensor | None = None


class KeypointNet(nn.Module):
    """Backbone, regression head and, while training, heatmap head on the same feature map.

    Args:
        config: everything that shapes the net.
    """

    def __init__(self, config: NetConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = BACKBONES[config.backbone](config.widths, config.channels)
        channels = int(self.backbone.channels)  # type: ignore[arg-type]
        self.regression = RegressionHead(channels, config.hidden, config.points)
        self.heatmap = (
            HeatmapHead(channels, config.heatmap_width, config.points) if config.heatmap_width else None
        )

    def features(self, crops: Tensor) -> Tensor:
        """The last feature map.

        Args:
            crops: [B, 3, S, S], RGB 0..255 of any dtype.

        Returns:
            [B, C, S / 32, S / 32].
        """
        # One scalar for all channels: an int8 file's input scale 1/128 and zero point 128 are it.
        return self.backbone(crops.to(self.regression.fc1.weight.dtype) / 128 - 1)

    def forward(self, crops: Tensor) -> Prediction:
        """Keypoints and, in training mode, heatmaps and features.

        Args:
            crops: [B, 3, S, S], RGB 0..255.
        """
        features = self.features(crops)
        keypoints = self.regression(features).view(-1, self.config.points, 2)
        if not self.training:
            return Prediction(keypoints)
        heatmaps = None if self.heatmap is None else self.heatmap(features)
        return Prediction(keypoints, heatmaps, features.mean(dim=(2, 3)))


class DeployedNet(nn.Module):
    """The part that goes onto a phone: float32 [B, 3, S, S], RGB 0..255 -> [B, 2N] in [0, 1].

    Args:
        net: whose backbone and heads it shares.
        heatmaps: also give the maps [B, N, S / 4, S / 4] as a second output.

    Raises:
        ValueError: for heatmaps of a net that has no heatmap head.
    """

    def __init__(self, net: KeypointNet, heatmaps: bool = False) -> None:
        super().__init__()
        if heatmaps and net.heatmap is None:
            raise ValueError("this checkpoint has no heatmap head to export")
        self.backbone = net.backbone
        self.regression = net.regression
        self.heatmap = net.heatmap if heatmaps else None
        self.eval()

    def forward(self, crops: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The deployed answer; the input's normalization is inside.

        Args:
            crops: float32 [B, 3, S, S], RGB 0..255.

        Returns:
            Keypoints [B, 2N], x and y interleaved; with `heatmaps`, also the maps.
        """
        features = self.backbone(crops / 128 - 1)
        keypoints = self.regression(features)
        return keypoints if self.heatmap is None else (keypoints, self.heatmap(features))


def build_net(config: NetConfig) -> KeypointNet:
    """A freshly initialized net; seed torch first for a repeatable one.

    Args:
        config: everything that shapes it.
    """
    return KeypointNet(config)


def predict_crops(net: KeypointNet, crops: Tensor) -> Tensor:
    """The keypoints of crops, without gradients.

    Args:
        net: answers in the mode, training or eval, that it is in.
        crops: uint8 [B, S, S, 3] RGB.

    Returns:
        float32 [B, N, 2] in [0, 1] of the crop.
    """
    with torch.inference_mode():
        return net(crops.permute(0, 3, 1, 2)).keypoints.float()
