"""Checkpoints: safetensors with a JSON header that rebuilds the net. No pickle, so a stranger's
file can hold wrong numbers but no code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facekp_train.common.files import parse_json, written_aside
from facekp_train.crop import CropRule
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net, predict_crops

_KEY = "facekp"


class CheckpointHeader(BaseModel):
    """What travels with the weights: the net's shape, the crop rule and how it was trained."""

    model_config = ConfigDict(extra="forbid")

    format: int = 1
    name: str = Field(default="model", max_length=200)
    net: NetConfig
    crop: dict[str, Any] = Field(default_factory=lambda: CropRule().as_dict())
    recipe: dict[str, Any] = Field(default_factory=dict, description="the recipe it was trained by")
    history: dict[str, Any] = Field(default_factory=dict, description="figures of the training run")

    @property
    def points(self) -> int:
        """Keypoints of the net."""
        return self.net.points

    @property
    def crop_rule(self) -> CropRule:
        """The crop rule. Raises ValueError where the file's cannot be obeyed."""
        return CropRule.from_dict(self.crop)


@dataclass(frozen=True)
class Checkpoint:
    """A net in eval mode and its header."""

    net: KeypointNet
    header: CheckpointHeader

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Crops uint8 [B, S, S, 3] RGB -> keypoints float32 [B, N, 2] in [0, 1] of the crop."""
        return predict_crops(self.net, torch.from_numpy(crops)).numpy()


def save_checkpoint(path: Path | str, net: KeypointNet, header: CheckpointHeader) -> None:
    """Write the net's weights and header, whole or not at all."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in net.state_dict().items()}
    save_tensors(Path(path), tensors, header.model_dump_json())


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], header: str) -> None:
    """Write tensors and a JSON header as safetensors, whole or not at all."""
    with written_aside(path) as aside:
        save_file(tensors, str(aside), metadata={_KEY: header})


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    """Tensors and JSON header of a file that `save_tensors` wrote.

    Raises OSError where it is missing, ValueError where it is cut short or something else.
    """
    if not path.is_file():
        raise OSError(f"{path}: no such file")
    try:
        with safe_open(str(path), framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{path} is not a readable safetensors file ({error}); pickled .pt files are not loaded, "
            "since they can run code"
        ) from None
    if header is None:
        raise ValueError(f"{path} is a safetensors file without facekp's header; train it with facekp-train")
    return tensors, header


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Rebuild a net from its file, on the CPU, in eval mode.

    Raises OSError where it is missing, ValueError where it is damaged, of other shapes, or holds
    numbers that are not finite.
    """
    path = Path(path)
    tensors, text = read_tensors(path)
    try:
        header = CheckpointHeader.model_validate(parse_json(text))
        header.crop_rule  # noqa: B018 - refused here rather than at the first crop
        net = build_net(header.net)
        net.load_state_dict(tensors)
    except (ValidationError, ValueError, RecursionError, RuntimeError) as error:
        reason = str(error).splitlines()
        raise ValueError(
            f"{path}: its header and weights do not fit together ({' '.join(reason[:4])})"
        ) from None
    if not all(bool(torch.isfinite(t).all()) for t in tensors.values() if t.is_floating_point()):
        raise ValueError(f"{path}: some weights are not finite numbers; the training had diverged")
    return Checkpoint(net.eval(), header)
