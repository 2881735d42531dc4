"""What a study leaves: report.md for people, results.json for machines, pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facekp_train.common.files import write_text, written_aside
from facekp_train.evaluation.published import PAPER
from facekp_train.studies.plans import Study
from facekp_train.studies.summary import RowSummary, deciding
from facekp_train.studies.tables import changes_table, errors_table, schedules_table, tests_table
from facekp_train.studies.verdicts import CLOSE

_PER_FACE = ("faces", "images", "errors", "squared")

_THOUSANDTHS = 1000


@dataclass(frozen=True)
class StudyResult:
    """A study that is done. settings: what was spent on what."""

    study: Study
    rows: list[RowSummary]
    settings: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Plain data. Every face's errors stay in the cells' own results."""
        rows = [asdict(row) for row in self.rows]
        for row in rows:
            row["cells"] = [_without_faces(cell) for cell in row["cells"]]
        return {
            "study": self.study.name, "title": self.study.title, "settings": self.settings, "rows": rows
        }  # fmt: skip

    def as_markdown(self) -> str:
        """The report."""
        study, rows = self.study, self.rows
        parts = [f"# {study.title}", settings_text(self.settings)]
        if study.axis is not None:
            parts.append(f"![{study.title}]({study.name}.png)")
        parts += ["## Errors", errors_table(rows), "## Changes", changes_table(rows), HOW_CHANGES]
        parts += ["## Schedules", schedules_table(rows), "![Schedules](schedules.png)", _HOW_SCHEDULES]
        parts += ["## Folds of a method", tests_table(rows), _HOW_TESTS]
        if study.notes:
            parts += ["## Notes", "\n".join(f"- {note}" for note in study.notes)]
        return "\n\n".join(parts) + "\n"


def write_study(folder: Path, result: StudyResult) -> None:
    """Write `report.md`, `results.json`, the schedules and the figure, where it is one, into a folder."""
    write_text(folder / "results.json", json.dumps(result.as_json(), allow_nan=False, indent=1))
    if result.study.axis is not None:
        _draw_errors(folder / f"{result.study.name}.png", result.study, result.rows)
    _draw_schedules(folder / "schedules.png", result.rows)
    write_text(folder / "report.md", result.as_markdown())


HOW_CHANGES = (
    "Change from the reference to the method on the same faces, in percent of the reference's error; a "
    "negative one is a gain. Every fold is a run: a training of its own, on other faces. *By run and "
    "image*: the 95 % interval of a bootstrap that draws runs, then images; *by image*: of one that draws "
    "images alone, and so knows nothing of chance in training; *by run (t)*: Student's interval over the "
    "runs. A verdict of *holds* or *does not hold* needs every run on one side of no change, and both "
    f"intervals over the runs with them; a small cost holds where they lie below {CLOSE:g} %, and is *not "
    "met at N steps* where they lie above, since a longer training might meet it. Where the paper says "
    "nothing the verdict is *lower*, *higher* or *not decided*. *(chance)*: the reference again with "
    "another seed. *Fold left out*: the same on the faces that the run did not learn from, where others "
    f"decide. The paper ({PAPER}) gives its MSE in units of its own, so that its relative changes alone "
    "compare."
)
_HOW_SCHEDULES = (
    "Steps and learning rate of each method's own last training. loss3 is that of the last epoch, on "
    "augmented crops, beside what a student pays that says the same of every face: where they are alike "
    "the teacher's features were not heard."
)
_HOW_TESTS = (
    "The paper's tests: p of a t-test (equal means) and of Levene's test (equal spreads, about the median) "
    "between the squared errors of two folds of one method, on the faces left out. They say how even the "
    "folds are."
)


def settings_text(settings: dict[str, Any]) -> str:
    """Settings as a list."""
    return "\n".join(f"- {name}: {_in_line(value)}" for name, value in settings.items())


def _in_line(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {_in_line(inner)}" for name, inner in value.items()) or "-"


def _without_faces(cell: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in cell.items() if name not in _PER_FACE}
    return {**kept, "unseen": kept["unseen"] and _without_faces({**kept["unseen"], "unseen": None})}


def _draw_errors(target: Path, study: Study, rows: list[RowSummary]) -> None:
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


def _draw_schedules(target: Path, rows: list[RowSummary]) -> None:
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
