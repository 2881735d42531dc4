"""A model's figures by condition: which faces still cost error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.common.console import out
from facekp_train.evaluation.conditions import Condition
from facekp_train.evaluation.metrics import FAILURE_THRESHOLDS, Evaluation, failure_rate, in_words
from facekp_train.samples import FaceSample


@dataclass(frozen=True)
class GroupFigures:
    """n faces; NME and median in percent of the evaluation's normaliser, percent of faces above 8 and 10."""

    n: int
    nme: float
    median: float
    failure_rate: dict[str, float]


@dataclass(frozen=True)
class ByCondition:
    """The counted faces of an evaluation grouped by one condition.

    members: each face's group, in the order of `Evaluation.errors`. figures: by group, in the
    condition's order; groups without a face are left out, so that their `n` add up to all faces.
    """

    condition: Condition
    members: list[str]
    figures: dict[str, GroupFigures]


def group_by(
    conditions: Sequence[Condition], evaluation: Evaluation, samples: Sequence[FaceSample]
) -> list[ByCondition]:
    """An evaluation's faces by each condition; `samples` are those that it was made of."""
    grouped = []
    for condition in conditions:
        members = [condition.group(samples[face]) for face in evaluation.counted.tolist()]
        places = np.array(members)
        figures = {name: _figures(evaluation.errors[places == name]) for name in condition.ordered(members)}
        grouped.append(ByCondition(condition, members, figures))
    return grouped


def by_as_json(grouped: Sequence[ByCondition]) -> dict[str, Any]:
    """Plain data for `by` of `--json`: condition -> group -> figures."""
    return {
        by.condition.name: {name: asdict(figures) for name, figures in by.figures.items()} for by in grouped
    }


def print_by(grouped: Sequence[ByCondition], normaliser: str) -> None:
    """A table for each condition on stdout."""
    over, limit = in_words(normaliser), FAILURE_THRESHOLDS[-1]
    for by in grouped:
        out.print(f"by {by.condition.name}: {by.condition.meaning}", markup=False, soft_wrap=True)
        table = Table(by.condition.name)
        for heading in ("faces", f"NME over {over}", "median", f"above {limit} %"):
            table.add_column(heading, justify="right")
        for name, figures in by.figures.items():
            percents = (figures.nme, figures.median, figures.failure_rate[f"{limit}"])
            table.add_row(name, f"{figures.n:,}", *(f"{percent:.2f} %" for percent in percents))
        out.print(table)


def _figures(errors: NDArray[np.float64]) -> GroupFigures:
    return GroupFigures(
        n=len(errors),
        nme=float(errors.mean()),
        median=float(np.median(errors)),
        failure_rate={f"{limit}": failure_rate(errors, limit) for limit in FAILURE_THRESHOLDS},
    )
