"""mdp-fast: its shape by settings, its cost, and what is refused."""

from __future__ import annotations

import pytest
import torch

from facekp_train.networks.keypoint_net import BACKBONES, DeployedNet, NetConfig, build_net
from facekp_train.networks.layers import Conv
from facekp_train.pruning.cost import net_cost


@pytest.mark.parametrize(("size", "side"), [(96, 3), (112, 4), (128, 4), (144, 5)])
def test_the_whole_map_is_read_at_any_side(size: int, side: int) -> None:
    net = build_net(NetConfig(backbone="mdp-fast", points=5, size=size)).train()
    prediction = net(torch.zeros(2, 3, size, size))
    assert net.features(torch.zeros(1, 3, size, size)).shape == (1, 128, side, side)
    assert prediction.pooled is not None and prediction.pooled.shape == (2, 32 * side * side)
    assert prediction.heatmaps is not None and prediction.heatmaps.shape == (2, 5, 8 * side, 8 * side)


def test_its_cost_is_the_tables() -> None:
    macs = {size: net_cost(build_net(NetConfig(backbone="mdp-fast", size=size))).macs for size in (128, 96)}
    assert macs == {128: pytest.approx(33.3e6, abs=5e4), 96: pytest.approx(18.7e6, abs=5e4)}


def test_its_shape_is_free() -> None:
    shape = {"channels": (16, 24, 40, 64, 96), "pairs": (0, 1, 0, 1, 0), "widths": (16, 48)}
    config = NetConfig.model_validate({"backbone": "mdp-fast", "points": 5, "size": 80, **shape})
    net = build_net(config).eval()
    assert DeployedNet(net)(torch.zeros(1, 3, 80, 80)).shape == (1, 10)  # type: ignore[union-attr]
    inner = [net.backbone.get_submodule(name) for name in net.backbone.inner_layers]
    assert [len(layer.weight) for layer in inner] == [16, 48]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [{"size": 120}, {"pairs": (1, 1)}, {"pairs": (0, 0, 0, 0, 99)}, {"widths": (8,)}, {"channels": (8,) * 4}],
)
def test_a_shape_that_cannot_be_built_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        build_net(NetConfig.model_validate({"backbone": "mdp-fast", **wrong}))


@pytest.mark.parametrize("backbone", [name for name in BACKBONES if name != "mdp-fast"])
def test_pairs_are_its_own(backbone: str) -> None:
    with pytest.raises(ValueError, match="residual pairs are a size of mdp-fast"):
        build_net(NetConfig(backbone=backbone, pairs=(1,) * 5))


def test_an_odd_side_is_padded_as_tensorflow_does() -> None:
    """TF's SAME: 7 -> 4, a pixel on every side."""
    conv, picture = Conv(1, 1, 3, stride=2), torch.randn(1, 1, 7, 7)
    by_hand = torch.nn.functional.conv2d(picture, conv.weight, stride=2, padding=1)
    assert torch.allclose(conv(picture), by_hand, atol=1e-6)
