"""The YAML file of `facekp-train run`: what teacher, student, distillation and pruning are told."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from facekp_train.common.console import UserError
from facekp_train.common.recipes import PRESETS, read_pipeline
from facekp_train.common.settings import CheckpointFile, KnownKeys, first_fault
from facekp_train.pruning.settings import PruneSettings
from facekp_train.training.recipe import INHERITED_KEYS, KEEP_WIDTHS, Recipe, make_recipe

_PASSED_ON = "scheme, crop and heads pass on from the student; set it under student or shared"


class _Section(KnownKeys):
    """A stage that trains a net: a recipe, and what it changes of it."""

    recipe: str = Field(default="modern", description="modern, paper, or a YAML file")
    set: dict[str, Any] = Field(default_factory=dict, description="settings of the recipe, nested")


class Teacher(_Section):
    """A checkpoint that exists, or a net to train: ResNet-50 unless a backbone is named (section 4)."""

    checkpoint: CheckpointFile | None = Field(
        default=None, description="a trained net, in place of `recipe` and `set`"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Teacher:
        if self.checkpoint is not None and self.set:
            raise ValueError("give a checkpoint or settings to train by, not both")
        return self


class Labels(KnownKeys):
    """Whether the teacher labels faces before the student learns from them."""

    faces: Literal["none", "missing", "all"] = Field(
        default="none",
        description="which faces the teacher labels; missing: those without all of the net's points",
    )
    models: list[CheckpointFile] = Field(
        default_factory=list,
        description="checkpoints whose answers are averaged; none: the teacher",
    )
    also: list[str] = Field(
        default_factory=list,
        description="other labellers whose shape is fused with theirs, as KIND:FILE",
    )

    @model_validator(mode="after")
    def _of_some_faces(self) -> Labels:
        if self.faces == "none" and (self.models or self.also):
            raise ValueError("faces is none, so nobody labels; set it to all or missing")
        return self


class Distill(_Section):
    """The student goes on, supervised by the teacher."""

    @field_validator("set")
    @classmethod
    def _follows(cls, settings: dict[str, Any]) -> dict[str, Any]:
        _refuse(settings, INHERITED_KEYS, _PASSED_ON)
        return _refuse(settings, ("init", "teacher"), "the run's own student and teacher are meant")


class Prune(PruneSettings):
    """How channels are chosen and removed; `set` are the settings of the training after each step.

    The distilled student supervises that training, as the paper's figure 2 draws it, unless told otherwise.
    """

    recipe: str = Field(default="retrain", description="retrain, modern, paper, or a YAML file")
    set: dict[str, Any] = Field(default_factory=dict, description="settings of the recipe, nested")
    teacher: Literal["distill", "teacher"] = Field(
        default="distill",
        description="whose net supervises the training: that of the stage before (distill), or the teacher's",
    )

    @field_validator("set")
    @classmethod
    def _follows(cls, settings: dict[str, Any]) -> dict[str, Any]:
        _refuse(settings, KEEP_WIDTHS, "the widths of a pruned net follow from prune.rate or prune.budget")
        _refuse(settings, INHERITED_KEYS, _PASSED_ON)
        _refuse(settings, ("init",), "what is pruned is the distilled net")
        return _refuse(settings, ("teacher",), "prune.teacher says who supervises, distill or teacher")

    def settings(self) -> PruneSettings:
        """Without what concerns the training."""
        return PruneSettings(**self.model_dump(include={*PruneSettings.model_fields}))


class Pipeline(KnownKeys):
    """Teacher, student, distillation and, where it is there, pruning; and what they share.

    `shared` holds settings of every stage's recipe (data, validation, points, seed, ...).
    """

    name: str = Field(default="run", description="of the run; where it is missing, the file's name")
    shared: dict[str, Any] = Field(description="settings of every stage's recipe")
    teacher: Teacher = Field(description="who labels faces and supervises distillation")
    labels: Labels = Field(default=Labels(), description="labels by the teacher")
    student: _Section = Field(default=_Section(), description="the net that learns")
    distill: Distill | None = Field(
        default=None,
        description="the student goes on under the teacher; without it the student is not distilled",
    )
    prune: Prune | None = Field(
        default=None, description="the net so far loses filters; without it the run ends there"
    )
    latency: bool = Field(default=True, description="export and time every stage's net on this machine")

    @field_validator("shared")
    @classmethod
    def _of_every_stage(cls, settings: dict[str, Any]) -> dict[str, Any]:
        return _refuse(settings, ("teacher", "init", "quantize"), "it is not a setting of every stage")

    def recipe(self, section: _Section | Prune, **options: Any) -> Recipe:
        """A stage's recipe: its base, what all stages share, its own settings, then `options`.

        Where the student has widths of its own, shared ones say nothing of the net that is distilled.
        """
        shared = self.shared
        if section is self.distill and self.student.set.keys() & KEEP_WIDTHS.keys():
            shared = {key: value for key, value in shared.items() if key not in KEEP_WIDTHS}
        return make_recipe(section.recipe, {**shared, **section.set, **options}, [])

    def teacher_recipe(self) -> Recipe:
        """The teacher's, whose backbone is ResNet-50 where neither file nor section says another."""
        named = "backbone" in {**self.shared, **self.teacher.set} or self.teacher.recipe not in PRESETS
        return self.recipe(self.teacher, **({} if named else {"backbone": "resnet-50"}))


def _refuse(settings: dict[str, Any], keys: Iterable[str], reason: str) -> dict[str, Any]:
    for key in keys:
        if key in settings:
            raise ValueError(f"'{key}' is not allowed here; leave it out: {reason}")
    return settings


def load_pipeline(path: Path, **shared: Any) -> Pipeline:
    """Read the YAML file; $NAME in it is taken from the environment.

    shared: settings of every stage's recipe in place of the file's; None leaves one to it. Raises
    UserError naming the key that is wrong, or the file that is missing.
    """
    data = read_pipeline(path)
    try:
        pipeline = Pipeline.model_validate({"name": path.stem, **data})
        pipeline.shared.update({key: value for key, value in shared.items() if value is not None})
    except ValidationError as error:
        raise UserError(f"{path}: {first_fault(error)}") from None
    # Wrong settings are named now, not after hours of another stage.
    pipeline.teacher_recipe()
    for section in filter(None, (pipeline.student, pipeline.distill, pipeline.prune)):
        pipeline.recipe(section)
    return pipeline
