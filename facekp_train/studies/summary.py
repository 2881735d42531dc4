"""From the results of cells to what a study says: means, tests, paired changes, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.evaluation.significance import (
    Doubles,
    FoldTest,
    RunsChange,
    change_over_runs,
    fold_tests,
    paired_t_test,
)
from facekp_train.studies.plans import Expectation, Row, Study
from facekp_train.studies.verdicts import verdict


@dataclass(frozen=True)
class Spread:
    """Mean over folds and sample standard deviation; None for a single fold."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class MethodChange:
    """A row beside its reference, over the folds that both have: a run each.

    mse, nme: paired over the faces that decide; left_out: of MSE on the fold left out, where unseen faces
    decide. t_test: p of a paired t-test over the runs. paper: the paper's change of MSE in percent.
    expect: what the paper says of it, None where it says nothing. verdict: whether that holds here.
    """

    against: str
    mse: RunsChange
    nme: RunsChange
    left_out: RunsChange | None
    t_test: float | None
    paper: float | None
    expect: Expectation | None
    verdict: str


@dataclass(frozen=True)
class RowSummary:
    """One row's figures on the faces that decide. mse: in crops squared. nme: percent. training: of the
    first fold; None for a net that was given. chance: another seed of the reference."""

    name: str
    at: float | None
    paper: float | None
    mse: Spread
    nme: Spread
    megabytes: float
    mmacs: float
    training: dict[str, Any] | None
    other_schedule: str | None
    chance: bool
    tests: list[FoldTest]
    change: MethodChange | None
    cells: list[dict[str, Any]]


def summarize(study: Study, cells: dict[str, list[dict[str, Any]]]) -> list[RowSummary]:
    """cells: the results of each row's folds by the method's name, in the order of folds, and those of
    the teacher that the rows are about."""
    by_name = {row.method.name: row for row in study.rows}
    return [_row(row, by_name, cells) for row in study.rows]


def deciding(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell's figures on the faces that decide: those that no net saw, else those of its fold."""
    return cell["unseen"] or cell


def _row(row: Row, rows: dict[str, Row], cells: dict[str, list[dict[str, Any]]]) -> RowSummary:
    own = cells[row.method.name]
    reference = rows.get(row.against) if row.against else None
    return RowSummary(
        name=row.method.name,
        at=row.at,
        paper=row.paper,
        mse=_spread([deciding(cell)["mse"] for cell in own]),
        nme=_spread([deciding(cell)["nme"] for cell in own]),
        megabytes=own[0]["megabytes"],
        mmacs=own[0]["mmacs"],
        training=own[0]["training"],
        other_schedule=row.other_schedule,
        chance=row.chance,
        tests=fold_tests([np.array(cell["squared"]) for cell in own]),
        change=reference and _change(row, reference, cells),
        cells=own,
    )


def _change(row: Row, reference: Row, cells: dict[str, list[dict[str, Any]]]) -> MethodChange:
    before, after = cells[reference.method.name], cells[row.method.name]
    decisive = [[deciding(cell) for cell in arm] for arm in _shared(before, after)]
    mse = _over_runs(decisive, "squared")
    by_run = [np.array([cell["mse"] for cell in arm]) for arm in decisive]
    teacher = row.taught and row.method.teacher
    taught = _shared(before, cells[teacher.name]) if teacher else None
    training = after[0]["training"]
    return MethodChange(
        against=reference.method.name,
        mse=mse,
        nme=_over_runs(decisive, "errors"),
        left_out=_over_runs(_shared(before, after), "squared") if after[0]["unseen"] else None,
        t_test=paired_t_test(*by_run),
        paper=(row.paper / reference.paper - 1) * 100 if row.paper and reference.paper else None,
        expect=row.expect,
        verdict=verdict(
            row.expect, mse, training["steps"] if training else 0,
            _over_runs([[deciding(cell) for cell in arm] for arm in taught], "squared") if taught else None,
        ),
    )  # fmt: skip


_Arms = list[list[dict[str, Any]]]


def _shared(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> _Arms:
    """Both arms' cells of the folds that both have."""
    folds = {cell["fold"] for cell in before} & {cell["fold"] for cell in after}
    return [[cell for cell in arm if cell["fold"] in folds] for arm in (before, after)]


def _over_runs(arms: _Arms, field: str) -> RunsChange:
    """The change over the faces that both arms were measured on, run by run."""
    pairs = [_paired(one, two, field) for one, two in zip(*arms, strict=True)]
    first, second, images = (list(column) for column in zip(*pairs, strict=True))
    return change_over_runs(first, second, images)


def _paired(
    before: dict[str, Any], after: dict[str, Any], field: str
) -> tuple[Doubles, Doubles, NDArray[np.intp]]:
    """Errors of the faces that both were measured on, and the faces' images."""
    first, second, image = _by_face(before, field), _by_face(after, field), _by_face(before, "images")
    faces = sorted(first.keys() & second.keys())
    return (
        np.array([first[face] for face in faces]),
        np.array([second[face] for face in faces]),
        np.array([image[face] for face in faces], np.intp),
    )


def _by_face(figures: dict[str, Any], field: str) -> dict[int, Any]:
    return dict(zip(figures["faces"], figures[field], strict=True))


def _spread(values: list[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None)
