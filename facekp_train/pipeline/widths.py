"""The width that every group of channels keeps: without a share of it, or of least error within a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from facekp_train.batches.face_store import FaceStore
from facekp_train.batches.loader import plain_crops, spread_crops
from facekp_train.common.console import UserError
from facekp_train.networks.checkpoint import Checkpoint
from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.networks.sizes import share_of_width
from facekp_train.pipeline.latency import exported_ms
from facekp_train.pruning.budget import Widths, widths_within
from facekp_train.pruning.cost import CostModel, net_cost
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.moments import Moments, collect_moments
from facekp_train.pruning.scores import Ranking
from facekp_train.pruning.sensitivity import keypoint_errors
from facekp_train.pruning.settings import Budget, PruneSettings
from facekp_train.pruning.surgery import remove
from facekp_train.samples import evenly

_BATCH = 64
# Faces that show how far the keypoints move, for a budget.
_PROBES = 64


def planned_widths(checkpoint: Checkpoint, settings: PruneSettings, faces: FaceStore) -> Widths:
    """Channels that each group of a net keeps.

    Raises UserError where nothing is to be removed, ValueError where the budget is out of reach.
    """
    if settings.rate is not None:
        return _by_rate(checkpoint.net, settings.rate, settings)
    return _by_budget(checkpoint, Budget.parse(str(settings.budget)), settings, faces)


def group_moments(
    net: KeypointNet, groups: Iterable[Group], settings: PruneSettings, faces: FaceStore
) -> dict[str, Moments]:
    """From one pass over faces spread evenly over the store, as the crop rule cuts them."""
    layers = {consumer.layer for group in groups for consumer in group.consumers}
    batches = spread_crops(faces, settings.images, _BATCH)
    return collect_moments(net, layers, batches, share=settings.share, pairs=True)


def narrowed(
    net: KeypointNet,
    groups: Sequence[Group],
    widths: Widths,
    rankings: dict[str, Ranking],
    moments: dict[str, Moments],
    settings: PruneSettings,
) -> KeypointNet:
    """The net with every group cut to its width; the channels ranked first stay."""
    for group in groups:
        if widths[group.name] < group.width:
            keep = rankings[group.name].keep(widths[group.name])
            net = remove(net, group, keep, moments, settings.repair)
    return net


def _by_rate(net: KeypointNet, rate: float, settings: PruneSettings) -> Widths:
    """Without a share of every group's channels, to the nearest multiple of 8, at least 8."""
    groups = find_groups(net, settings.scope)
    widths = {group.name: share_of_width(group.width, 1 - rate) for group in groups}
    if _is_whole(groups, widths):
        raise UserError(
            f"--rate {rate:g} removes nothing: layers keep a multiple of 8 filters, at least 8, and the "
            "nearest is what each of them has; raise the rate"
        )
    return widths


def _by_budget(checkpoint: Checkpoint, budget: Budget, settings: PruneSettings, faces: FaceStore) -> Widths:
    net = checkpoint.net
    groups = find_groups(net, settings.scope)
    moments = group_moments(net, groups, settings, faces)
    probes = plain_crops(faces, evenly(faces.size, _PROBES))
    rankings = keypoint_errors(net, groups, moments, probes, settings.score)
    cost = net_cost(net)
    now = {"MB": cost.bytes / 1e6, "MMACs": cost.macs / 1e6}

    def milliseconds(widths: Widths) -> float:
        candidate = narrowed(net, groups, widths, rankings, moments, settings)
        taken = exported_ms(candidate, checkpoint.header)
        return now.setdefault("ms", taken) if _is_whole(groups, widths) else taken

    widths = widths_within(budget, groups, rankings, CostModel(net, groups), milliseconds)
    if _is_whole(groups, widths):
        raise UserError(
            f"there is nothing to remove: the net takes {now[budget.unit]:.3g} {budget.unit}, which is "
            f"within {budget} already; lower the budget"
        )
    return widths


def _is_whole(groups: Sequence[Group], widths: Widths) -> bool:
    return all(widths[group.name] >= group.width for group in groups)
