"""What a study leaves: report.md for people, results.json for machines, pictures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facekp_train.common.files import write_text
from facekp_train.evaluation.published import PAPER
from facekp_train.studies.figures import draw_errors, draw_schedules
from facekp_train.studies.plans import Study
from facekp_train.studies.summary import RowSummary
from facekp_train.studies.tables import changes_table, errors_table, schedules_table, tests_table
from facekp_train.studies.verdicts import CLOSE

_PER_FACE = ("faces", "images", "errors", "squared")


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
        draw_errors(folder / f"{result.study.name}.png", result.study, result.rows)
    draw_schedules(folder / "schedules.png", result.rows)
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
