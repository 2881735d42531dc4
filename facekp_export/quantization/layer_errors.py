"""Which layers an int8 file's error comes from: each rounded alone, in pixels that the keypoints move.

Made with the checkpoint itself, rounded as its file is (facekp_train/training/quantize_aware.py), so that the
names are those of the net's modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facekp_train.samples import Crops, evenly

if TYPE_CHECKING:
    from facekp_train.networks.keypoint_net import KeypointNet

# An error that rounding does not explain to this share has another cause.
_EXPLAINED = 0.5
_NAMED = 3
# A forward pass a layer: more crops would make a failed export wait, and change little.
_MOST_CROPS = 24


@dataclass(frozen=True)
class LayerError:
    """One layer rounded alone.

    Attributes:
        layer: its module's name in the net.
        mean_px: mean distance that the keypoints move, pixels of the crop.
    """

    layer: str
    mean_px: float


@dataclass(frozen=True)
class LayerErrors:
    """What rounding moves, in pixels of the crop.

    Attributes:
        together_px: all layers rounded at once.
        layers: each alone, the worst first.
        crops: how many were looked at.
    """

    together_px: float
    layers: tuple[LayerError, ...]
    crops: int

    def sentence(self, file_px: float) -> str:
        """What to say of a quantized file: the worst layers, or that it is not they.

        Args:
            file_px: how far the file lies from PyTorch, pixels of the crop.
        """
        if self.together_px < _EXPLAINED * file_px:
            return (
                f"rounding every layer explains {self.together_px:.2f} of its {file_px:.2f} pixels, "
                "so suspect its conversion"
            )
        worst = ", ".join(f"{entry.layer} {entry.mean_px:.2f}" for entry in self.layers[:_NAMED])
        return f"the layers that cost most, rounded alone, in pixels: {worst}"

    def table(self) -> str:
        """Every layer, a line each."""
        lines = [f"{entry.mean_px:9.3f}  {entry.layer}" for entry in self.layers]
        return "\n".join([f"{self.together_px:9.3f}  all layers together", *lines])


def layer_errors(net: KeypointNet, crops: Crops) -> LayerErrors:
    """Round each layer of a net alone and see how far its keypoints move.

    Args:
        net: put into eval mode.
        crops: uint8 [B, S, S, 3] RGB; at most 24, spread over those given, are looked at.
    """
    import torch

    from facekp_train.training.quantize_aware import FakeQuantized

    rounded = FakeQuantized(net.eval()).eval()
    chosen = crops[evenly(len(crops), _MOST_CROPS)]
    images = torch.from_numpy(chosen).permute(0, 3, 1, 2)
    with torch.inference_mode():
        exact = net(images).keypoints

        def moved() -> float:
            return float((rounded(images).keypoints - exact).norm(dim=-1).mean()) * net.config.size

        together, alone = moved(), []
        for layer in rounded.layers:
            with rounded.rounding_only(layer):
                alone.append(LayerError(layer, moved()))
    alone.sort(key=lambda entry: -entry.mean_px)
    return LayerErrors(together, tuple(alone), len(chosen))
