"""One page over all studies: which of the paper's claims hold here, and what else was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from facekp_train.common.files import write_text
from facekp_train.common.markdown import markdown_table
from facekp_train.studies.report import HOW_CHANGES, StudyResult, settings_text
from facekp_train.studies.summary import MethodChange, RowSummary
from facekp_train.studies.tables import IN_WORDS, each_run, interval, percent, spread
from facekp_train.studies.verdicts import WITHHELD

_SHARED = ("data", "faces", "faces that decide", "budget")


def write_claims(target: Path, results: Sequence[StudyResult]) -> None:
    """Write the page."""
    write_text(target, claims_page(results))


def claims_page(results: Sequence[StudyResult]) -> str:
    """Markdown: conclusions in a sentence each, the claims, the questions, chance, the teacher."""
    shared = {name: results[0].settings[name] for name in _SHARED}
    claims = [found for found in _compared(results) if found[2].expect is not None]
    asked = [found for found in _compared(results) if found[2].expect is None]
    questions = [found for found in asked if not found[1].chance]
    chance = [found for found in asked if found[1].chance]
    parts = ["# Which of the paper's claims hold here", settings_text(shared)]
    parts += ["\n".join(f"- {_sentence(row, change)}" for _, row, change in claims)]
    parts += ["## The paper's claims", _claims_table(claims)]
    parts += ["## What the paper leaves open", _questions_table(questions)]
    parts += ["## Chance alone", _questions_table(chance), _HOW_CHANCE]
    parts += ["## How to read it", HOW_CHANGES]
    return "\n\n".join(parts) + "\n"


_Found = tuple[StudyResult, RowSummary, MethodChange]

_HOW_CHANCE = (
    "The same method with another seed: order, augmentation and fresh weights differ and nothing else. A "
    "change of another row that is no larger is no more than chance."
)


def _compared(results: Sequence[StudyResult]) -> Iterator[_Found]:
    """Every row with a reference, once, however many studies show it."""
    seen: set[tuple[str, str]] = set()
    for result in results:
        for row in result.rows:
            if row.change is not None and (row.name, row.change.against) not in seen:
                seen.add((row.name, row.change.against))
                yield result, row, row.change


def _sentence(row: RowSummary, change: MethodChange) -> str:
    there = "" if change.paper is None else f", there {percent(change.paper)} of the MSE"
    here = "" if change.verdict == WITHHELD else f", here {interval(change.mse.over_both)}"
    claim = f"{row.name} has {IN_WORDS[change.expect]} beside {change.against}"
    return f"**{change.verdict[0].upper()}{change.verdict[1:]}**: {claim}{there}{here}"


def _claims_table(found: Sequence[_Found]) -> str:
    head = (
        "study", "method", "against", "the paper says", "MSE there", "MSE here", "each run", "steps",
        "verdict",
    )  # fmt: skip
    return markdown_table(head, (
        (
            _link(result), row.name, change.against, IN_WORDS[change.expect], percent(change.paper),
            interval(change.mse.over_both), each_run(change.mse.runs), _steps(row), change.verdict,
        )
        for result, row, change in found
    ))  # fmt: skip


def _questions_table(found: Sequence[_Found]) -> str:
    head = ("study", "method", "against", "its NME, %", "MSE", "each run", "by run (t)", "steps", "verdict")
    return markdown_table(head, (
        (
            _link(result), row.name, change.against, spread(row.nme, 1, 2), interval(change.mse.over_both),
            each_run(change.mse.runs), interval(change.mse.over_runs), _steps(row), change.verdict,
        )
        for result, row, change in found
    ))  # fmt: skip


def _link(result: StudyResult) -> str:
    return f"[{result.study.name}]({result.study.name}/report.md)"


def _steps(row: RowSummary) -> str:
    return "-" if row.training is None else f"{row.training['steps']:,}"
