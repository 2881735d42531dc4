"""A net without some channels answers as one that ignores them, and rebuilds from its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from facekp_train.networks.mobilenet import hidden_widths, stage_channels
from facekp_train.networks.sizes import share_of_width
from facekp_train.pruning.choices import Repair
from facekp_train.pruning.cost import CostModel, net_cost
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.moments import Moments, collect_moments
from facekp_train.pruning.narrow import narrowed
from facekp_train.pruning.repair import errors_after_repair, least_squares
from facekp_train.pruning.scores import rank
from facekp_train.pruning.surgery import explicit_sizes, masked, remove
from tests.support.models.pruning_nets import demo_crops, small_net, trained_net


def answers(net: KeypointNet, crops: Tensor) -> Tensor:
    """Keypoints and heatmaps, in one row a face."""
    with torch.inference_mode():
        features = net.features(crops)
        parts = [net.regression(features)]
        if net.heatmap is not None:
            parts.append(net.heatmap(features).flatten(1))
    return torch.cat(parts, 1)


def moments_of(net: KeypointNet, crops: Tensor, pairs: bool = True) -> dict[str, Moments]:
    layers = [c.layer for g in find_groups(net, "all") for c in g.consumers]
    return collect_moments(net, layers, crops.split(4), share=1, pairs=pairs)


def some(width: int, seed: int = 0) -> Tensor:
    """About half of the channels, at random."""
    random = torch.Generator().manual_seed(seed)
    return torch.randperm(width, generator=random)[: (width + 1) // 2]


@pytest.mark.parametrize("repair", get_args(Repair))
@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_masked_equals_removed_for_every_group(backbone: str, repair: Repair) -> None:
    net, crops = small_net(backbone), demo_crops(4, 64)
    moments = moments_of(net, crops)
    whole = answers(net, crops)
    for group in find_groups(net, "all"):
        keep = some(group.width)
        ignoring = answers(masked(net, group, keep, moments, repair), crops)
        assert torch.allclose(answers(remove(net, group, keep, moments, repair), crops), ignoring, atol=1e-5)
        # So few positions are repaired exactly, so that nothing need change then.
        assert repair == "lstsq" or not torch.allclose(ignoring, whole, atol=1e-5), group.name


def test_masked_equals_removed_on_trained_weights() -> None:
    net, crops = trained_net(), demo_crops(2, 64)
    for group in find_groups(net, "all"):
        keep = some(group.width)
        ignoring = answers(masked(net, group, keep), crops)
        smaller = remove(net, group, keep)
        assert torch.allclose(answers(smaller, crops), ignoring, atol=1e-5)


def test_all_groups_at_once_and_the_net_given_stays_as_it_was() -> None:
    net, crops = small_net("mobilenet-v2"), demo_crops(4, 64)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    ignoring = smaller = net
    for group in find_groups(net, "all"):
        keep = some(group.width)
        ignoring, smaller = masked(ignoring, group, keep), remove(smaller, group, keep)
    assert torch.allclose(answers(smaller, crops), answers(ignoring, crops), atol=1e-5)
    halves = {field: tuple((w + 1) // 2 for w in ws) for field, ws in explicit_sizes(net).items()}
    assert explicit_sizes(smaller) == halves
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())


def test_constant_channels_cost_nothing_once_their_constant_is_taken_over() -> None:
    """A dead filter's BN still passes its shift (arXiv 1802.00124); the heads' mean keeps it."""
    net = small_net("mobilenet-v2")
    crops = demo_crops(4, 64)
    group = next(g for g in find_groups(net) if g.entry == ("widths", 8))
    dead = [1, 4, 5]
    last = net.get_submodule(group.carriers[-1])
    state = {name: t.clone() for name, t in net.state_dict().items()}
    with torch.no_grad():
        last.weight[dead] = 0  # type: ignore[index]
        last.bias[dead] = 0.7  # type: ignore[index]
    try:
        moments = moments_of(net, crops)
        before = answers(net, crops)
        keep = torch.tensor([i for i in range(group.width) if i not in dead])
        assert torch.allclose(answers(remove(net, group, keep, moments, "mean"), crops), before, atol=1e-9)
        assert not torch.allclose(answers(remove(net, group, keep, moments), crops), before, atol=1e-4)
        for score in ("centred", "greedy"):
            assert set(rank(net, group, moments, score, "mean").order[:3].tolist()) == set(dead)
    finally:
        net.load_state_dict(state)


@pytest.mark.slow
def test_least_squares_repairs() -> None:
    """On images that it has not seen the repaired net stays closer to the whole one."""
    net = trained_net()
    views = demo_crops(48)
    seen, unseen = views[:40], views[40:]
    drift = {}
    for repair in ("mean", "lstsq"):
        cut = net
        for group in find_groups(net)[::5]:
            layers = [c.layer for c in group.consumers]
            moments = collect_moments(cut, layers, seen.split(8), share=0.2, pairs=True)
            keep = rank(cut, group, moments, "greedy", repair).keep(share_of_width(group.width, 0.25))
            cut = remove(cut, group, keep, moments, repair)
        drift[repair] = float((answers(cut, unseen) - answers(net, unseen))[:, :136].abs().mean())
    assert drift["lstsq"] < 0.8 * drift["mean"]


def test_least_squares_bear_channels_that_hardly_vary() -> None:
    """Their covariance is a difference of large numbers, and rounding may leave it indefinite."""
    random = torch.Generator().manual_seed(0)
    values = 3e-3 + 1e-8 * torch.randn(500, 16, generator=random, dtype=torch.float64)
    mean = values.mean(0)
    covariance = values.T @ values / 500 - torch.outer(mean, mean) - 1e-13 * torch.eye(16)
    weight = torch.randn(4, 16, generator=random, dtype=torch.float64)
    lost = errors_after_repair(weight[..., None], covariance, torch.arange(16))
    assert torch.isfinite(lost).all() and lost.diff().min() >= 0
    assert torch.isfinite(least_squares(weight, covariance, torch.arange(8))).all()


@given(width=st.integers(1, 3000), rate=st.floats(0, 0.999))
def test_kept_widths_are_multiples_of_eight(width: int, rate: float) -> None:
    kept = share_of_width(width, 1 - rate)
    assert 1 <= kept <= width
    assert kept % 8 == 0 or kept == width
    assert abs(kept - width * (1 - rate)) <= 8 or kept == min(width, 8)


def test_rate_three_quarters_is_the_papers_quarter_model() -> None:
    """Expansion filters alone, block outputs untouched: 2.3 MB and 28 M MACs of 7.7 MB and 91 M."""
    net = build_net(NetConfig())
    whole = net_cost(net)
    assert (whole.bytes / 1e6, whole.macs / 1e6) == pytest.approx((7.65, 91.4), abs=0.05)
    for group in find_groups(net):
        net = remove(net, group, torch.arange(share_of_width(group.width, 0.25)))
    assert net.config.widths == hidden_widths(0.25) and net.config.channels == stage_channels()
    cost = net_cost(net)
    assert (cost.bytes / 1e6, cost.macs / 1e6) == pytest.approx((2.27, 27.7), abs=0.05)


@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_the_cost_model_counts_what_the_smaller_net_costs(backbone: str) -> None:
    net = small_net(backbone)
    groups = find_groups(net, "all")
    model = CostModel(net, groups)
    assert model({}) == net_cost(net)
    widths = {}
    cut = net
    for group in groups[::2]:
        widths[group.name] = (group.width + 1) // 2
        cut = remove(cut, group, some(group.width))
    assert model(widths) == net_cost(cut)


@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_a_pruned_net_rebuilds_from_its_checkpoint_and_is_pruned_again(backbone: str, tmp_path: Path) -> None:
    net, crops = small_net(backbone), demo_crops(4, 64)
    for turn in range(2):
        for group in find_groups(net, "all")[turn::2]:
            net = remove(net, group, some(group.width, seed=turn))
        file = tmp_path / f"{turn}.safetensors"
        save_checkpoint(file, net, CheckpointHeader(net=net.config))
        again = load_checkpoint(file).net
        assert again.config == net.config
        assert torch.allclose(answers(again, crops), answers(net.float(), crops), atol=1e-6)
        net = again
        assert {g.entry: g.width for g in find_groups(net, "all")} == {
            (field, i): w for field, ws in explicit_sizes(net).items() for i, w in enumerate(ws)
        }


@pytest.mark.parametrize("keep", [[], [0, 0], [-1, 2], [0, 99999]])
def test_channels_that_are_not_there_are_refused(keep: list[int]) -> None:
    net = small_net("mobilenet-v2")
    with pytest.raises(ValueError, match="keeps between"):
        remove(net, find_groups(net)[0], torch.tensor(keep, dtype=torch.int64))


@pytest.mark.parametrize("repair", ["mean", "lstsq"])
def test_repair_without_moments_is_refused(repair: Repair) -> None:
    net = small_net("mobilenet-v2")
    with pytest.raises(ValueError, match=f"'{repair}' needs moments"):
        remove(net, find_groups(net)[0], torch.arange(8), repair=repair)


@pytest.mark.parametrize("backbone", ["mobilenet-v2", "resnet-50"])
def test_narrowing_keeps_the_loudest_and_nothing_changes_at_full_width(backbone: str) -> None:
    net = small_net(backbone)
    same = narrowed(net, net.config)
    assert all(torch.equal(t, same.state_dict()[name]) for name, t in net.state_dict().items())
    sizes = explicit_sizes(net)
    config = net.config.model_copy(update={"widths": (sizes["widths"][0] - 1, *sizes["widths"][1:])})
    group = next(g for g in find_groups(net) if g.entry == ("widths", 0))
    last = net.get_submodule(group.carriers[-1])
    assert isinstance(last, torch.nn.BatchNorm2d)
    loud = last.weight.detach().clone()
    try:
        with torch.no_grad():
            last.weight[5] = 0
        start = narrowed(net, config)
    finally:
        with torch.no_grad():
            last.weight.copy_(loud)
    assert start.config.widths == config.widths
    kept = start.get_submodule(group.producers[0]).weight
    whole = net.get_submodule(group.producers[0]).weight
    assert torch.equal(kept, whole[[i for i in range(group.width) if i != 5]])  # type: ignore[arg-type,index]


def test_a_net_cannot_be_widened() -> None:
    net = small_net("mobilenet-v2")
    with pytest.raises(ValueError, match="none can be added"):
        narrowed(net, net.config.model_copy(update={"widths": None, "channels": None}))
