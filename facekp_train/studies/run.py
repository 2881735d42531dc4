"""Studies from their plan to their reports: cells as jobs, in the order that they need each other.

Every method is trained and tested in k-fold cross-validation; a method on a fold is a cell, a job of
its own (`facekp_train.studies.jobs`). Studies that share a cell compute it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facekp_train.common.console import say
from facekp_train.common.locks import alone_with
from facekp_train.studies.cells import Cell, CellPlan
from facekp_train.studies.jobs import StudyJob, Workers, run_jobs
from facekp_train.studies.plans import STUDIES, Row, Study
from facekp_train.studies.report import StudyResult, write_study
from facekp_train.studies.summary import summarize


@dataclass(frozen=True)
class Chosen:
    """Which studies, with what left out. dropped: how many of `plans.DROPS`. deep: with ResNet-50's rows."""

    names: Sequence[str]
    dropped: int = 0
    deep: bool = True

    def studies(self, plan: CellPlan) -> list[Study]:
        """Those studies under a plan."""
        return [STUDIES[name](plan.methods).without(self.dropped, self.deep) for name in self.names]


def run_studies(chosen: Chosen, plan: CellPlan, out: Path, workers: Workers) -> list[StudyResult]:
    """Compute all cells that are missing, then write `out/NAME` for each study.

    Raises UserError where a cell failed, or another process is at one of these studies.
    """
    studies = chosen.studies(plan)
    with alone_with(*(out / study.name for study in studies)):
        results = _compute(cells_of(studies, plan), workers)
        written = []
        for study in studies:
            rows = {row.method.name: _row_cells(row, plan) for row in study.rows}
            own = {name: [results[cell.key] for cell in cells] for name, cells in rows.items()}
            result = StudyResult(study, summarize(study, own), _settings(plan, rows, results))
            write_study(out / study.name, result)
            written.append(result)
    return written


def cells_of(studies: Iterable[Study], plan: CellPlan) -> list[Cell]:
    """Every cell of some studies once, those that others build on first; of those that may run side by side
    the longest first, lest one is left over."""
    rows = [row for study in studies for row in study.rows]
    own = [cell for row in rows for cell in _row_cells(row, plan)]
    unique = {cell.key: cell for cell in [*own, *(below for cell in own for below in cell.needs())]}
    return sorted(unique.values(), key=lambda cell: (cell.depth, -cell.epochs))


def _row_cells(row: Row, plan: CellPlan) -> list[Cell]:
    own = plan.spending.resnet_folds if row.resnet else None
    folds = min(own or plan.faces.folds, plan.faces.folds)
    return [Cell(plan, row.method, fold) for fold in range(folds)]


def _compute(cells: Sequence[Cell], workers: Workers) -> dict[str, dict[str, Any]]:
    """Results by key; folds and methods of a level side by side."""
    results: dict[str, dict[str, Any]] = {}
    for depth in sorted({cell.depth for cell in cells}):
        level = [cell for cell in cells if cell.depth == depth]
        say(f"{len(level)} of {len(cells)} cells: {_names(level)}")
        done = run_jobs(list(map(_job, level)), workers)
        results.update(zip((cell.key for cell in level), done, strict=True))
        for cell in level:
            cell.tidy()
    return results


def _job(cell: Cell) -> StudyJob:
    from facekp_train.studies.run_cell import run_cell

    return StudyJob(cell.name, cell.key, cell.folder / "result.json", run_cell, (cell,))


def _names(cells: Iterable[Cell]) -> str:
    return "; ".join(dict.fromkeys(cell.method.name for cell in cells))


def _settings(
    plan: CellPlan, rows: dict[str, list[Cell]], results: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """For the report: what was spent on what, without the folders of this machine."""
    spending, faces = plan.spending, plan.faces
    first = next(cell for cells in rows.values() for cell in cells if cell.method.given is None)
    recipe = first.recipe().shareable()
    own = {cell.key: results[cell.key] for cells in rows.values() for cell in cells}
    tested = {face for result in own.values() for face in result["faces"]}
    unseen = max((len(result["unseen"]["faces"]) for result in own.values() if result["unseen"]), default=0)
    seconds = sum(result["training"]["seconds"] for result in own.values() if result["training"])
    return {
        "data": ", ".join(recipe["data"]) + (f", split {recipe['split']}" if recipe["split"] else ""),
        "faces": f"{len(tested)}, in {faces.folds} folds by image, seed {faces.seed}",
        "faces that decide": f"{unseen} that no net saw" if unseen else "each net's on the fold left out",
        "budget": spending.name,
        "first row's recipe": _differing(recipe),
        "trainings that go on": {"epochs": spending.stage_epochs, **spending.stage_settings},
        "training in all": f"{seconds / 3600:.2f} hours of one worker",
    }


def _differing(recipe: dict[str, Any]) -> dict[str, Any]:
    """Settings of a recipe that are not its class's defaults."""
    from facekp_train.training.recipe import Recipe

    plain = Recipe(data=["-"]).model_dump(mode="json")
    return {k: v for k, v in recipe.items() if v != plain[k] and k not in ("name", "data", "split")}
