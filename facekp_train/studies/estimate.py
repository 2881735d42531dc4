"""What a plan will cost on this machine, from a few steps of every kind of training in it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from facekp_train.common.feedback.progress import progress_bar
from facekp_train.crop import CropRule
from facekp_train.studies.cells import Cell, narrowed_settings, student_recipe
from facekp_train.studies.faces import FaceSet, FoldedFaces
from facekp_train.training.distill import AXES_FACES
from facekp_train.training.recipe import Recipe

# Steps that are timed of each kind of training; those before them warm up.
_WARM, _TIMED = 2, 6
# Faces that are read, cut and answered to see what measuring costs.
_MEASURED = 64


@dataclass(frozen=True)
class MethodCost:
    """What all folds of a method cost. epochs: of one. faces_per_second: of one core, in training.
    hours: of one core."""

    name: str
    folds: int
    epochs: int
    faces_per_second: float | None
    hours: float


@dataclass(frozen=True)
class _Speed:
    """Seconds of one core: of a face in training, of what is done once an epoch, and of a face that is
    looked at before the first."""

    face: float
    epoch: float
    start: float


def estimate(cells: Sequence[Cell], faces: FoldedFaces) -> list[MethodCost]:
    """The cost of every method, measured here in seconds of a processor, so that what else runs on this
    machine counts little. Nothing is left behind."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory() as folder, progress_bar(True) as bar:
            timing = _Timing(faces, Path(folder))
            task = bar.add_task("timing", total=len(cells))
            costs: dict[str, list[tuple[Cell, float, _Speed | None]]] = {}
            for cell in cells:
                costs.setdefault(cell.method.name, []).append((cell, *timing.of(cell)))
                bar.advance(task)
    finally:
        torch.set_num_threads(threads)
    return [
        MethodCost(
            name, len(found), found[0][0].epochs, 1 / speed.face if (speed := found[0][2]) else None,
            sum(seconds for _, seconds, _ in found) / 3600,
        )
        for name, found in costs.items()
    ]  # fmt: skip


class _Timing:
    """Times kinds of training, each once."""

    def __init__(self, faces: FoldedFaces, folder: Path) -> None:
        self._faces, self._folder = faces, folder
        self._speeds: dict[str, _Speed] = {}
        self._reading: float | None = None

    def of(self, cell: Cell) -> tuple[float, _Speed | None]:
        """Seconds of one core for a cell, and the speed of its training, where it trains."""
        unseen = len(self._faces.unseen.faces) if self._faces.unseen else 0
        tested = len(self._faces.tested(cell.fold).faces) + unseen
        if cell.method.given is not None:
            return tested * self._reading_of(cell), None
        learnt = len(self._faces.training(cell.fold)[0])
        recipe = _recipe_to_time(cell)
        kind = recipe.net_config().model_dump_json() + str(cell.method.teacher and cell.method.teacher.name)
        if kind not in self._speeds:
            self._speeds[kind] = self._timed(cell, recipe, self._folder / str(len(self._speeds)))
        speed = self._speeds[kind]
        training = cell.epochs * (learnt * speed.face + speed.epoch)
        training += min(learnt, AXES_FACES) * speed.start
        return training + (learnt + tested) * self._reading_of(cell), speed

    def _timed(self, cell: Cell, recipe: Recipe, folder: Path) -> _Speed:
        """From a real training of a few steps."""
        from facekp_train.training.fit import fit
        from facekp_train.training.launch import launch
        from facekp_train.training.log import Scored, Step

        if cell.taught_by is not None:
            recipe = recipe.model_copy(update={"teacher": str(_teacher_like(cell.taught_by, folder))})
        data = self._data(recipe)
        at = [time.process_time()]

        def note(event: Step | Scored) -> None:
            if isinstance(event, Step):
                at.append(time.process_time())

        fit(recipe, folder / "run", data=data, watch=note, fabric=launch("cpu", 1, recipe.precision))
        after = time.process_time() - at[-1]
        start, steps = at[1] - at[0], at[1 + _WARM :]
        return _Speed((steps[-1] - at[_WARM]) / len(steps) / recipe.batch, after, start / data.train.size)

    def _data(self, recipe: Recipe) -> Any:
        from facekp_train.studies.train_cell import training_data

        learnt, watched = self._faces.training(0)
        wanted = recipe.batch * (_WARM + _TIMED)
        return training_data(recipe, list(islice(cycle(learnt), wanted)), watched)

    def _reading_of(self, cell: Cell) -> float:
        """Seconds of one core to read, cut and answer a face: a like sum for all nets."""
        if self._reading is None:
            from facekp_train.networks.checkpoint import Checkpoint, CheckpointHeader
            from facekp_train.networks.keypoint_net import build_net
            from facekp_train.studies.run_cell import measured

            config = student_recipe(cell.plan).net_config()
            header = CheckpointHeader(net=config, crop=CropRule(size=config.size).as_dict())
            tested = self._faces.tested(0)
            few = FaceSet(tested.faces[:_MEASURED], tested.numbers[:_MEASURED], tested.images[:_MEASURED])
            before = time.process_time()
            measured(Checkpoint(build_net(config).eval(), header), few, self._faces.points, config.size)
            self._reading = (time.process_time() - before) / len(few.faces)
        return self._reading


def _recipe_to_time(cell: Cell) -> Recipe:
    """A cell's recipe for one epoch of a net of its sizes that starts from chance."""
    recipe = cell.recipe()
    # What it starts from may be there only later; a student's own widths count for what goes on from it.
    start = cell.started_from
    while start is not None and start.started_from is not None:
        start = start.started_from
    shape = {} if start is None else start.recipe().model_dump(include={"widths", "channels", "expansion"})
    shaped = recipe.model_copy(update=shape)
    cut = cell.method.cut
    sizes = narrowed_settings(shaped, 1 - cut.rate) if cut else {}
    return shaped.model_copy(update={**sizes, "init": None, "imagenet": False, "teacher": None, "epochs": 1})


def _teacher_like(teacher: Cell, folder: Path) -> Path:
    """The teacher's file where it was given; else a net of chance of its sizes."""
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import build_net

    if teacher.method.given is not None:
        return teacher.method.given
    config = _recipe_to_time(teacher).net_config()
    path = folder / "teacher.safetensors"
    save_checkpoint(
        path, build_net(config), CheckpointHeader(net=config, crop=CropRule(size=config.size).as_dict())
    )
    return path
