"""A cell: one method trained without one fold and measured on it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.console import UserError, say
from facekp_train.crop import CropRule
from facekp_train.pruning.settings import PruneSettings
from facekp_train.studies.faces import FaceFolds, FoldedFaces
from facekp_train.studies.jobs import StudyJob
from facekp_train.studies.methods import Method, Methods, Spending
from facekp_train.training.recipe import Recipe, make_recipe

# Raised when a cell's figures are made in another way, so that old ones are not taken for new.
_VERSION = 1


DECIDED = frozenset({"name", "seed", "init", "teacher", "lambda_rh", "lambda_dp"})
"""Settings of a recipe that the methods, folds and options of a study decide, whatever a user sets."""


@dataclass(frozen=True)
class CellPlan:
    """What all cells of a command share. assignments: `--set KEY=VALUE`. fingerprint: the data's.
    work: the folder of the cells' folders."""

    spending: Spending
    faces: FaceFolds
    fingerprint: str
    points: int
    assignments: tuple[str, ...]
    accelerator: str
    work: Path


@dataclass(frozen=True)
class Cell:
    """A method on a fold, under a plan."""

    plan: CellPlan
    method: Method
    fold: int

    @property
    def key(self) -> str:
        """Names everything that decides the cell's figures, its teacher's and its start's included."""
        recipe = self.recipe().shareable()
        decisive = {
            "version": _VERSION,
            # Where files lie decides nothing; what is in them, the other keys say.
            "recipe": {k: v for k, v in recipe.items() if k not in ("name", "data", "init", "teacher")},
            "faces": [self.plan.fingerprint, self.fold],
            "pruning": self.pruning and self.pruning.model_dump(mode="json"),
            "needs": {role: cell.key for role, cell in self._roles().items()},
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """The cell's own folder."""
        name = re.sub(r"[^a-z0-9.]+", "-", self.method.name.lower()).strip("-")
        return self.plan.work / f"{name}-fold{self.fold + 1}-{self.key}"

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.method.name}, fold {self.fold + 1}"

    @property
    def checkpoint(self) -> Path:
        """The trained net, the last epoch's; a pruned one's retraining is one epoch a step."""
        return self.folder / "run" / ("last.safetensors" if self.pruning is None else "best.safetensors")

    @property
    def pruning(self) -> PruneSettings | None:
        """How the cell's net is pruned, if it is."""
        if self.method.rate is None:
            return None
        return PruneSettings(rate=self.method.rate, layers_per_step=self.plan.spending.layers_per_step)

    @property
    def depth(self) -> int:
        """How many cells must be finished one after the other before this one."""
        return 1 + max((cell.depth for cell in self._roles().values()), default=-1)

    def needs(self) -> list[Cell]:
        """The cells that this one builds on, and theirs."""
        direct = self._roles().values()
        return [*direct, *(below for cell in direct for below in cell.needs())]

    def tidy(self) -> None:
        """Leave out what a finished cell needs no more: the states of training, several times the net."""
        from facekp_train.training.run_folder import STATE_FILE

        for state in (self.folder / "run").rglob(STATE_FILE):
            state.unlink()

    def job(self) -> StudyJob:
        """The cell as a job."""
        return StudyJob(self.name, self.key, self.folder / "result.json", run_cell, (self,))

    def recipe(self) -> Recipe:
        """How the cell is trained: the spending, what the user set, then what makes the method.

        Raises UserError where a setting is wrong.
        """
        plan, spending = self.plan, self.plan.spending
        faces = {"data": list(plan.faces.data), "split": plan.faces.split, "points": plan.points}
        common = make_recipe(spending.recipe, {**spending.settings, **faces}, list(plan.assignments))
        own = {
            **self.method.settings,
            "name": f"{spending.name} study",
            "seed": plan.faces.seed + self.fold + 1000 * self.method.chance,
            "init": str(self.started_from.checkpoint) if self.started_from else None,
            "teacher": str(self.taught_by.checkpoint) if self.taught_by else None,
        }
        return make_recipe("paper", {**common.model_dump(), **own}, [])

    @property
    def started_from(self) -> Cell | None:
        """The cell whose net this one goes on from."""
        return self.method.start and Cell(self.plan, self.method.start, self.fold)

    @property
    def taught_by(self) -> Cell | None:
        """The cell whose net supervises this one."""
        return self.method.teacher and Cell(self.plan, self.method.teacher, self.fold)

    def _roles(self) -> dict[str, Cell]:
        roles = {"start": self.started_from, "teacher": self.taught_by}
        return {role: cell for role, cell in roles.items() if cell is not None}


def check_settings(plan: CellPlan) -> None:
    """Raise UserError where a user's settings are wrong, before anything is trained."""
    named = {setting.partition("=")[0].strip() for setting in plan.assignments}
    if refused := sorted(named & DECIDED):
        raise UserError(f"a study itself decides {', '.join(refused)}; leave --set {refused[0]} out")
    if not Cell(plan, Methods(plan.spending).joint(), 0).recipe().heatmap_width:
        raise UserError("heatmap_width=0 leaves no heatmaps to study; leave it out")


def run_cell(cell: Cell) -> dict[str, Any]:
    """Train, or go on training, and measure. Raises ValueError where the data are other than planned."""
    faces = cell.plan.faces.load()
    if faces.fingerprint() != cell.plan.fingerprint:
        raise ValueError(f"{', '.join(cell.plan.faces.data)} changed since the study began; start it again")
    _train(cell, faces)
    return _measure(cell, faces)


def _train(cell: Cell, faces: FoldedFaces) -> None:
    from facekp_train.batches.face_store import FaceStore
    from facekp_train.pipeline.layerwise import prune
    from facekp_train.training.data import TrainingData
    from facekp_train.training.fit import Step, fit
    from facekp_train.training.launch import launch
    from facekp_train.training.run_folder import RECIPE_FILE

    recipe, out = cell.recipe(), cell.folder / "run"
    rule = CropRule(size=recipe.size)
    learnt, watched = faces.training(cell.fold)
    data = TrainingData(
        FaceStore(learnt, recipe.points, rule, recipe.box_source == "listed"),
        FaceStore(watched, recipe.points, rule, prefer_listed=True),
        None,
    )

    def report(step: Step) -> None:
        if step.step == step.steps:
            say(f"{cell.name}: epoch {step.epoch + 1} of {step.epochs}, {step.faces_per_second:.0f} faces/s")

    fabric = launch(cell.plan.accelerator, 1, recipe.precision)
    if cell.pruning is None:
        resume = (out / RECIPE_FILE).is_file()
        fit(recipe, out, resume=resume, on_step=report, fabric=fabric, data=data)
    else:
        start = cell.started_from
        assert start is not None
        prune(start.checkpoint, recipe, out, cell.pruning, fabric=fabric, data=data, on_step=report)


def _measure(cell: Cell, faces: FoldedFaces) -> dict[str, Any]:
    """The figures of every tested face: by number, error in percent and squared error in crops.

    Crops come from the data's boxes as a deployed net meets faces, without a second look: the crop
    must not depend on the method.
    """
    from facekp_train.evaluation.evaluate import answer
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.pruning.cost import net_cost

    checkpoint = load_checkpoint(cell.checkpoint)
    places = faces.tested(cell.fold)
    samples = [faces.faces[i].sample for i in places]
    answers = answer(checkpoint.predict, samples, checkpoint.header.crop_rule, refine=False, progress=False)
    evaluation = answers.score(", ".join(cell.plan.faces.data))
    place_of = {id(sample): place for sample, place in zip(samples, places.tolist(), strict=True)}
    counted = [answers.samples[i] for i in evaluation.counted]
    kept = [place_of[id(sample)] for sample in counted]
    offsets = [answers.predicted[i] - answers.samples[i].keypoints for i in evaluation.counted]
    sides = np.array(answers.sides)[evaluation.counted]
    squared = [
        float(np.square(offset[sample.visible] / side).mean())
        for offset, sample, side in zip(offsets, counted, sides, strict=True)
    ]
    cost = net_cost(checkpoint.net)
    return {
        "method": cell.method.name,
        "fold": cell.fold + 1,
        "normaliser": evaluation.normaliser,
        "nme": evaluation.nme[evaluation.normaliser],
        "mse": float(np.mean(squared)),
        "megabytes": cost.bytes / 1e6,
        "mmacs": cost.macs / 1e6,
        "training": _training(cell),
        "faces": faces.numbers[kept].tolist(),
        "images": faces.images[kept].tolist(),
        "errors": [round(error, 4) for error in evaluation.errors.tolist()],
        "squared": [float(f"{value:.6g}") for value in squared],
    }


def _training(cell: Cell) -> dict[str, Any]:
    """Epochs and seconds of the cell's own training."""
    logs = sorted((cell.folder / "run").rglob("log.jsonl"))
    rows = [json.loads(line) for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
    return {"epochs": len(rows), "seconds": round(sum(row["seconds"] for row in rows), 1)}
