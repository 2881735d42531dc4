"""Fake quantization: what is rounded and how, whose weights they are, and what training with it mends."""

from __future__ import annotations

import copy

import pytest

from tests.support.models.small_nets import acquainted_net, hidden_head, noise_crops

pytest.importorskip("torch")

import torch

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig
from facekp_train.training.quantize_aware import FakeQuantized

SIZE = 32
CROPS = noise_crops(16, SIZE)


@pytest.fixture(params=["mobilenet-v2", "resnet-50"])
def net(request: pytest.FixtureRequest) -> KeypointNet:
    """A small net whose answers differ between crops, in eval mode."""
    mobile = request.param == "mobilenet-v2"
    config = NetConfig(
        backbone=request.param, points=5, size=SIZE, widths=(8,) * (16 if mobile else 32), hidden=16,
        channels=None if mobile else (8, 16, 16, 16, 16), heatmap_width=8,
    )  # fmt: skip
    return acquainted_net(config, CROPS)


def crops() -> torch.Tensor:
    return torch.from_numpy(CROPS).permute(0, 3, 1, 2)


def moved(net: KeypointNet, *layers: str) -> list[float]:
    """Mean distance from the exact answer, in pixels: with each of the layers rounded alone, or with all."""
    rounded = FakeQuantized(net).eval()
    with torch.no_grad():
        exact = net(crops()).keypoints
        assert float(exact.std(dim=0).mean()) * SIZE > 0.5, "it always says the same"

        def distance() -> float:
            return float((rounded(crops()).keypoints - exact).norm(dim=-1).mean()) * SIZE

        distances = []
        for layer in layers:
            with rounded.rounding_only(layer):
                distances.append(distance())
        return distances or [distance()]


def test_each_layer_costs_something_and_none_much_more_than_all(net: KeypointNet) -> None:
    alone = moved(net, *FakeQuantized(net).layers)
    assert min(alone) > 0
    assert max(alone) < 1.5 * moved(net)[0]


def test_layers_have_the_nets_own_names_and_the_last_stays_in_float(net: KeypointNet) -> None:
    layers = FakeQuantized(net).layers
    for layer in layers:
        net.get_submodule(layer.removesuffix(" (sum)"))
    weighted = {
        name for name, module in net.named_modules()
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear) and not name.startswith("heatmap")
    }  # fmt: skip
    assert weighted - set(layers) == {"regression.fc2"}
    sums = 10 if net.config.backbone == "mobilenet-v2" else 16
    assert sum(layer.endswith(" (sum)") for layer in layers) == sums


def test_it_is_the_net_itself_that_learns(net: KeypointNet) -> None:
    rounded = FakeQuantized(net)
    assert list(rounded.state_dict()) == [f"net.{name}" for name in net.state_dict()]
    rounded.train()
    prediction = rounded(crops())
    assert prediction.heatmaps is not None and prediction.pooled is not None
    (prediction.keypoints.sum() + prediction.heatmaps.sum()).backward()
    lacking = [name for name, weight in net.named_parameters() if weight.grad is None]
    assert not lacking


def test_gradients_are_those_of_the_net_where_rounding_hardly_matters(net: KeypointNet) -> None:
    """Straight through: with one layer rounded the gradient points where the exact one does."""
    other = copy.deepcopy(net)
    rounded = FakeQuantized(other).eval()
    net(crops()).keypoints.square().sum().backward()
    with rounded.rounding_only(rounded.layers[-1]):
        rounded(crops()).keypoints.square().sum().backward()
    exact, through = (hidden_head(n).fc1.weight.grad for n in (net, other))
    assert exact is not None and through is not None
    assert float(torch.cosine_similarity(exact.flatten(), through.flatten(), 0)) > 0.98


def test_one_wide_channel_costs_the_others_their_resolution(net: KeypointNet) -> None:
    before = moved(net, "regression.fc1")[0]
    with_wide_channel(net)
    assert moved(net, "regression.fc1")[0] > 10 * before


def with_wide_channel(net: KeypointNet, factor: float = 1000) -> None:
    """The same function in float: a hidden channel times a factor, what reads it divided by that."""
    head = hidden_head(net)
    with torch.no_grad():
        head.bn.weight[0] *= factor
        head.bn.bias[0] *= factor
        head.fc2.weight[:, 0] /= factor


def test_a_stream_of_uneven_channels_is_rounded_as_the_exporter_evens_it(net: KeypointNet) -> None:
    """A residual block's answer with a channel 100 times as wide hardly costs more than without."""
    if net.config.backbone != "mobilenet-v2":
        pytest.skip("the stage is MobileNet's")
    before = moved(net, "backbone.features.17.conv.2")[0]
    weights = dict(net.named_parameters())
    with torch.no_grad():
        weights["backbone.features.17.conv.3.weight"][0] *= 100
        weights["backbone.features.17.conv.3.bias"][0] *= 100
        weights["regression.fc1.weight"][:, 0] /= 100
    after = moved(net, "backbone.features.17.conv.2")[0]
    # One step for all channels would be 100 times as coarse, the evened one 10 times.
    assert after < 20 * before
