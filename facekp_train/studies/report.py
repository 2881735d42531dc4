"""What a study leaves: report.md for people, results.json for machines, a figure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facekp_train.common.files import write_text, written_aside
from facekp_train.evaluation.published import PAPER
from facekp_train.evaluation.significance import Interval
from facekp_train.studies.plans import Study
from facekp_train.studies.summary import CLOSE, RowSummary, Spread

_IN_WORDS = {"lower": "a lower error", "higher": "a higher error", "close": "a small cost"}
_PER_FACE = ("faces", "images", "errors", "squared")


@dataclass(frozen=True)
class StudyResult:
    """A study that is done. settings: what was spent on what."""

    study: Study
    rows: list[RowSummary]
    settings: dict[str, Any]

    def as_json(self, per_face: bool = True) -> dict[str, Any]:
        """Plain data; with every face's errors by its number in the data, or without."""
        left_out = () if per_face else _PER_FACE
        rows = [asdict(row) for row in self.rows]
        for row in rows:
            row["cells"] = [{k: v for k, v in cell.items() if k not in left_out} for cell in row["cells"]]
        return {
            "study": self.study.name, "title": self.study.title, "settings": self.settings, "rows": rows
        }  # fmt: skip

    def as_markdown(self) -> str:
        """The report."""
        return _report(self.study, self.rows, self.settings)


def write_study(folder: Path, result: StudyResult) -> None:
    """Write `report.md`, `results.json` and the figure, where it is one, into a folder."""
    text = json.dumps(result.as_json(), allow_nan=False, separators=(",", ":"))
    write_text(folder / "results.json", text)
    if result.study.axis is not None:
        draw_figure(folder / f"{result.study.name}.png", result.study, result.rows)
    write_text(folder / "report.md", result.as_markdown())


def write_claims(target: Path, results: Sequence[StudyResult]) -> None:
    """One table of every claim of the paper that the studies tested."""
    head = (
        "study",
        "method",
        "against",
        "the paper says",
        "MSE there",
        "MSE here",
        "folds that agree",
        "verdict",
    )
    table = _table(head, (
        (
            f"[{result.study.name}]({result.study.name}/report.md)", row.name, change.against,
            _IN_WORDS[change.expect], "-" if change.paper is None else f"{change.paper:+.1f} %",
            _interval(change.mse.percent), f"{change.folds[0]} of {change.folds[1]}", change.verdict,
        )
        for result in results
        for row in result.rows
        if (change := row.change) is not None and change.expect is not None
    ))  # fmt: skip
    text = "\n\n".join(["# Which of the paper's claims hold here", table, _HOW_CHANGES])
    write_text(target, text + "\n")


def draw_figure(target: Path, study: Study, rows: list[RowSummary]) -> None:
    """Measured MSE with its spread over folds, and the paper's values scaled to the same reference."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    placed = [row for row in rows if row.at is not None]
    places = [str(f"{row.at:g}") for row in placed]
    scale = 1000
    axes.errorbar(
        places, [row.mse.mean * scale for row in placed],
        yerr=[(row.mse.sd or 0) * scale for row in placed], marker="o", capsize=4, label="measured",
    )  # fmt: skip
    reference = next(row for row in placed if row.change is None)
    if reference.paper is not None:
        known = [(place, row.paper) for place, row in zip(places, placed, strict=True) if row.paper]
        scaled = [value / reference.paper * reference.mse.mean * scale for _, value in known]
        axes.plot([place for place, _ in known], scaled, "x--", color="0.5", label="the paper's change")
    axes.set(xlabel=study.axis, ylabel="MSE, thousandths of a crop squared", title=study.title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=130)


def _report(study: Study, rows: list[RowSummary], settings: dict[str, Any]) -> str:
    parts = [f"# {study.title}", _settings_text(settings)]
    if study.axis is not None:
        parts.append(f"![{study.title}]({study.name}.png)")
    parts += ["## Errors", _errors_table(rows), "## Changes", _changes_table(rows), _HOW_CHANGES]
    parts += ["## Folds of a method", _tests_table(rows), _HOW_TESTS]
    if study.notes:
        parts += ["## Notes", "\n".join(f"- {note}" for note in study.notes)]
    return "\n\n".join(parts) + "\n"


_HOW_CHANGES = (
    "Change from the reference to the method on the same faces, in percent of the reference's error, with "
    "the 95 % interval of a bootstrap over images; a negative one is a gain. The interval knows which faces "
    "were tested, not how training varies by chance: see in how many folds the MSE moves the same way, and p "
    "of a paired t-test over the folds. A verdict of *holds* or *the opposite* needs the whole interval and "
    f"every fold (where the claim is a small cost: the interval below {CLOSE:g} %, or above it); p beside it "
    "says that the folds alone do not rule out the chance of training. The paper "
    f"({PAPER}) gives its MSE in units of its own, so that its relative changes alone compare."
)
_HOW_TESTS = (
    "The paper's tests: p of a t-test (equal means) and of Levene's test (equal spreads, about the median) "
    "between the squared errors of two folds of one method. They say how even the folds are."
)


def _settings_text(settings: dict[str, Any]) -> str:
    return "\n".join(f"- {name}: {_in_line(value)}" for name, value in settings.items())


def _in_line(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {_in_line(inner)}" for name, inner in value.items()) or "-"


def _errors_table(rows: list[RowSummary]) -> str:
    head = ("method", "folds", "MSE, 1e-3 crops²", "NME, %", "MB", "MMACs", "epochs", "the paper's MSE")
    return _table(head, (
        (
            row.name, len(row.cells), _spread(row.mse, 1000, 4), _spread(row.nme, 1, 3),
            f"{row.megabytes:.2f}", f"{row.mmacs:.1f}", row.cells[0]["training"]["epochs"],
            "-" if row.paper is None else f"{row.paper:.4f}",
        )
        for row in rows
    ))  # fmt: skip


def _changes_table(rows: list[RowSummary]) -> str:
    head = (
        "method",
        "against",
        "MSE",
        "NME",
        "the paper's MSE",
        "folds that agree",
        "p over folds",
        "the paper's claim",
    )
    return _table(head, (
        (
            row.name, change.against, _interval(change.mse.percent), _interval(change.nme.percent),
            "-" if change.paper is None else f"{change.paper:+.1f} %",
            f"{change.folds[0]} of {change.folds[1]}", _p(change.t_test), change.verdict or "-",
        )
        for row in rows
        if (change := row.change) is not None
    ))  # fmt: skip


def _tests_table(rows: list[RowSummary]) -> str:
    head = ("method", "folds", "t-test, p", "Levene, p")
    return _table(head, (
        (row.name, f"{test.first + 1} and {test.second + 1}", _p(test.t_test), _p(test.levene))
        for row in rows
        for test in row.tests
    ))  # fmt: skip


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _spread(spread: Spread, scale: float, digits: int) -> str:
    mean = f"{spread.mean * scale:.{digits}f}"
    return mean if spread.sd is None else f"{mean} ± {spread.sd * scale:.{digits}f}"


def _interval(interval: Interval) -> str:
    return f"{interval.value:+.1f} % [{interval.low:+.1f}, {interval.high:+.1f}]"


def _p(p: float | None) -> str:
    return "-" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
