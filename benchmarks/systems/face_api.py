"""face-api's nets of 68 points, rebuilt from the weights of its npm package `@vladmandic/face-api`.

    npm pack @vladmandic/face-api        # and unpack it; the nets lie in its folder `model`

Dense blocks of separable convolutions without BN; the crop has 112 pixels. Weights are uint8 with a scale and
a minimum for each tensor. Its mean color is folded into the first convolution: at the picture's border, which
is padded after that, answers differ by a hair.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.systems.candidate import Candidate, LackingError, exported
from benchmarks.systems.converted import Net, convert, folder_of
from facekp_train.crop import CropRule
from facekp_train.metadata import FiveOffset

if TYPE_CHECKING:
    from torch import nn

_STEMS = {"face-api-68": "face_landmark_68_model", "face-api-68-tiny": "face_landmark_68_tiny_model"}
RULE = CropRule(size=112)
"""Of scales from 1.0 to 1.5 this one suits it best on MTFL's training list; its detector's is not ours."""
_MEAN_RGB = (122.782, 117.001, 104.298)

Weights = Mapping[str, NDArray[np.float32]]


def face_api(
    package: Path | None, system: str, precisions: Sequence[str], five_offset: FiveOffset | None
) -> list[Candidate]:
    """The converted files of one of the nets.

    Args:
        package: the unpacked npm package; None where none is given.
        system: `face-api-68` or `face-api-68-tiny`.
        precisions: which files.
        five_offset: from the five that points of the 300W mark-up imply to hand-placed ones.

    Raises:
        LackingError: where the package or its weights are not there.
    """
    if package is None:
        raise LackingError(
            "no package of face-api was given; unpack `npm pack @vladmandic/face-api`, give --face-api"
        )
    stem = package / "model" / _STEMS[system]
    sources = [stem.with_name(f"{stem.name}{end}") for end in (".bin", "-weights_manifest.json")]
    if missing := [source.name for source in sources if not source.is_file()]:
        raise LackingError(f"the package of face-api holds no model/{missing[0]}")
    folder = folder_of(system, *sources, Path(__file__))
    if not (folder / "model_int8.tflite").is_file():
        weights = read_weights(*sources)
        convert(Net(system, RULE, lambda: build(weights), five_offset), folder)
    return exported(folder, precisions)


def read_weights(data: Path, manifest: Path) -> dict[str, NDArray[np.float32]]:
    """Every tensor by name, in TensorFlow's layout."""
    raw, place, found = data.read_bytes(), 0, {}
    for group in json.loads(manifest.read_text(encoding="utf-8")):
        for entry in group["weights"]:
            count, stored = math.prod(entry["shape"]), entry["quantization"]
            levels = np.frombuffer(raw, np.dtype(stored["dtype"]), count, place)
            place += levels.nbytes
            values = levels.astype(np.float32) * stored["scale"] + stored["min"]
            found[entry["name"]] = values.reshape(entry["shape"]).astype(np.float32)
    return found


def build(weights: Weights) -> nn.Module:
    """The net: float32 [B, 3, 112, 112], RGB 0..255 -> [B, 136] in [0, 1] of the crop."""
    import torch
    from torch import Tensor, nn

    from facekp_train.networks.layers import Conv

    def conv(filters: NDArray[np.float32], bias: NDArray[np.float32], stride: int, depthwise: bool) -> Conv:
        # TensorFlow: [height, width, in, out], depthwise [height, width, in, 1].
        kernel, _, inputs, outputs = filters.shape
        groups = inputs if depthwise else 1
        layer = Conv(inputs, inputs if depthwise else outputs, kernel, stride, groups)
        layer.weight.data = torch.from_numpy(
            filters.transpose((2, 3, 0, 1) if depthwise else (3, 2, 0, 1)).copy()
        )
        layer.bias = nn.Parameter(torch.from_numpy(bias.copy()))
        return layer

    def separable(name: str, stride: int) -> nn.Sequential:
        depthwise = weights[f"{name}/depthwise_filter"]
        return nn.Sequential(
            conv(depthwise, np.zeros(depthwise.shape[2], np.float32), stride, depthwise=True),
            conv(weights[f"{name}/pointwise_filter"], weights[f"{name}/bias"], 1, depthwise=False),
        )

    class Block(nn.Module):
        """Each layer sees the sum of all before it."""

        def __init__(self, number: int) -> None:
            super().__init__()
            name = f"dense{number}"
            first = _first_layer(weights) if number == 0 else None
            self.first = conv(*first, 2, depthwise=False) if first else separable(f"{name}/conv0", 2)
            count = sum(key.startswith(name) and key.endswith("bias") for key in weights)
            self.later = nn.ModuleList(separable(f"{name}/conv{i}", 1) for i in range(1, count))

        def forward(self, x: Tensor) -> Tensor:
            total = torch.relu(self.first(x))
            seen = total
            for layer in self.later:
                total = total + layer(seen)
                seen = torch.relu(total)
            return seen

    class FaceApi(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            blocks = len({key.partition("/")[0] for key in weights if key.startswith("dense")})
            self.blocks = nn.Sequential(*(Block(number) for number in range(blocks)))
            dense = weights["fc/weights"]
            self.fc = nn.Linear(dense.shape[0], dense.shape[1])
            self.fc.weight.data = torch.from_numpy(dense.T.copy())
            self.fc.bias.data = torch.from_numpy(weights["fc/bias"].copy())

        def forward(self, crops: Tensor) -> Tensor:
            return self.fc(self.blocks(crops / 255 - _mean() / 255).mean((2, 3)))

    return FaceApi().eval()


def _mean() -> float:
    return sum(_MEAN_RGB) / len(_MEAN_RGB)


def _first_layer(weights: Weights) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The first convolution after a mean of gray: what its color differs in goes into the bias."""
    filters, bias = weights["dense0/conv0/filters"], weights["dense0/conv0/bias"]
    color = (_mean() - np.array(_MEAN_RGB, np.float32)) / 255
    return filters, np.asarray(bias + np.einsum("hwio,i->o", filters, color), np.float32)
