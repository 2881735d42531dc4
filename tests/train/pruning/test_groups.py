"""Coupled groups: those that torch-pruning finds, in order, and with a place in the config."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.surgery import explicit_sizes
from tests.support.models.pruning_nets import small_net


class Everything(nn.Module):
    """Backbone and both heads in one forward pass, for the oracle's trace."""

    def __init__(self, net: KeypointNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        features = self.net.features(crops)
        assert self.net.heatmap is not None
        return self.net.regression(features), self.net.heatmap(features)


def members(group: Group) -> set[tuple[str, str]]:
    """(layer, side): `out` where its filters go, `in` where its inputs go."""
    out = {(name, "out") for name in (*group.producers, *group.carriers)}
    return out | {(consumer.layer, "in") for consumer in group.consumers}


@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_groups_are_those_of_torch_pruning(backbone: str) -> None:
    tp = pytest.importorskip("torch_pruning", reason="the oracle is part of the dev extra")
    net = small_net(backbone)
    crops = torch.zeros(1, 3, 64, 64, dtype=torch.float64)
    graph = tp.DependencyGraph().build_dependency(Everything(net), crops)
    names = {module: name for name, module in net.named_modules()}
    reading = (tp.prune_conv_in_channels, tp.prune_linear_in_channels)
    for group in find_groups(net, "all"):
        producer = net.get_submodule(group.producers[0])
        theirs = graph.get_pruning_group(producer, tp.prune_conv_out_channels, idxs=[0])
        layers = [dep for dep, _ in theirs if dep.target.module in names]
        assert members(group) == {
            (names[dep.target.module], "in" if dep.handler in reading else "out") for dep in layers
        }


@pytest.mark.parametrize(("backbone", "inner", "all_"), [("mobilenet-v2", 16, 24), ("resnet-50", 32, 37)])
def test_every_size_of_the_config_has_its_group(backbone: str, inner: int, all_: int) -> None:
    net = small_net(backbone)
    groups = find_groups(net, "all")
    sizes = explicit_sizes(net)
    assert {g.entry: g.width for g in groups} == {
        (field, i): width for field, widths in sizes.items() for i, width in enumerate(widths)
    }
    assert len(groups) == all_
    inside = find_groups(net)
    assert len(inside) == inner and inside == [g for g in groups if g.entry[0] == "widths"]


def test_the_last_layer_comes_first() -> None:
    places = [group.entry[1] for group in find_groups(small_net("mobilenet-v2"))]
    assert places == sorted(places, reverse=True)


def test_the_stem_takes_the_first_blocks_depthwise_along() -> None:
    """The first block expands nothing: its depthwise convolution has the stem's channels."""
    stem = find_groups(small_net("mobilenet-v2"), "all")[-1]
    assert stem.name == "backbone.features.0.0" and "backbone.features.1.conv.0.0" in stem.carriers
    assert [consumer.layer for consumer in stem.consumers] == ["backbone.features.1.conv.1"]


def test_both_heads_read_the_last_stage_and_a_missing_head_does_not() -> None:
    last = find_groups(small_net("mobilenet-v2"), "all")[0]
    assert {c.layer: c.norm for c in last.consumers} == {
        "regression.fc1": "regression.bn", "heatmap.reduce": "heatmap.bn",
    }  # fmt: skip
    bare = build_net(NetConfig(points=5, heatmap_width=0))
    assert [c.layer for c in find_groups(bare, "all")[0].consumers] == ["regression.fc1"]
