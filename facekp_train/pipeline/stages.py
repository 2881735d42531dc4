"""Teacher -> student -> distill -> prune: up to four stages from one file, each resumable
(Appl. Sci. 2024, 14, 7153, figure 2).

A run's folder holds a folder for each stage: `begun.json` says by which settings and out of which
files and faces it is made, `stage.json` that it is finished. What is finished is skipped, what was
killed goes on; a stage that was made by other settings, or from a net, labels or lists of faces that
have changed since, stops the run rather than be passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from facekp_train.common.console import UserError, say
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.locks import alone_in
from facekp_train.common.run_files import BEST_FILE, RECIPE_FILE
from facekp_train.labels.labellers import open_labellers
from facekp_train.labels.store import LABELS_FILE, labelled, make_labels
from facekp_train.pipeline.layerwise import prune
from facekp_train.pipeline.settings import Labels, Pipeline, Prune
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.fit import fit
from facekp_train.training.initial import shape_of, start_from
from facekp_train.training.log import Watch, unwatched
from facekp_train.training.provenance import faces_fingerprint, note_origin, read_stored
from facekp_train.training.recipe import Recipe

STAGE_FILE, BEGUN_FILE = "stage.json", "begun.json"


@dataclass
class Stage:
    """A stage that is finished: its name, its checkpoint, and what is known of it."""

    name: str
    checkpoint: Path
    facts: dict[str, Any]


@dataclass
class _Runner:
    """What all stages of one run share. Faces are decoded once for all that learn from the same."""

    pipeline: Pipeline
    out: Path
    fabric: Fabric
    watch: Watch
    data: tuple[FaceSettings, TrainingData] | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)

    def faces(self, recipe: Recipe) -> TrainingData:
        """The decoded faces of a recipe."""
        wanted = recipe.part(FaceSettings)
        if self.data is None or self.data[0] != wanted:
            self.data = None  # the old faces leave memory before the new ones come
            self.data = wanted, load_training_data(wanted)
        return self.data[1]

    def fit(self, name: str, recipe: Recipe) -> Stage:
        """A stage that is one training run."""
        folder = self.out / name

        def make() -> dict[str, Any]:
            resume = (folder / RECIPE_FILE).is_file()
            data = self.faces(recipe)
            fit(recipe, folder, resume=resume, watch=self.watch, fabric=self.fabric, data=data)
            return {}

        return self.stage(name, recipe, {}, make)

    def stage(
        self, name: str, recipe: Recipe, settings: dict[str, Any], make: Callable[[], dict[str, Any]]
    ) -> Stage:
        """Make a stage unless it is finished; `make` leaves BEST_FILE in its folder."""
        folder = self.out / name
        marker = folder / STAGE_FILE
        checkpoint = folder / BEST_FILE
        made_from = self._made_from(recipe)
        # By name, not by folder, so that a run may be moved; files are known by their content.
        own = recipe.model_dump(exclude_defaults=True).keys()
        named = {key: value for key, value in recipe.shareable().items() if key in own}
        faces = self._fingerprint(recipe)
        settings = {"recipe": named, **settings, "made_from": made_from}
        note_origin(folder / BEGUN_FILE, settings, faces, folder, self.fabric)
        if marker.is_file():
            facts = read_stored(marker, "delete it and run the same command again")
            say(f"{name}: finished before, in {folder}")
            return Stage(name, checkpoint, facts)
        say(f"{name}: to {folder}")
        facts = make()
        self.fabric.barrier()
        if self.fabric.is_global_zero:
            write_json(marker, facts)
        self.fabric.barrier()
        return Stage(name, checkpoint, facts)

    def _fingerprint(self, recipe: Recipe) -> str:
        """Of the faces of a recipe; stages that share them read the lists once."""
        lists = recipe.model_dump_json(include={"data", "split", "validation", "validation_split"})
        if lists not in self.fingerprints:
            self.fingerprints[lists] = faces_fingerprint(recipe)
        return self.fingerprints[lists]

    def _made_from(self, recipe: Recipe) -> dict[str, str]:
        """The SHA-256 of every file of this run, or given to it, that the recipe builds on."""
        files = {"init": recipe.init, "teacher": recipe.teacher}
        labels = self.out / LABELS_FILE
        if f"coco:{labels}" in recipe.data:
            files["labels"] = str(labels)
        return {role: sha256_of(Path(file)) for role, file in files.items() if file}


def run_stages(pipeline: Pipeline, out: Path, fabric: Fabric, watch: Watch = unwatched) -> Iterator[Stage]:
    """The stages in order, each yielded as soon as it is finished.

    Raises UserError where a finished stage was made by other settings, or another process is using it.
    """
    with alone_in(out, fabric):
        yield from _stages(_Runner(pipeline, out, fabric, watch))


def _stages(runner: _Runner) -> Iterator[Stage]:
    pipeline = runner.pipeline
    open_labellers(pipeline.labels.also)  # what is missing is named now, not after hours of the teacher
    teacher = _teacher(runner)
    yield teacher
    shared = _label(runner, teacher)
    student = runner.fit("student", pipeline.recipe(pipeline.student, **shared))
    yield student
    last = student
    if pipeline.distill is not None:
        start = {**shared, **start_from(student.checkpoint)}
        recipe = pipeline.recipe(pipeline.distill, **start, teacher=str(teacher.checkpoint))
        last = runner.fit("distill", recipe)
        yield last
    if pipeline.prune is not None:
        yield _prune(runner, shared, pipeline.prune, teacher, last)


def _teacher(runner: _Runner) -> Stage:
    section = runner.pipeline.teacher
    if section.checkpoint is None:
        return runner.fit("teacher", runner.pipeline.teacher_recipe())
    path = Path(section.checkpoint)
    if not path.is_file():
        raise UserError(f"the teacher {path} does not exist; train one, or name another checkpoint")
    return Stage("teacher", path, {"given": path.name})


def _label(runner: _Runner, teacher: Stage) -> dict[str, Any]:
    """Labels by the teacher, where wanted; settings that put them before the data."""
    section = runner.pipeline.labels
    if section.faces == "none":
        return {}
    recipe = runner.pipeline.recipe(runner.pipeline.student)
    make_labels(_labelling(section, teacher), recipe, section.faces, runner.out, runner.fabric, section.also)
    return {"data": labelled(recipe, runner.out).data}


def _labelling(section: Labels, teacher: Stage) -> list[Path]:
    """The checkpoints whose answers are averaged into labels."""
    paths = [Path(name) for name in section.models]
    for path in paths:
        if not path.is_file():
            raise UserError(
                f"{path}, which is to label, does not exist; train one, or name another checkpoint"
            )
    return paths or [teacher.checkpoint]


def _prune(runner: _Runner, shared: dict[str, Any], section: Prune, teacher: Stage, last: Stage) -> Stage:
    supervisor = teacher if section.teacher == "teacher" else last
    shape = shape_of(last.checkpoint)
    recipe = runner.pipeline.recipe(section, **shared, **shape, teacher=str(supervisor.checkpoint))
    pruning = section.settings()

    def make() -> dict[str, Any]:
        return prune(
            last.checkpoint, recipe, runner.out / "prune", pruning,
            fabric=runner.fabric, data=runner.faces(recipe), watch=runner.watch,
        )  # fmt: skip

    settings = {"prune": pruning.model_dump(mode="json"), "model": sha256_of(last.checkpoint)}
    return runner.stage("prune", recipe, settings, make)
