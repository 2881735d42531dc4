"""Prune layer by layer, last to first, and retrain with loss_t after each step
(Appl. Sci. 2024, 14, 7153, section 3.5.2).

Every step is a training run in a folder of its own, which starts from the net just cut; so a killed
run goes on inside the step that it was in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from facekp_train.batches.face_store import FaceStore
from facekp_train.batches.loader import plain_crops, spread_crops
from facekp_train.common.console import UserError, say
from facekp_train.common.files import sha256_of, write_text
from facekp_train.common.locks import alone_in
from facekp_train.networks.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.networks.sizes import share_of_width
from facekp_train.pipeline.latency import exported_ms
from facekp_train.pruning.budget import Budget, Widths, widths_within
from facekp_train.pruning.cost import CostModel, net_cost
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.moments import Moments, collect_moments
from facekp_train.pruning.scores import Ranking, rank
from facekp_train.pruning.sensitivity import keypoint_errors
from facekp_train.pruning.settings import PruneSettings
from facekp_train.pruning.surgery import explicit_sizes, remove
from facekp_train.samples import evenly
from facekp_train.training.data import TrainingData
from facekp_train.training.fit import Step, fit
from facekp_train.training.provenance import faces_fingerprint, read_stored
from facekp_train.training.recipe import AS_IT_IS, Recipe
from facekp_train.training.run_folder import BEST_FILE, RECIPE_FILE

REPORT_FILE, PLAN_FILE, START_FILE = "pruning.json", "widths.json", "start.safetensors"
_BATCH = 64
# Faces that show how far the keypoints move, for a budget.
_PROBES = 64


@dataclass
class _Cut:
    """One layer of one step: widths before and after, and the share of its readers' energy that went."""

    group: str
    before: int
    after: int
    error: float


@dataclass
class _StepReport:
    """One step: what was cut, and how good the net is after its retraining."""

    step: int
    cuts: list[_Cut]
    bytes: int
    macs: int
    figures: dict[str, Any] = field(default_factory=dict)


def prune(
    model: Path,
    recipe: Recipe,
    out: Path,
    how: PruneSettings,
    *,
    fabric: Fabric,
    data: TrainingData,
    on_step: Callable[[Step], None] = lambda _step: None,
) -> dict[str, Any]:
    """Prune a checkpoint; leaves `best.safetensors`, `pruning.json` and a folder a step in `out`.

    recipe: the retraining after each step, with its teacher; its `epochs` count for every step, and
    what it says of widths does not: every step's net is as wide as it was cut. The same call goes on
    where a killed one stopped. Returns the report. Raises UserError where `out` holds another run,
    another process is at it, or the budget is out of reach.
    """
    with alone_in(out, fabric):
        return _prune(model, recipe.model_copy(update=AS_IT_IS), out, how, fabric, data, on_step)


def _prune(
    model: Path,
    recipe: Recipe,
    out: Path,
    how: PruneSettings,
    fabric: Fabric,
    data: TrainingData,
    on_step: Callable[[Step], None],
) -> dict[str, Any]:
    widths = _planned(model, out, how, data.train, faces_fingerprint(recipe), fabric)
    groups = [g for g in find_groups(load_checkpoint(model).net, how.scope) if widths[g.name] < g.width]
    reports: list[_StepReport] = []
    latest = model
    chunks = [groups[i : i + how.layers_per_step] for i in range(0, len(groups), how.layers_per_step)]
    for number, chunk in enumerate(chunks, start=1):
        folder = out / f"step-{number:02}"
        report = _cut(latest, chunk, widths, folder, how, data.train, fabric, number)
        latest = _retrain(recipe, folder, fabric, data, on_step)
        reports.append(_with_figures(report, folder))
        names = ", ".join(f"{cut.group} {cut.before} -> {cut.after}" for cut in report.cuts)
        say(f"step {number} of {len(chunks)}: {names}")
    if how.final_epochs:
        final = recipe.model_copy(update={"epochs": how.final_epochs})
        latest = _retrain(
            final.model_copy(update={"init": str(latest)}), out / "final", fabric, data, on_step
        )
    return _finished(latest, out, widths, reports, fabric)


def _planned(
    model: Path, out: Path, how: PruneSettings, faces: FaceStore, fingerprint: str, fabric: Fabric
) -> Widths:
    """The width that every group will have, decided once and kept for a resumed run."""
    plan = out / PLAN_FILE
    settings = how.model_dump(mode="json")
    if fabric.is_global_zero and not plan.is_file():
        checkpoint = load_checkpoint(model)
        widths = _by_rate(checkpoint.net, how) if how.rate is not None else _by_budget(checkpoint, how, faces)
        made = {"settings": settings, "model": sha256_of(model), "faces": fingerprint, "widths": widths}
        write_text(plan, json.dumps(made, indent=2))
    fabric.barrier()
    stored = read_stored(plan, f"delete {out} to prune anew")
    if stored["settings"] != settings or stored["model"] != sha256_of(model):
        raise UserError(
            f"{out} holds another model or was pruned by other settings ({plan}); give another --out"
        )
    if stored["faces"] != fingerprint:
        raise UserError(f"{out} was begun with other faces ({plan}); give the same, or another --out")
    return stored["widths"]


def _by_rate(net: KeypointNet, how: PruneSettings) -> Widths:
    """Without a share of every group's channels, to the nearest multiple of 8, at least 8."""
    assert how.rate is not None
    groups = find_groups(net, how.scope)
    widths = {group.name: share_of_width(group.width, 1 - how.rate) for group in groups}
    if _is_whole(groups, widths):
        raise UserError(
            f"--rate {how.rate:g} removes nothing: layers keep a multiple of 8 filters, at least 8, and the "
            "nearest is what each of them has; raise the rate"
        )
    return widths


def _is_whole(groups: Sequence[Group], widths: Widths) -> bool:
    return all(widths[group.name] >= group.width for group in groups)


def _by_budget(checkpoint: Checkpoint, how: PruneSettings, faces: FaceStore) -> Widths:
    assert how.budget is not None
    net = checkpoint.net
    groups = find_groups(net, how.scope)
    moments = _moments(net, groups, how, faces)
    probes = plain_crops(faces, evenly(faces.size, _PROBES))
    rankings = keypoint_errors(net, groups, moments, probes, how.score)
    cost = net_cost(net)
    now = {"MB": cost.bytes / 1e6, "MMACs": cost.macs / 1e6}

    def milliseconds(widths: Widths) -> float:
        taken = exported_ms(_without(net, groups, widths, rankings, moments, how), checkpoint.header)
        return now.setdefault("ms", taken) if _is_whole(groups, widths) else taken

    budget = Budget.parse(how.budget)
    widths = widths_within(budget, groups, rankings, CostModel(net, groups), milliseconds)
    if _is_whole(groups, widths):
        raise UserError(
            f"nothing is to be removed: the net takes {now[budget.unit]:.3g} {budget.unit}, which is within "
            f"{budget} already; lower the budget"
        )
    return widths


def _moments(
    net: KeypointNet, groups: Sequence[Group], how: PruneSettings, faces: FaceStore
) -> dict[str, Moments]:
    """From one pass over faces spread evenly over the store, as the crop rule cuts them."""
    layers = {consumer.layer for group in groups for consumer in group.consumers}
    batches = spread_crops(faces, how.images, _BATCH)
    return collect_moments(net, layers, batches, share=how.share, pairs=True)


def _without(
    net: KeypointNet,
    groups: Sequence[Group],
    widths: Widths,
    rankings: dict[str, Ranking],
    moments: dict[str, Moments],
    how: PruneSettings,
) -> KeypointNet:
    for group in groups:
        if widths[group.name] < group.width:
            net = remove(net, group, rankings[group.name].keep(widths[group.name]), moments, how.repair)
    return net


def _cut(
    model: Path,
    chunk: Sequence[Group],
    widths: Widths,
    folder: Path,
    how: PruneSettings,
    faces: FaceStore,
    fabric: Fabric,
    number: int,
) -> _StepReport:
    """Write the net that a step starts from, and what was cut; a resumed run takes what is there."""
    start, told = folder / START_FILE, folder / "cut.json"
    if fabric.is_global_zero and not told.is_file():
        checkpoint = load_checkpoint(model)
        net = checkpoint.net
        moments = _moments(net, chunk, how, faces)
        rankings = {group.name: rank(net, group, moments, how.score, how.repair) for group in chunk}
        smaller = _without(net, chunk, widths, rankings, moments, how)
        cuts = [_cut_of(group, widths[group.name], rankings[group.name]) for group in chunk]
        save_checkpoint(start, smaller, checkpoint.header.model_copy(update={"net": smaller.config}))
        cost = net_cost(smaller)
        write_text(told, json.dumps(asdict(_StepReport(number, cuts, cost.bytes, cost.macs))))
    fabric.barrier()
    stored = read_stored(told, f"delete {folder}, and the same line makes the step anew")
    return _StepReport(**{**stored, "cuts": [_Cut(**cut) for cut in stored["cuts"]]})


def _cut_of(group: Group, width: int, ranking: Ranking) -> _Cut:
    error = float(ranking.errors[group.width - width]) / len(group.consumers)
    return _Cut(group.name, group.width, width, round(error, 6))


def _retrain(
    recipe: Recipe, folder: Path, fabric: Fabric, data: TrainingData, on_step: Callable[[Step], None]
) -> Path:
    start = folder / START_FILE
    if start.is_file():
        recipe = recipe.model_copy(update={"init": str(start)})
    resume = (folder / RECIPE_FILE).is_file()
    fit(recipe, folder, resume=resume, fabric=fabric, data=data, on_step=on_step)
    fabric.barrier()
    return folder / BEST_FILE


def _with_figures(report: _StepReport, folder: Path) -> _StepReport:
    rows = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    figures = json.loads(rows[-1])
    report.figures = {name: value for name, value in figures.items() if name.startswith(("nme", "failures"))}
    return report


def _finished(
    latest: Path, out: Path, widths: Widths, reports: Sequence[_StepReport], fabric: Fabric
) -> dict[str, Any]:
    """Put the result where every stage has it, and the report beside it."""
    checkpoint = load_checkpoint(latest)
    cost = net_cost(checkpoint.net)
    sizes = {name: list(values) for name, values in explicit_sizes(checkpoint.net).items()}
    facts = {"bytes": cost.bytes, "macs": cost.macs, "kept": widths, **sizes}
    if fabric.is_global_zero:
        header = checkpoint.header.model_copy(update={"name": out.name})
        save_checkpoint(out / BEST_FILE, checkpoint.net, header)
        document = {**facts, "steps": [asdict(report) for report in reports]}
        write_text(out / REPORT_FILE, json.dumps(document, indent=2))
    fabric.barrier()
    return facts
