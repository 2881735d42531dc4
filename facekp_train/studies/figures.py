"""The pictures of a study's report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.common.files import written_aside
from facekp_train.studies.plans import Study
from facekp_train.studies.summary import RowSummary, deciding

_THOUSANDTHS = 1000


def draw_errors(target: Path, study: Study, rows: list[RowSummary]) -> None:
    """MSE along the axis: every run, mean and spread, and the paper's values scaled to the reference."""
    figure, axes = _canvas()
    placed = [row for row in rows if row.at is not None]
    places = [f"{row.at:g}" for row in placed]
    axes.errorbar(
        places, [row.mse.mean * _THOUSANDTHS for row in placed],
        yerr=[(row.mse.sd or 0) * _THOUSANDTHS for row in placed], marker="o", capsize=4,
        label="mean of the runs",
    )  # fmt: skip
    runs = [(p, deciding(cell)["mse"]) for p, row in zip(places, placed, strict=True) for cell in row.cells]
    axes.plot(
        [place for place, _ in runs], [mse * _THOUSANDTHS for _, mse in runs], "_", color="C1", markersize=12,
        label="each run",
    )  # fmt: skip
    reference = next(row for row in placed if row.change is None)
    known = [(place, row.paper) for place, row in zip(places, placed, strict=True) if row.paper]
    if reference.paper is not None and len(known) > 1:
        scaled = [value / reference.paper * reference.mse.mean * _THOUSANDTHS for _, value in known]
        axes.plot([place for place, _ in known], scaled, "x--", color="0.5", label="the paper's change")
    axes.set(xlabel=study.axis, ylabel="MSE, thousandths of a crop squared", title=study.title)
    _save(target, figure, axes)


def draw_schedules(target: Path, rows: list[RowSummary]) -> None:
    """The learning rate of every method by step; those with one schedule lie on one line."""
    figure, axes = _canvas()
    together: dict[tuple[tuple[float, ...], int], list[str]] = {}
    for row in rows:
        if row.training is not None:
            schedule = (tuple(row.training["rates"]), row.training["steps"])
            together.setdefault(schedule, []).append(row.name)
    for (rates, steps), names in together.items():
        places = [steps * (epoch + 1) / len(rates) for epoch in range(len(rates))]
        label = names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        axes.plot(places, rates, marker=".", label=label)
    axes.set(xlabel="step", ylabel="learning rate at the end of an epoch", title="Schedules")
    _save(target, figure, axes)


def _canvas() -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _save(target: Path, figure: Any, axes: Any) -> None:
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=130)
