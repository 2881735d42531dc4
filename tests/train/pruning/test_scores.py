"""Closed-form scores equal what removing the filter and running the net again shows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from facekp_train.commands.prune import prune as prune_command
from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.pruning.choices import Repair, Score
from facekp_train.pruning.groups import Consumer, Group, find_groups
from facekp_train.pruning.moments import Moments, collect_moments
from facekp_train.pruning.scores import filter_scores, group_scores, pair_scores, rank
from facekp_train.pruning.settings import PruneSettings
from facekp_train.pruning.surgery import remove
from tests.support.models.pruning_nets import demo_crops, small_net, trained_net


def answer(net: KeypointNet, consumer: Consumer, crops: Tensor, silent: list[int] | None = None) -> Tensor:
    """What the BN after a layer says, [positions, outputs]; `silent` inputs of the layer are nought."""
    said: list[Tensor] = []
    layer, norm = net.get_submodule(consumer.layer), net.get_submodule(consumer.norm or consumer.layer)

    def silence(_layer: object, inputs: tuple[Tensor]) -> tuple[Tensor]:
        x = inputs[0].clone()
        x[:, silent] = 0
        return (x,)

    hooks = [norm.register_forward_hook(lambda _m, _i, out: said.append(out.clone()))]
    if silent is not None:
        hooks.append(layer.register_forward_pre_hook(silence))
    with torch.inference_mode():
        net(crops)
    for hook in hooks:
        hook.remove()
    return said[0].movedim(1, -1).flatten(0, -2)


def change(before: Tensor, after: Tensor) -> float:
    """Mean over positions of the squared L2 change."""
    return float((before - after).square().sum(1).mean())


def moments_of(net: KeypointNet, consumer: Consumer, crops: Tensor, pairs: bool = False) -> Moments:
    return collect_moments(net, [consumer.layer], crops.split(2), share=1, pairs=pairs)[consumer.layer]


def all_but(width: int, gone: list[int]) -> Tensor:
    return torch.tensor([i for i in range(width) if i not in gone])


def group_at(net: KeypointNet, entry: tuple[str, int]) -> Group:
    return next(g for g in find_groups(net, "all") if g.entry == entry)


# First block, a stride-2 block in the middle, the last block, and the stem.
@pytest.mark.parametrize("entry", [("widths", 0), ("widths", 5), ("widths", 15), ("channels", 0)])
def test_score_of_a_pointwise_reader_equals_removal(entry: tuple[str, int]) -> None:
    net, crops = trained_net(), demo_crops(4)
    group = group_at(net, entry)
    consumer = group.consumers[0]
    scores = filter_scores(net, consumer, moments_of(net, consumer, crops))
    before, measured = answer(net, consumer, crops), 0.0
    for i in (0, int(scores.median(0).indices), int(scores.argmax())):
        smaller = remove(net, group, all_but(group.width, [i]))
        measured = change(before, answer(smaller, consumer, crops))
        assert float(scores[i]) == pytest.approx(measured, rel=1e-6)
    assert measured > 0


@pytest.mark.parametrize("block", [2, 7, 17])
def test_score_of_a_depthwise_reader_equals_removal(block: int) -> None:
    """Stride 1 and 2: the border is TF's."""
    net, crops = trained_net(), demo_crops(4)
    prefix = f"backbone.features.{block}.conv.1"
    consumer = Consumer(f"{prefix}.0", f"{prefix}.1")
    scores = filter_scores(net, consumer, moments_of(net, consumer, crops))
    before = answer(net, consumer, crops)
    for i in range(0, len(scores), len(scores) // 5):
        measured = change(before, answer(net, consumer, crops, silent=[i]))
        assert float(scores[i]) == pytest.approx(measured, rel=1e-6)


# A 3x3 reader with stride 1, with stride 2, a 1x1 reader, and the stem read by two 1x1 layers.
@pytest.mark.parametrize("entry", [("widths", 0), ("widths", 6), ("widths", 31), ("channels", 0)])
def test_score_of_resnets_readers_equals_removal(entry: tuple[str, int]) -> None:
    net, crops = small_net("resnet-50"), demo_crops(4, 64)
    group = group_at(net, entry)
    for consumer in group.consumers:
        scores = filter_scores(net, consumer, moments_of(net, consumer, crops))
        before = answer(net, consumer, crops)
        for i in range(group.width):
            smaller = remove(net, group, all_but(group.width, [i]))
            measured = change(before, answer(smaller, consumer, crops))
            assert float(scores[i]) == pytest.approx(measured, rel=1e-6, abs=1e-18)


@pytest.mark.parametrize(
    ("make", "size", "entry"),
    [
        (trained_net, 128, ("widths", 5)),
        (lambda: small_net("resnet-50"), 64, ("widths", 6)),
        (lambda: small_net("resnet-50"), 64, ("channels", 4)),
    ],
)
def test_score_of_a_set_equals_its_removal(
    make: Callable[[], KeypointNet], size: int, entry: tuple[str, int]
) -> None:
    net, crops = make(), demo_crops(4, size)
    group = group_at(net, entry)
    consumer = group.consumers[0]
    pairs = pair_scores(net, consumer, moments_of(net, consumer, crops, pairs=True))
    gone = list(range(0, group.width, 3))
    measured = change(answer(net, consumer, crops), answer(net, consumer, crops, silent=gone))
    assert float(pairs[gone][:, gone].sum()) == pytest.approx(measured, rel=1e-6)


@pytest.mark.parametrize("repair", get_args(Repair))
@pytest.mark.parametrize("how", get_args(Score))
def test_a_rankings_errors_are_those_of_surgery(how: Score, repair: Repair) -> None:
    """After the first m channels have gone, the energy that is missing is the ranking's error times the
    layer's own: about zero where nothing is repaired, else about the mean, which then is as it was."""
    net, crops = trained_net(), demo_crops(4)
    group = group_at(net, ("widths", 9))
    consumer = group.consumers[0]
    moments = {consumer.layer: moments_of(net, consumer, crops, pairs=True)}
    ranking = rank(net, group, moments, how, repair)
    before = answer(net, consumer, crops)
    nothing = answer(net, consumer, crops, silent=list(range(group.width)))
    energy = change(before, nothing if repair == "none" else before.mean(0))
    tolerance = 1e-5 if repair == "lstsq" else 0
    for width in (group.width // 2, group.width // 8):
        smaller = remove(net, group, ranking.keep(width), moments, repair)
        after = answer(smaller, consumer, crops)
        missing = change(before, after) / energy
        # The ridge that keeps the least squares solvable costs some digits.
        assert float(ranking.errors[group.width - width]) == pytest.approx(missing, rel=1e-6, abs=tolerance)
        assert torch.allclose(before.mean(0), after.mean(0), atol=1e-9) == (repair != "none")
    assert float(ranking.errors[-1]) == pytest.approx(1, rel=1e-6)


def test_the_paper_removes_the_lowest_scores_and_greedy_beats_it() -> None:
    net, crops = trained_net(), demo_crops(4)
    group = group_at(net, ("widths", 12))
    consumer = group.consumers[0]
    moments = {consumer.layer: moments_of(net, consumer, crops, pairs=True)}
    scores = group_scores(net, group, moments)
    paper, greedy = (rank(net, group, moments, how, "mean") for how in ("paper", "greedy"))
    half = group.width // 2
    gone = set(range(group.width)) - set(paper.keep(half).tolist())
    assert max(float(scores[i]) for i in gone) <= float(scores[paper.keep(half)].min())
    assert float(greedy.errors[half]) < 0.9 * float(paper.errors[half])


def test_the_greedy_choice_loses_least_once_the_mean_is_kept() -> None:
    """What is lost then is the variance, which the paper's energies do not rank by."""
    net, crops = trained_net(), demo_crops(8)
    for entry in (("widths", 3), ("widths", 9), ("widths", 15)):
        group = group_at(net, entry)
        layer = group.consumers[0].layer
        moments = collect_moments(net, [layer], crops.split(4), share=0.2, pairs=True)
        third = round(0.3 * group.width)
        lost = {how: float(rank(net, group, moments, how, "mean").errors[third]) for how in get_args(Score)}
        # Filters lost together lose more than each alone, which only the greedy choice knows.
        assert lost["greedy"] < min(lost["centred"], lost["paper"])


@pytest.mark.parametrize("entry", [("widths", 0), ("widths", 5), ("widths", 15), ("channels", 0)])
def test_the_centred_score_equals_removal_that_keeps_the_mean(entry: tuple[str, int]) -> None:
    """The brute force: the net runs without each filter, and the mean change is taken back."""
    net, crops = trained_net(), demo_crops(4)
    group = group_at(net, entry)
    consumer = group.consumers[0]
    moments = {consumer.layer: moments_of(net, consumer, crops, pairs=True)}
    scores = filter_scores(net, consumer, moments[consumer.layer], centred=True)
    before, measured = answer(net, consumer, crops), 0.0
    for i in (0, int(scores.median(0).indices), int(scores.argmax())):
        lost = before - answer(net, consumer, crops, silent=[i])
        measured = change(lost, lost.mean(0))
        assert float(scores[i]) == pytest.approx(measured, rel=1e-6)
        smaller = remove(net, group, all_but(group.width, [i]), moments, "mean")
        assert change(before, answer(smaller, consumer, crops)) == pytest.approx(measured, rel=1e-6)
    assert measured > 0
    energy = change(before, before.mean(0))
    torch.testing.assert_close(group_scores(net, group, moments, centred=True), scores / energy)


def test_the_papers_removal_without_repair_is_silence() -> None:
    """`paper` and `none`: the channels are nought and nothing takes their place, moments or not."""
    net, crops = trained_net(), demo_crops(2)
    group = group_at(net, ("widths", 7))
    consumer = group.consumers[0]
    moments = {consumer.layer: moments_of(net, consumer, crops, pairs=True)}
    ranking = rank(net, group, moments, "paper", "none")
    scores = filter_scores(net, consumer, moments[consumer.layer])
    # Those that never answer cost nothing, in any order.
    torch.testing.assert_close(scores[ranking.order], scores.sort().values)
    keep = ranking.keep(group.width // 2)
    silent = [i for i in range(group.width) if i not in set(keep.tolist())]
    wanted = answer(net, consumer, crops, silent=silent)
    for known in (moments, None):
        smaller = remove(net, group, keep, known, "none")
        torch.testing.assert_close(answer(smaller, consumer, crops), wanted)


def test_the_defaults_are_the_best_and_the_command_has_the_same() -> None:
    """docs/guides/compress.md names them; docs/results/pruning.md shows why."""
    settings = PruneSettings(rate=0.5)
    assert (settings.score, settings.repair) == ("greedy", "lstsq")
    options = inspect.signature(prune_command).parameters
    assert all(options[name].default == getattr(settings, name) for name in ("score", "repair"))


def test_five_percent_of_the_positions_rank_alike() -> None:
    net, crops = trained_net(), demo_crops(8)
    group = group_at(net, ("widths", 3))
    layer = group.consumers[0].layer
    sampled, whole = (
        group_scores(net, group, collect_moments(net, [layer], crops.split(4), share=share))
        for share in (0.05, 1.0)
    )
    ranks = torch.stack([s.argsort().argsort().double() for s in (sampled, whole)])
    assert float(torch.corrcoef(ranks)[0, 1]) > 0.95


def test_moments_do_not_depend_on_the_batches_and_leave_the_net_alone() -> None:
    net, crops = small_net("mobilenet-v2"), demo_crops(6, 64)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    net.train()
    try:
        layers = [c.layer for g in find_groups(net, "all") for c in g.consumers]
        one, many = (collect_moments(net, layers, crops.split(n), share=1, pairs=True) for n in (6, 1))
        assert net.training
    finally:
        net.eval()
    assert "heatmap.reduce" in one and not any(m._forward_pre_hooks for m in net.modules())
    for name, moments in one.items():
        assert moments.count == many[name].count
        assert moments.pairs is not None and many[name].pairs is not None
        assert torch.allclose(moments.pairs, many[name].pairs)  # type: ignore[arg-type]
        assert torch.allclose(moments.total, many[name].total)
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())


def test_no_images_and_no_positions_are_refused() -> None:
    net = small_net("mobilenet-v2")
    layer = find_groups(net)[0].consumers[0].layer
    with pytest.raises(ValueError, match="no images"):
        collect_moments(net, [layer], [])
    with pytest.raises(ValueError, match="share"):
        collect_moments(net, [layer], demo_crops(2, 64).split(2), share=0)
