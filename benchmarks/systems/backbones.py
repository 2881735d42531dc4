"""Backbones of facekp_train that have no trained file here: timed with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.systems.candidate import Candidate, LackingError, exported
from benchmarks.systems.converted import Net, convert, folder_of
from facekp_train.crop import CropRule

_VIEWS = 16  # random weights have no ranges worth more


def untrained(backbone: str, precisions: Sequence[str], converts: bool = True) -> list[Candidate]:
    """Files of a backbone with its heads for 68 points. Raises LackingError where there is none.

    converts: make them where the cache has none.
    """
    try:
        import torch

        from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
        from facekp_train.networks.keypoint_net import BACKBONES, DeployedNet, NetConfig, build_net
    except ImportError as error:
        raise LackingError(f"facekp's extra `export` is not installed ({error})") from None
    if backbone not in BACKBONES:
        raise LackingError(f"this version has no backbone {backbone}")
    folder = folder_of(backbone)
    if not (folder / "model.safetensors").is_file():
        if not converts:
            raise LackingError("its files with random weights are not in the cache; run without --no-convert")
        torch.manual_seed(0)
        net = build_net(NetConfig(backbone=backbone)).eval()
        rule = CropRule(size=net.config.size)
        convert(Net(backbone, rule, lambda: DeployedNet(net), views=_VIEWS), folder)
        # Last, since it says that all are there.
        header = CheckpointHeader(name=backbone, net=net.config, crop=rule.as_dict())
        save_checkpoint(folder / "model.safetensors", net, header)
    return exported(folder, precisions, trained=False)


def backbone_of(folder: Path, backbone: str, precisions: Sequence[str], converts: bool) -> list[Candidate]:
    """A backbone's trained files where there are some; else untrained ones."""
    return exported(folder, precisions) if folder.is_dir() else untrained(backbone, precisions, converts)
