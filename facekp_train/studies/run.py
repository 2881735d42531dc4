"""A study from its plan to its report: cells as jobs, in the order that they need each other.

Every method is trained and tested in k-fold cross-validation; a method on a fold is a cell, a job of
its own (`facekp_train.studies.jobs`). Studies that share a cell compute it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from facekp_train.common.console import say
from facekp_train.studies.cells import Cell, CellPlan
from facekp_train.studies.jobs import Workers, run_jobs
from facekp_train.studies.methods import Methods
from facekp_train.studies.plans import STUDIES, Row, Study
from facekp_train.studies.report import StudyResult, write_study
from facekp_train.studies.summary import summarise


def run_study(name: str, plan: CellPlan, out: Path, workers: Workers, deep: bool = True) -> StudyResult:
    """Compute the cells of a study that are missing, then write `out/NAME`.

    deep: with the rows of ResNet-50. Raises UserError where a cell failed.
    """
    study = STUDIES[name](Methods(plan.spending))
    rows = [row for row in study.rows if deep or not row.resnet]
    cells = {row.method.name: [Cell(plan, row.method, fold) for fold in _folds(row, plan)] for row in rows}
    every = [cell for of_row in cells.values() for cell in of_row]
    results = _compute([*every, *(below for cell in every for below in cell.needs())], workers)
    study = Study(study.name, study.title, tuple(rows), study.notes, study.axis)
    summaries = summarise(
        study, {method: [results[cell.key] for cell in of_row] for method, of_row in cells.items()}
    )
    result = StudyResult(study, summaries, _settings(plan, every, results))
    write_study(out / name, result)
    return result


def _folds(row: Row, plan: CellPlan) -> range:
    own = plan.spending.resnet_folds if row.resnet else None
    return range(min(own or plan.faces.folds, plan.faces.folds))


def _compute(cells: Iterable[Cell], workers: Workers) -> dict[str, dict[str, Any]]:
    """Results by key. Those that others build on come first; folds of a level side by side."""
    unique = {cell.key: cell for cell in cells}
    results: dict[str, dict[str, Any]] = {}
    for depth in sorted({cell.depth for cell in unique.values()}):
        level = {key: cell for key, cell in unique.items() if cell.depth == depth}
        say(f"{len(level)} of {len(unique)} cells: {_names(level.values())}")
        done = run_jobs([cell.job() for cell in level.values()], workers)
        results.update(zip(level, done, strict=True))
        for cell in level.values():
            cell.tidy()
    return results


def _names(cells: Iterable[Cell]) -> str:
    return "; ".join(dict.fromkeys(cell.method.name for cell in cells))


def _settings(plan: CellPlan, cells: list[Cell], results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """For the report: what was spent on what, without the folders of this machine."""
    recipe = cells[0].recipe().shareable()
    tested = {face for result in results.values() for face in result["faces"]}
    seconds = sum(result["training"]["seconds"] for result in results.values())
    return {
        "data": ", ".join(recipe["data"]) + (f", split {recipe['split']}" if recipe["split"] else ""),
        "faces": f"{len(tested)}, in {plan.faces.folds} folds by image, seed {plan.faces.seed}",
        "budget": plan.spending.name,
        "first row's recipe": _differing(recipe),
        "teacher": plan.spending.teacher,
        "after each step of pruning": {"layers": plan.spending.layers_per_step, **plan.spending.pruning},
        "ResNet-50's rows": {"folds": plan.spending.resnet_folds or plan.faces.folds, **plan.spending.resnet},
        "training in all": f"{seconds / 3600:.2f} hours of one worker",
    }


def _differing(recipe: dict[str, Any]) -> dict[str, Any]:
    """Settings of a recipe that are not its class's defaults."""
    from facekp_train.training.recipe import Recipe

    plain = Recipe(data=["-"]).model_dump(mode="json")
    return {k: v for k, v in recipe.items() if v != plain[k] and k not in ("name", "data", "split")}
