"""Prune layer by layer, last to first, and retrain with loss_t after each step
(Appl. Sci. 2024, 14, 7153, section 3.5.2).

Every step is a training run in a folder of its own, which starts from the net just cut; so a killed
run goes on inside the step that it was in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from facekp_train.common.console import UserError, say
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.locks import alone_in
from facekp_train.common.run_files import BEST_FILE, PLAN_FILE, RECIPE_FILE
from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
from facekp_train.pipeline.widths import group_moments, narrowed, planned_widths
from facekp_train.pruning.budget import Widths
from facekp_train.pruning.cost import net_cost
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.scores import Ranking, rank
from facekp_train.pruning.settings import PruneSettings
from facekp_train.pruning.surgery import explicit_sizes
from facekp_train.training.data import TrainingData
from facekp_train.training.fit import fit
from facekp_train.training.log import Watch, unwatched
from facekp_train.training.provenance import faces_fingerprint, read_stored
from facekp_train.training.recipe import KEEP_WIDTHS, Recipe
from facekp_train.training.run_folder import copy_beside

REPORT_FILE, START_FILE = "pruning.json", "start.safetensors"


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
    settings: PruneSettings,
    *,
    fabric: Fabric,
    data: TrainingData,
    watch: Watch = unwatched,
) -> dict[str, Any]:
    """Prune a checkpoint; leaves `best.safetensors`, `pruning.json` and a folder a step in `out`.

    recipe: the retraining after each step, with its teacher; its `epochs` count for every step, and
    what it says of widths does not: every step's net is as wide as it was cut. The same call goes on
    where a killed one stopped. Returns the report. Raises UserError where `out` holds another run,
    another process is using it, or the budget is out of reach.
    """
    with alone_in(out, fabric):
        retraining = recipe.model_copy(update=KEEP_WIDTHS)
        return _Pruning(model, retraining, out, settings, fabric, data, watch).run()


@dataclass(frozen=True)
class _Pruning:
    """What all steps of one pruning share."""

    model: Path
    recipe: Recipe
    out: Path
    settings: PruneSettings
    fabric: Fabric
    data: TrainingData
    watch: Watch

    def run(self) -> dict[str, Any]:
        """Every step that is missing, the last training, the result and its report."""
        widths = self.widths()
        groups = find_groups(load_checkpoint(self.model).net, self.settings.scope)
        groups = [group for group in groups if widths[group.name] < group.width]
        at_once = self.settings.layers_per_step
        chunks = [groups[i : i + at_once] for i in range(0, len(groups), at_once)]
        reports: list[_StepReport] = []
        latest = self.model
        for number, chunk in enumerate(chunks, start=1):
            folder = self.out / f"step-{number:02}"
            report = self.cut(latest, chunk, widths, folder, number)
            latest = self.retrain(self.recipe, folder)
            reports.append(_with_figures(report, folder))
            names = ", ".join(f"{cut.group} {cut.before} -> {cut.after}" for cut in report.cuts)
            say(f"step {number} of {len(chunks)}: {names}")
        if self.settings.final_epochs:
            longer = {"epochs": self.settings.final_epochs, "init": str(latest)}
            latest = self.retrain(self.recipe.model_copy(update=longer), self.out / "final")
        return self.finish(latest, widths, reports)

    def widths(self) -> Widths:
        """The width that every group will have, decided once and kept for a resumed run."""
        plan = self.out / PLAN_FILE
        settings, model = self.settings.model_dump(mode="json"), sha256_of(self.model)
        faces = faces_fingerprint(self.recipe)
        if self.fabric.is_global_zero and not plan.is_file():
            widths = planned_widths(load_checkpoint(self.model), self.settings, self.data.train)
            made = {"settings": settings, "model": model, "faces": faces, "widths": widths}
            write_json(plan, made)
        self.fabric.barrier()
        stored = read_stored(plan, f"delete {self.out} to prune again")
        if stored["settings"] != settings or stored["model"] != model:
            raise UserError(
                f"{self.out} holds another model or was pruned by other settings ({plan}); give another --out"
            )
        if stored["faces"] != faces:
            raise UserError(
                f"{self.out} was started with other faces ({plan}); give the same, or another --out"
            )
        return stored["widths"]

    def cut(
        self, model: Path, chunk: Sequence[Group], widths: Widths, folder: Path, number: int
    ) -> _StepReport:
        """Write the net that a step starts from, and what was cut; a resumed run takes what is there."""
        start, note = folder / START_FILE, folder / "cut.json"
        if self.fabric.is_global_zero and not note.is_file():
            checkpoint = load_checkpoint(model)
            net, score, repair = checkpoint.net, self.settings.score, self.settings.repair
            moments = group_moments(net, chunk, self.settings, self.data.train)
            rankings = {group.name: rank(net, group, moments, score, repair) for group in chunk}
            smaller = narrowed(net, chunk, widths, rankings, moments, self.settings)
            cuts = [_cut_of(group, widths[group.name], rankings[group.name]) for group in chunk]
            save_checkpoint(start, smaller, checkpoint.header.model_copy(update={"net": smaller.config}))
            copy_beside(model, start)
            cost = net_cost(smaller)
            write_json(note, asdict(_StepReport(number, cuts, cost.bytes, cost.macs)))
        self.fabric.barrier()
        stored = read_stored(note, f"delete {folder} and run the same command to make the step again")
        return _StepReport(**{**stored, "cuts": [_Cut(**cut) for cut in stored["cuts"]]})

    def retrain(self, recipe: Recipe, folder: Path) -> Path:
        """Train in a folder, from the net that was cut there if there is one; returns the best net."""
        start = folder / START_FILE
        if start.is_file():
            # Statistics of the batch also mend part of a cut that nothing else mends.
            rough = self.settings.repair == "none" and recipe.bn == "auto"
            bn = {"bn": "batch"} if rough else {}
            recipe = recipe.model_copy(update={"init": str(start), **bn})
        resume = (folder / RECIPE_FILE).is_file()
        fit(recipe, folder, resume=resume, fabric=self.fabric, data=self.data, watch=self.watch)
        self.fabric.barrier()
        return folder / BEST_FILE

    def finish(self, latest: Path, widths: Widths, reports: Sequence[_StepReport]) -> dict[str, Any]:
        """Put the result where every stage has it, and the report beside it."""
        checkpoint = load_checkpoint(latest)
        cost = net_cost(checkpoint.net)
        sizes = {name: list(values) for name, values in explicit_sizes(checkpoint.net).items()}
        facts = {"bytes": cost.bytes, "macs": cost.macs, "kept": widths, **sizes}
        if self.fabric.is_global_zero:
            header = checkpoint.header.model_copy(update={"name": self.out.name})
            save_checkpoint(self.out / BEST_FILE, checkpoint.net, header)
            copy_beside(latest, self.out / BEST_FILE)
            document = {**facts, "steps": [asdict(report) for report in reports]}
            write_json(self.out / REPORT_FILE, document)
        self.fabric.barrier()
        return facts


def _cut_of(group: Group, width: int, ranking: Ranking) -> _Cut:
    error = float(ranking.errors[group.width - width]) / len(group.consumers)
    return _Cut(group.name, group.width, width, round(error, 6))


def _with_figures(report: _StepReport, folder: Path) -> _StepReport:
    rows = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    figures = json.loads(rows[-1])
    report.figures = {name: value for name, value in figures.items() if name.startswith(("nme", "failures"))}
    return report
