"""How a cell's net is trained: in one schedule, from a net that is cut first, or in pieces."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from facekp_train.batches.face_store import Face, FaceStore
from facekp_train.common.console import say
from facekp_train.common.files import written_aside
from facekp_train.common.run_files import LAST_FILE, RECIPE_FILE, STATE_FILE
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.settings import PruneSettings
from facekp_train.studies.cells import Cell
from facekp_train.studies.faces import FoldedFaces
from facekp_train.studies.methods import Cut
from facekp_train.studies.surgery import START_FILE, cut_before, cut_between
from facekp_train.training.data import TrainingData
from facekp_train.training.fit import fit
from facekp_train.training.launch import launch, usable_precision
from facekp_train.training.log import LOG_FILE, Scored, Step
from facekp_train.training.recipe import KEEP_WIDTHS, Recipe

# The share of a schedule in which a net is cut piece by piece; in the rest it trains as it is.
_CUTTING = 0.4


def train_cell(cell: Cell, faces: FoldedFaces) -> dict[str, Any]:
    """Train, or go on training, until the net is in `cell.checkpoint`. Returns what was spent, and how.

    rates: the learning rate at the end of each epoch. loss_features: of the last epoch, beside what a
    student pays that says the same of every face; None without a teacher.
    """
    recipe = cell.recipe()
    # A net that goes on is as wide as it was left, or cut.
    widths = {} if cell.method.start is None else KEEP_WIDTHS
    recipe = recipe.model_copy(update={**widths, "precision": usable_precision(recipe.precision)})
    training = _Training(cell, recipe, training_data(recipe, *faces.training(cell.fold)))
    folders = training.run()
    if folders[-1] != cell.run:
        with written_aside(cell.checkpoint) as aside:
            shutil.copyfile(folders[-1] / LAST_FILE, aside)
    steps = training.data.train.size // recipe.batch
    rows = list(chain.from_iterable(map(_rows, folders)))
    return {
        "epochs": len(rows),
        "steps": steps * len(rows),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "rates": [float(f"{row['learning_rate']:.3g}") for row in rows],
        "loss_features": rows[-1].get("loss_features"),
        "loss_features_constant": rows[-1].get("loss_features_constant"),
    }


def piece_ends(epochs: int, pieces: int) -> list[int]:
    """The epochs that have passed at the end of each piece of one schedule: equal pieces in its first
    part, and the last one goes on to the end."""
    pieces = min(pieces, epochs)
    each = max(1, round(_CUTTING * epochs / pieces))
    return [min(each * (i + 1), epochs - pieces + 1 + i) for i in range(pieces - 1)] + [epochs]


def training_data(recipe: Recipe, learnt: list[Face], watched: list[Face]) -> TrainingData:
    """Faces to learn from and those to watch, cut as a recipe has it."""
    rule = CropRule(size=recipe.size)
    return TrainingData(
        FaceStore(learnt, recipe.points, rule, recipe.box_source == "listed"),
        FaceStore(watched, recipe.points, rule, prefer_listed=True),
        None,
    )


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class _Training:
    """A cell's training on its faces."""

    cell: Cell
    recipe: Recipe
    data: TrainingData

    def run(self) -> list[Path]:
        """Train what is missing. Returns the folders whose logs, in a row, tell of all epochs."""
        method = self.cell.method
        if method.cut is not None:
            return [self._pruned(method.cut)]
        if method.restarts > 1:
            return self._restarted(method.restarts)
        return [self._fit(self.recipe, self.cell.run)]

    def _fit(self, recipe: Recipe, folder: Path, until: int | None = None) -> Path:
        def report(step: Step | Scored) -> None:
            if isinstance(step, Step) and step.step == step.steps:
                name = self.cell.name
                say(f"{name}: epoch {step.epoch + 1} of {step.epochs}, {step.faces_per_second:.0f} faces/s")

        fit(
            recipe, folder, resume=(folder / RECIPE_FILE).is_file(), until=until, watch=report,
            fabric=launch(self.cell.plan.accelerator, 1, recipe.precision), data=self.data,
        )  # fmt: skip
        return folder

    def _restarted(self, count: int) -> list[Path]:
        """Trainings in a row, each of the same schedule in a part of the epochs."""
        folders: list[Path] = []
        for number in range(count):
            ends = [round(self.recipe.epochs * i / count) for i in (number, number + 1)]
            # A training counts its epochs from 0: without a seed of its own it would see the same views.
            own: dict[str, Any] = {"epochs": ends[1] - ends[0], "seed": self.recipe.seed + 100 * number}
            if folders:
                own["init"] = str(folders[-1] / LAST_FILE)
            folder = self.cell.run / f"piece-{number + 1:02}"
            folders.append(self._fit(self.recipe.model_copy(update=own), folder))
        return folders

    def _pruned(self, cut: Cut) -> Path:
        """One schedule, at the start of whose pieces a part of the layers is cut, last to first.

        The log of a piece tells of those before it, too.
        """
        start = self.cell.started_from
        assert start is not None
        settings = PruneSettings(rate=cut.rate, score=cut.score, repair=cut.repair)
        groups = find_groups(load_checkpoint(start.checkpoint).net, settings.scope)
        ends = piece_ends(self.recipe.epochs, cut.pieces)
        folder = self.cell.run
        for number, until in enumerate(ends):
            chunk = groups[len(groups) * number // len(ends) : len(groups) * (number + 1) // len(ends)]
            before, folder = folder, self.cell.run / f"piece-{number + 1:02}"
            recipe = self.recipe.model_copy(update={"init": str(folder / START_FILE)})
            names = {group.name for group in chunk}
            if number == 0 and not (folder / START_FILE).is_file():
                cut_before(start.checkpoint, folder, names, settings, self.data.train)
            if number > 0 and not (folder / STATE_FILE).is_file():
                cut_between(before, folder, recipe, names, settings, self.data.train)
            self._fit(recipe, folder, until)
        return folder
