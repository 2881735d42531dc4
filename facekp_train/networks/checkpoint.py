"""Checkpoints: safetensors with a JSON header that rebuilds the net. No pickle, so a stranger's
file can hold wrong numbers but no code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from facekp_train.common.files import parse_json, written_aside
from facekp_train.common.settings import Settings, first_fault
from facekp_train.common.shipped import licence_of_shipped
from facekp_train.crop import CropRule
from facekp_train.landmarks import Scheme, adopt_unknown, scheme_of
from facekp_train.metadata import FiveOffset, ModelInput, read_five_offset, read_licence, refuse_longer
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net, predict_crops

_KEY = "facekp"
_FORMAT = 2


class LossFactors(Settings):
    """What loss2 and loss3 are multiplied by, so that all losses are of one size where training began.

    None: not chosen yet.
    """

    model_config = ConfigDict(strict=True)

    heatmap: float | None = Field(default=None, ge=0)
    features: float | None = Field(default=None, ge=0)


class CheckpointHeader(BaseModel):
    """What travels with the weights: the net's shape, the crop rule, the scheme, how it was trained.

    A header of format 1 lacks the fields from `scheme` on; they are what was meant then.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    format: int = Field(default=_FORMAT, ge=1, strict=True)
    name: str = Field(default="model", max_length=200)
    net: NetConfig
    crop: dict[str, Any] = Field(default_factory=lambda: CropRule().as_dict())
    recipe: dict[str, Any] = Field(default_factory=dict, description="the recipe it was trained by")
    history: dict[str, Any] = Field(default_factory=dict, description="figures of the training run")
    scheme: Annotated[Scheme, PlainSerializer(Scheme.as_dict)] = Field(
        default_factory=lambda: None,
        validate_default=True,
        description="of the net's keypoints; none: the default of their count",
    )
    input: Annotated[ModelInput, PlainSerializer(ModelInput.as_dict)] = Field(
        default_factory=lambda: None,
        validate_default=True,
        description="type and side of the crops that the exported net takes",
    )
    five_offset: FiveOffset | None = Field(
        default=None,
        description="from the five that the keypoints imply to hand-placed ones, in eye distances",
    )
    weights_licence: str | None = Field(default=None, description="what the weights may be used for")
    untrained: bool = Field(default=False, description="the weights are random: for timing alone")
    factors: LossFactors | None = Field(
        default=None, description="of its losses, heatmap and features; trainings from it go on with them"
    )

    @field_validator("scheme", mode="plain")
    @classmethod
    def _read_scheme(cls, value: object, info: ValidationInfo) -> Scheme | None:
        if (net := info.data.get("net")) is None:
            return None  # its own error is reported
        if value is None:
            return scheme_of(net.points)
        scheme = value if isinstance(value, Scheme) else Scheme.from_dict(value)
        if scheme.points != net.points:
            raise ValueError(f"the net has {net.points} points and scheme '{scheme.name}' {scheme.points}")
        return scheme

    @field_validator("input", mode="plain")
    @classmethod
    def _read_input(cls, value: object, info: ValidationInfo) -> ModelInput | None:
        if (crop := info.data.get("crop")) is None:
            return None
        side = CropRule.from_dict(crop).size
        if value is None:
            return ModelInput("float32", side)
        given = value if isinstance(value, ModelInput) else ModelInput.from_dict(value)
        if given.side != side:
            raise ValueError(f"the net's input has a side of {given.side} pixels and its crops {side}")
        return given

    @field_validator("five_offset", mode="before")
    @classmethod
    def _read_five_offset(cls, value: object, info: ValidationInfo) -> FiveOffset | None:
        return read_five_offset(value, info.data["scheme"]) if info.data.get("scheme") else None

    @field_validator("weights_licence", mode="before")
    @classmethod
    def _read_licence(cls, value: object) -> str | None:
        return read_licence(value)

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
        """Keypoints of crops.

        Args:
            crops: uint8 [B, S, S, 3] RGB.

        Returns:
            float32 [B, N, 2] in [0, 1] of the crop.
        """
        return predict_crops(self.net, torch.from_numpy(crops)).numpy()


def save_checkpoint(path: Path | str, net: KeypointNet, header: CheckpointHeader) -> None:
    """Write the net's weights and header, whole or not at all.

    Args:
        path: a .safetensors file.
        net: whose weights are written.
        header: what travels with them.

    Raises:
        ValueError: for a header beyond `facekp_train.metadata.LONGEST`.
    """
    text = header.model_copy(update={"format": _FORMAT}).model_dump_json()
    refuse_longer(text, "the checkpoint's header")
    tensors = {name: t.detach().cpu().contiguous() for name, t in net.state_dict().items()}
    save_tensors(Path(path), tensors, text)


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], header: str) -> None:
    """Write tensors and a JSON header as safetensors, whole or not at all.

    Args:
        path: the file.
        tensors: by name.
        header: JSON text.
    """
    with written_aside(path) as aside:
        save_file(tensors, str(aside), metadata={_KEY: header})


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], str]:
    """Read a file that `save_tensors` wrote.

    Args:
        path: the file.

    Returns:
        The tensors by name, and the JSON header.

    Raises:
        OSError: where it is missing.
        ValueError: where it is cut short or something else.
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

    Args:
        path: a .safetensors file that `save_checkpoint` wrote.

    Returns:
        The net and its header; a shipped checkpoint's says what its weights may be used for.

    Raises:
        OSError: where it is missing.
        ValueError: where it is damaged, of other shapes, of a newer format, or holds numbers that are
            not finite.
    """
    path = Path(path)
    tensors, text = read_tensors(path)
    document = _document(path, text)
    try:
        header = CheckpointHeader.model_validate(document)
        net = build_net(header.net)
        net.load_state_dict(tensors)
    except (ValueError, RecursionError, RuntimeError) as error:
        reason = first_fault(error) if isinstance(error, ValidationError) else str(error)
        reason = " ".join(reason.splitlines()[:4])
        raise ValueError(f"{path}: its header and weights do not fit together ({reason})") from None
    if not all(bool(torch.isfinite(t).all()) for t in tensors.values() if t.is_floating_point()):
        raise ValueError(f"{path}: some weights are not finite numbers; the training had diverged")
    adopt_unknown(header.scheme)
    header.weights_licence = header.weights_licence or licence_of_shipped(path)
    return Checkpoint(net.eval(), header)


def _document(path: Path, text: str) -> Any:
    """What the header holds. Raises ValueError for what is too long, no JSON, or of a newer format."""
    try:
        refuse_longer(text, "its header")
        document = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: the checkpoint's header cannot be read ({error})") from None
    stated = document.get("format") if isinstance(document, dict) else None
    if isinstance(stated, int) and stated > _FORMAT:
        raise ValueError(
            f"{path}: its header has format {str(stated)[:40]} and this version of facekp reads formats 1 to "
            f"{_FORMAT}; upgrade facekp or train the model again"
        )
    return document
