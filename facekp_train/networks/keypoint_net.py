"""The net: a backbone with a regression head and, while training, a heatmap head."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from facekp_train.common.backbones import BACKBONES_TOLD
from facekp_train.networks.backbone import Backbone
from facekp_train.networks.heads import HeatmapHead
from facekp_train.networks.mdp_fast import MdpFast
from facekp_train.networks.mobilenet import MobileNetV2
from facekp_train.networks.pfld import Pfld, PfldLate, PfldQuarter, PfldQuarterLate
from facekp_train.networks.resnet import ResNet50
from facekp_train.schemes import FEWEST_POINTS, MOST_POINTS

BACKBONES: dict[str, type[Backbone]] = {
    "mobilenet-v2": MobileNetV2,
    "resnet-50": ResNet50,
    "mdp-fast": MdpFast,
    "pfld-0.25x": PfldQuarter,
    "pfld-1x": Pfld,
    "pfld-0.25x-b": PfldQuarterLate,
    "pfld-1x-b": PfldLate,
}

SIDE_TOLD = "side of the crop in pixels, a multiple of 32, for mdp-fast and pfld of 16; pfld's own is 112"
PAIRS_TOLD = "residual pairs of each stage of mdp-fast; None: 0, 0, 2, 2, 1"


def with_own_side(settings: Any) -> Any:
    """Settings of a net with the crop's side that its backbone has, where they say none."""
    kind = BACKBONES.get(str(settings.get("backbone"))) if isinstance(settings, dict) else None
    return settings if kind is None else {"size": kind.default_side, **settings}


class NetConfig(BaseModel):
    """Everything that rebuilds a net, also a pruned one; stored in the checkpoint's header."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: str = Field(default="mobilenet-v2", description=BACKBONES_TOLD)
    points: int = Field(default=68, ge=FEWEST_POINTS, le=MOST_POINTS, description="keypoints of the net")
    size: int = Field(default=128, ge=32, le=512, description=SIDE_TOLD)
    widths: tuple[int, ...] | None = Field(
        default=None, max_length=64, description="channels inside the blocks, first to last; None: full"
    )
    channels: tuple[int, ...] | None = Field(
        default=None, max_length=64, description="channels of the stem and of each stage; None: published"
    )
    pairs: tuple[int, ...] | None = Field(default=None, max_length=64, description=PAIRS_TOLD)
    hidden: int = Field(default=256, ge=1, le=8192, description="width of the regression head's hidden layer")
    heatmap_width: int = Field(
        default=64, ge=0, le=2048, description="channels of the heatmap head; 0: no head"
    )

    @model_validator(mode="before")
    @classmethod
    def _own_side(cls, data: Any) -> Any:
        return with_own_side(data)

    @model_validator(mode="after")
    def _buildable(self) -> NetConfig:
        if self.backbone not in BACKBONES:
            raise ValueError(f"no backbone is called '{self.backbone}'; there are {', '.join(BACKBONES)}")
        stride = BACKBONES[self.backbone].stride
        if self.size % stride:
            raise ValueError(
                f"the crop's side of {self.backbone} must be a multiple of {stride}, not {self.size}"
            )
        if any(not 0 < width <= 8192 for width in (*(self.widths or ()), *(self.channels or ()))):
            raise ValueError("a block's width and a stage's channels must lie between 1 and 8192")
        return self


class Prediction(NamedTuple):
    """What one forward pass gives.

    Attributes:
        keypoints: [B, N, 2] in [0, 1] of the crop.
        heatmaps: [B, N, h, w], in training mode where the net has that head.
        pooled: in training mode the vector that the regression head makes of the features, [B, C]: their
            mean over the map, unless a backbone brings a head of its own.
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
        kind = BACKBONES[config.backbone]
        self.backbone = kind.of_sizes(config.widths, config.channels, config.pairs)
        self.regression = self.backbone.regression_head(config.size, config.hidden, config.points)
        self.heatmap: HeatmapHead | None = None
        if config.heatmap_width:
            # Maps of a quarter of the crop's side, whatever that of the features is.
            self.heatmap = HeatmapHead(
                self.backbone.channels, config.heatmap_width, config.points, kind.map_stride // 4
            )

    def features(self, crops: Tensor) -> Tensor:
        """The last feature map.

        Args:
            crops: [B, 3, S, S], RGB 0..255 of any dtype.

        Returns:
            [B, C, h, h], h = S / 32 for most backbones.
        """
        return self.backbone(self.normalized(crops))

    def normalized(self, crops: Tensor) -> Tensor:
        """Raw crops as the backbone takes them, in the weights' own precision."""
        # One scalar for all channels: an int8 file's input scale 1/128 and zero point 128 are it.
        return crops.to(next(self.parameters()).dtype) / 128 - 1

    def vector(self, crops: Tensor) -> Tensor:
        """What distillation compares: `Prediction.pooled` of crops [B, 3, S, S], in any mode."""
        return self.regression.vector(self.features(crops))

    def forward(self, crops: Tensor) -> Prediction:
        """Keypoints and, in training mode, heatmaps and features.

        Args:
            crops: [B, 3, S, S], RGB 0..255.
        """
        features = self.features(crops)
        vector = self.regression.vector(features)
        keypoints = self.regression.answer(vector).view(-1, self.config.points, 2)
        if not self.training:
            return Prediction(keypoints)
        heatmaps = None if self.heatmap is None else self.heatmap(features)
        return Prediction(keypoints, heatmaps, vector)


class DeployedNet(nn.Module):
    """The part that goes onto a phone: float32 [B, 3, S, S], RGB 0..255 -> [B, 2N] in [0, 1].

    Args:
        net: whose backbone and regression head it shares.
    """

    def __init__(self, net: KeypointNet) -> None:
        super().__init__()
        self.backbone = net.backbone
        self.regression = net.regression
        self.eval()

    def forward(self, crops: Tensor) -> Tensor:
        """The deployed answer; the input's normalization is inside.

        Args:
            crops: float32 [B, 3, S, S], RGB 0..255.

        Returns:
            Keypoints [B, 2N], x and y interleaved.
        """
        return self.regression(self.backbone(crops / 128 - 1))


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
