"""PFLD: its cost is the paper's table's, its maps, its shape by settings, and what is refused."""

from __future__ import annotations

import pytest
import torch

from facekp_train.common.backbones import BACKBONE_NAMES
from facekp_train.networks.keypoint_net import BACKBONES, DeployedNet, KeypointNet, NetConfig, build_net
from facekp_train.pruning.cost import net_cost
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.surgery import masked, remove
from facekp_train.training.quantize_aware import FakeQuantized
from facekp_train.training.recipe import Recipe

NAMES = tuple(name for name in BACKBONES if name.startswith("pfld"))


def answer(net: KeypointNet, size: int = 112) -> torch.Tensor:
    torch.manual_seed(1)
    with torch.inference_mode():
        return net.eval()(torch.rand(2, 3, size, size) * 255).keypoints


def test_the_names_that_are_told_are_those_that_can_be_built() -> None:
    assert tuple(BACKBONES) == BACKBONE_NAMES


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("pfld-0.25x", 0.089, 18.9),
        ("pfld-1x", 1.208, 248.7),
        ("pfld-0.25x-b", 0.089, 20.4),
        ("pfld-1x-b", 1.208, 272.8),
    ],
)
def test_its_cost_is_the_tables(name: str, parameters: float, macs: float) -> None:
    cost = net_cost(build_net(NetConfig(backbone=name)))
    assert cost.bytes / 4e6 == pytest.approx(parameters, abs=6e-4)
    assert cost.macs / 1e6 == pytest.approx(macs, abs=0.06)


@pytest.mark.parametrize("name", NAMES)
def test_its_own_crop_has_112_pixels_and_its_maps_a_quarter_of_that(name: str) -> None:
    config = NetConfig(backbone=name, points=5)
    assert config.size == 112 == Recipe.model_validate({"backbone": name, "data": ["mtfl:faces"]}).size
    net = build_net(config).train()
    prediction = net(torch.zeros(2, 3, 112, 112))
    assert net.features(torch.zeros(1, 3, 112, 112)).shape[2:] == (14, 14)
    assert prediction.heatmaps is not None and prediction.heatmaps.shape == (2, 5, 28, 28)
    assert prediction.pooled is not None and prediction.pooled.shape[1] == net.regression.vector_width


def test_another_side_that_is_asked_for_wins() -> None:
    net = build_net(NetConfig(backbone="pfld-0.25x", points=5, size=80)).eval()
    assert DeployedNet(net)(torch.zeros(1, 3, 80, 80)).shape == (1, 10)  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", [{"size": 120}, {"widths": (8,)}, {"channels": (8,) * 4}])
def test_a_shape_that_cannot_be_built_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        build_net(NetConfig.model_validate({"backbone": "pfld-0.25x", **wrong}))


@pytest.mark.parametrize("name", ["pfld-0.25x", "pfld-0.25x-b"])
def test_every_free_channel_can_be_cut_and_the_net_rebuilt(name: str) -> None:
    torch.manual_seed(0)
    net = build_net(NetConfig(backbone=name, points=5)).eval()
    groups = find_groups(net, "all")
    assert {group.entry for group in groups} == {
        *(("widths", i) for i in range(12)),
        *(("channels", i) for i in range(3)),
    }
    for entry in (("channels", 0), ("channels", 2), ("widths", 5)):
        group = next(group for group in groups if group.entry == entry)
        keep = torch.arange(group.width - 3)
        cut = remove(net, group, keep)
        assert torch.allclose(answer(cut), answer(masked(net, group, keep)), atol=1e-5)
        assert answer(build_net(cut.config)).shape == (2, 5, 2)


def test_it_can_be_trained_as_its_int8_file_will_round() -> None:
    torch.manual_seed(0)
    net = build_net(NetConfig(backbone="pfld-0.25x", points=5)).train()
    learner = FakeQuantized(net).train()
    prediction = learner(torch.rand(4, 3, 112, 112) * 255)
    assert prediction.keypoints.shape == (4, 5, 2) and prediction.pooled is not None
    assert "regression.fc" not in learner.layers and "regression.scale3.0" in learner.layers
    prediction.keypoints.sum().backward()
    assert net.backbone.stem[0].weight.grad is not None
