"""The tables of a study's report."""

from __future__ import annotations

from collections.abc import Sequence

from facekp_train.common.markdown import markdown_table
from facekp_train.evaluation.significance import Interval
from facekp_train.studies.summary import RowSummary, Spread

IN_WORDS = {"lower": "a lower error", "higher": "a higher error", "close": "a small cost", None: "-"}
"""What the paper says of an error."""


def errors_table(rows: list[RowSummary]) -> str:
    """Errors and sizes of every method."""
    head = ("method", "runs", "MSE, 1e-3 crops²", "NME, %", "MB", "MMACs", "the paper's MSE")
    return markdown_table(head, (
        (
            row.name, len(row.cells), spread(row.mse, 1000, 4), spread(row.nme, 1, 3),
            f"{row.megabytes:.2f}", f"{row.mmacs:.1f}", "-" if row.paper is None else f"{row.paper:.4f}",
        )
        for row in rows
    ))  # fmt: skip


def changes_table(rows: list[RowSummary]) -> str:
    """Every method beside its reference."""
    head = (
        "method", "against", "MSE, by run and image", "by image", "each run", "by run (t)", "NME",
        "fold left out", "the paper's MSE", "the paper says", "verdict",
    )  # fmt: skip
    return markdown_table(head, (
        (
            row.name, change.against, interval(change.mse.over_both), interval(change.mse.over_images),
            each_run(change.mse.runs), interval(change.mse.over_runs), interval(change.nme.over_both),
            interval(change.left_out and change.left_out.over_both), percent(change.paper),
            IN_WORDS[change.expect], "(chance) " * row.chance + change.verdict,
        )
        for row in rows
        if (change := row.change) is not None
    ))  # fmt: skip


def schedules_table(rows: list[RowSummary]) -> str:
    """How each method was trained, and whether it heard its teacher."""
    head = (
        "method", "epochs", "steps", "learning rate", "loss3", "a constant's loss3",
        "other than its reference",
    )  # fmt: skip
    return markdown_table(head, (
        (
            row.name, training["epochs"], f"{training['steps']:,}", curve(training["rates"]),
            *(_loss3(training[f"loss_features{kind}"]) for kind in ("", "_constant")),
            row.other_schedule or "-",
        )
        for row in rows
        if (training := row.training) is not None
    ))  # fmt: skip


def tests_table(rows: list[RowSummary]) -> str:
    """The paper's tests between the folds of a method."""
    head = ("method", "folds", "t-test, p", "Levene, p")
    return markdown_table(head, (
        (row.name, f"{test.first + 1} and {test.second + 1}", _p(test.t_test), _p(test.levene))
        for row in rows
        for test in row.tests
    ))  # fmt: skip


def curve(rates: Sequence[float]) -> str:
    """The rates at the ends of epochs, in words."""
    rises = [i for i in range(1, len(rates)) if rates[i] > rates[i - 1]]
    top = max(range(len(rates)), key=rates.__getitem__)
    pieces = 1 + sum(i > top and i - 1 not in rises for i in rises)
    times = "" if pieces == 1 else f", {pieces} times"
    return f"{max(rates):.2g} to {rates[-1]:.2g}{times}"


def spread(value: Spread, scale: float, digits: int) -> str:
    """A mean, and how far the runs lie apart."""
    mean = f"{value.mean * scale:.{digits}f}"
    return mean if value.sd is None else f"{mean} ± {value.sd * scale:.{digits}f}"


def interval(value: Interval | None) -> str:
    """A change in percent with its interval."""
    return "-" if value is None else f"{value.value:+.1f} % [{value.low:+.1f}, {value.high:+.1f}]"


def each_run(changes: Sequence[float]) -> str:
    """Every run's change in percent."""
    return ", ".join(f"{change:+.1f}" for change in changes)


def percent(value: float | None) -> str:
    """A change in percent without one."""
    return "-" if value is None else f"{value:+.1f} %"


def _loss3(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _p(p: float | None) -> str:
    return "-" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
