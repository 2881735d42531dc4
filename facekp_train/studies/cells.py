"""A cell: one method trained without one fold and measured on it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.mobilenet import hidden_widths
from facekp_train.networks.sizes import share_of_width
from facekp_train.studies.faces import FaceFolds
from facekp_train.studies.methods import Method, Methods, Spending
from facekp_train.training.recipe import Recipe, make_recipe

# Raised when a cell's figures are made in another way, so that old ones are not taken for new.
_VERSION = 2


DECIDED = frozenset({
    "name", "seed", "epochs", "init", "teacher", "lambda_rh", "lambda_dp", "distill_factor", "output_weight",
    "shuffle_features",
})  # fmt: skip
"""Settings of a recipe that the methods, folds and options of a study decide, whatever a user sets."""


_UNDECISIVE = ("name", "weights_licence", "data", "init", "teacher")
"""Where files lie decides nothing; what is in them, the other keys say."""


@dataclass(frozen=True)
class CellPlan:
    """What all cells of a command share. assignments: `--set KEY=VALUE`. fingerprint: the data's.
    work: the folder of the cells' folders. teacher: a trained net that supervises, where one is given."""

    spending: Spending
    faces: FaceFolds
    fingerprint: str
    points: int
    assignments: tuple[str, ...]
    accelerator: str
    work: Path
    teacher: Path | None = None

    @property
    def methods(self) -> Methods:
        """Those that this plan's studies are made of."""
        return Methods(self.spending, self.teacher)


@dataclass(frozen=True)
class Cell:
    """A method on a fold, under a plan."""

    plan: CellPlan
    method: Method
    fold: int

    @cached_property
    def key(self) -> str:
        """Names everything that decides the cell's figures, its teacher's and its start's included."""
        method = self.method
        decisive: dict[str, Any] = {"version": _VERSION, "faces": [self.plan.fingerprint, self.fold]}
        if method.given is not None:
            decisive["given"] = _content(method.given)
        else:
            recipe = self.recipe().shareable()
            decisive |= {
                "recipe": {k: v for k, v in recipe.items() if k not in _UNDECISIVE},
                "cut": method.cut and vars(method.cut),
                "restarts": method.restarts,
                "pieces": self.plan.spending.pieces if method.cut and method.cut.pieces > 1 else None,
                "needs": {role: cell.key for role, cell in self._roles().items()},
            }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """The cell's own folder."""
        name = re.sub(r"[^a-z0-9.]+", "-", self.method.name.lower()).strip("-")
        return self.plan.work / f"{name}-fold{self.fold + 1}-{self.key}"

    @property
    def run(self) -> Path:
        """The folder of its training."""
        return self.folder / "run"

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.method.name}, fold {self.fold + 1}"

    @property
    def checkpoint(self) -> Path:
        """The trained net, the last epoch's."""
        return self.method.given or self.run / "last.safetensors"

    @property
    def epochs(self) -> int:
        """Of its own training; none for a net that is given."""
        return 0 if self.method.given else self.recipe().epochs

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
        from facekp_train.common.run_files import STATE_FILE

        for state in self.run.rglob(STATE_FILE):
            state.unlink(missing_ok=True)  # a study beside this one may have been faster

    def recipe(self) -> Recipe:
        """How the cell is trained: the spending, what the user set, then what makes the method.

        Raises UserError where a setting is wrong.
        """
        plan, spending = self.plan, self.plan.spending
        faces = {"data": list(plan.faces.data), "split": plan.faces.split, "points": plan.points}
        settings = {**spending.settings, "epochs": spending.epochs, **faces}
        common = make_recipe(spending.recipe, settings, list(plan.assignments))
        own = {
            **self.method.settings,
            **narrowed_settings(common, self.method.width),
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


def student_recipe(plan: CellPlan) -> Recipe:
    """How the first fold's student is trained."""
    return Cell(plan, plan.methods.joint(), 0).recipe()


def check_plan(plan: CellPlan) -> None:
    """Raise UserError where what a user set is wrong, before anything is trained."""
    named = {setting.partition("=")[0].strip() for setting in plan.assignments}
    if refused := sorted(named & DECIDED):
        instead = "give --epochs instead" if refused[0] == "epochs" else f"leave --set {refused[0]} out"
        raise UserError(f"a study itself decides {', '.join(refused)}; {instead}")
    if not student_recipe(plan).heatmap_width:
        raise UserError("heatmap_width=0 leaves no heatmaps to study; leave it out")
    if plan.teacher is not None:
        try:
            load_checkpoint(plan.teacher)
        except (OSError, ValueError) as error:
            raise UserError(str(error)) from None


def narrowed_settings(recipe: Recipe, share: float) -> dict[str, Any]:
    """Settings of a net with a share of the inner filters of a recipe's, as pruning would leave it."""
    if share == 1:
        return {}
    whole = recipe.net_config().widths or hidden_widths(1.0, recipe.channels)
    return {"widths": tuple(share_of_width(width, share) for width in whole), "expansion": 1.0}


@lru_cache(maxsize=4)
def _content(file: Path) -> str:
    return sha256_of(file)
