"""From the results of cells to what a study says: means, tests, paired changes, verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.evaluation.significance import (
    Doubles,
    FoldTest,
    PairedChange,
    fold_tests,
    paired_change,
    paired_t_test,
)
from facekp_train.studies.plans import Expectation, Row, Study

CLOSE = 5.0
"""Percent by which an error may rise and still count as close."""
_CHANCE = 0.05


@dataclass(frozen=True)
class Spread:
    """Mean over folds and sample standard deviation; None for a single fold."""

    mean: float
    sd: float | None


@dataclass(frozen=True)
class MethodChange:
    """A row beside its reference, over the folds that both have.

    mse, nme: paired over faces. folds: in how many the MSE goes the way that the mean goes, and of
    how many. t_test: p over folds. paper: the paper's change of MSE in percent. expect: what the
    paper says of it, None where it says nothing. verdict: whether that holds here.
    """

    against: str
    mse: PairedChange
    nme: PairedChange
    folds: tuple[int, int]
    t_test: float | None
    paper: float | None
    expect: Expectation | None
    verdict: str | None


@dataclass(frozen=True)
class RowSummary:
    """One row's figures. mse: in crops squared. nme: percent."""

    name: str
    at: float | None
    paper: float | None
    mse: Spread
    nme: Spread
    megabytes: float
    mmacs: float
    tests: list[FoldTest]
    change: MethodChange | None
    cells: list[dict[str, Any]]


def summarise(study: Study, cells: dict[str, list[dict[str, Any]]]) -> list[RowSummary]:
    """cells: the results of each row's folds by the method's name, in the order of folds."""
    by_name = {row.method.name: row for row in study.rows}
    return [_row(row, by_name, cells) for row in study.rows]


def _row(row: Row, rows: dict[str, Row], cells: dict[str, list[dict[str, Any]]]) -> RowSummary:
    own = cells[row.method.name]
    reference = rows.get(row.against) if row.against else None
    return RowSummary(
        name=row.method.name,
        at=row.at,
        paper=row.paper,
        mse=_spread([cell["mse"] for cell in own]),
        nme=_spread([cell["nme"] for cell in own]),
        megabytes=own[0]["megabytes"],
        mmacs=own[0]["mmacs"],
        tests=fold_tests([np.array(cell["squared"]) for cell in own]),
        change=reference and _change(row, reference, cells[reference.method.name], own),
        cells=own,
    )


def _change(
    row: Row, reference: Row, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> MethodChange:
    shared = sorted({cell["fold"] for cell in before} & {cell["fold"] for cell in after})
    before, after = ([cell for cell in cells if cell["fold"] in shared] for cells in (before, after))
    first, second, images = _paired(before, after, "squared")
    mse = paired_change(first, second, images)
    by_fold = [np.array([cell["mse"] for cell in cells]) for cells in (before, after)]
    p = paired_t_test(*by_fold)
    agree = int(np.sum(np.sign(by_fold[1] - by_fold[0]) == np.sign(mse.difference.value)))
    paper = (row.paper / reference.paper - 1) * 100 if row.paper and reference.paper else None
    return MethodChange(
        against=reference.method.name,
        mse=mse,
        nme=paired_change(*_paired(before, after, "errors")),
        folds=(agree, len(shared)),
        t_test=p,
        paper=paper,
        expect=row.expect,
        verdict=verdict(row, mse, (agree, len(shared)), p),
    )


def _paired(
    before: list[dict[str, Any]], after: list[dict[str, Any]], field: str
) -> tuple[Doubles, Doubles, NDArray[np.intp]]:
    """Errors of the faces that both methods were measured on, and the faces' images."""
    first, second, image = _by_face(before, field), _by_face(after, field), _by_face(before, "images")
    faces = sorted(first.keys() & second.keys())
    return (
        np.array([first[f] for f in faces]),
        np.array([second[f] for f in faces]),
        np.array([image[f] for f in faces], np.intp),
    )


def _by_face(cells: list[dict[str, Any]], field: str) -> dict[int, Any]:
    return {face: value for cell in cells for face, value in zip(cell["faces"], cell[field], strict=True)}


def verdict(row: Row, change: PairedChange, folds: tuple[int, int], p: float | None) -> str | None:
    """`holds`, `the opposite` or `not shown`. A change needs its whole interval and every fold.

    folds: those that agree with the whole, and how many there are. p: of a paired t-test over them.
    Where training's own chance is not ruled out, for there is one fold alone or p is 0.05 or more, the
    verdict says so.
    """
    if row.expect is None:
        return None
    low, high = change.percent.low, change.percent.high
    if row.expect == "close":
        text = "holds" if high < CLOSE else "the opposite" if low > CLOSE else "not shown"
    else:
        low, high = (-high, -low) if row.expect == "higher" else (low, high)
        agree = folds[0] == folds[1]
        text = "holds" if high < 0 and agree else "the opposite" if low > 0 and agree else "not shown"
    if text == "not shown":
        return text
    if folds[1] == 1:
        return f"{text} (one fold)"
    # A cost that is small differs from none in no fold: there a high p speaks for the claim.
    by_chance = p is not None and p >= _CHANCE and not (row.expect == "close" and text == "holds")
    return f"{text} (p {p:.2f} over folds)" if by_chance else text


def _spread(values: list[float]) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None)
