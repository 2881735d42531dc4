"""What a study says of its results: verdicts, comparisons, reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("lightning_fabric")
pytest.importorskip("joblib")

from hypothesis import given
from hypothesis import strategies as st

from facekp_train.evaluation.significance import Interval, RunsChange, t_interval
from facekp_train.studies.conclusions import claims_page
from facekp_train.studies.methods import Methods
from facekp_train.studies.plans import STUDIES, Expectation, Study
from facekp_train.studies.report import StudyResult, write_study
from facekp_train.studies.summary import summarize
from facekp_train.studies.tables import curve
from facekp_train.studies.verdicts import CLOSE, WITHHELD, side, verdict
from tests.support.models.tiny_studies import TINY

# Student's t of 2 degrees of freedom that leaves 2.5 % on each side, from a printed table.
_T2 = 4.303


def change(runs: Sequence[float], both: tuple[float, float] | None = None) -> RunsChange:
    low, high = both or (min(runs), max(runs))
    interval = Interval(float(np.mean(runs)), low, high)
    return RunsChange(interval, interval, tuple(runs), t_interval(np.array(runs)))


@pytest.mark.parametrize(
    ("expect", "runs", "both", "sentence"),
    [
        ("lower", [-9, -8, -7], None, "holds"),
        ("lower", [9, 8, 7], None, "does not hold"),
        ("lower", [-9, -8, 1], None, "not decided"),
        ("lower", [-9, -1, -1], None, "not decided"),  # all on one side, but they differ too much
        ("lower", [-9, -8, -7], (-12, 0.1), "not decided"),
        ("lower", [-9], None, "not decided"),
        ("lower", [-9, -8.9], None, "holds"),
        ("higher", [9, 8, 7], None, "holds"),
        ("higher", [-9, -8, -7], None, "does not hold"),
        ("close", [1, 2, 1.5], None, "holds"),
        ("close", [-9, -8, -7], None, "holds"),
        ("close", [4, 4.5, 5.5], None, "not decided"),
        ("close", [20, 21, 22], None, "not met at 1,180 steps"),
        ("close", [20, 21, 22], (4, 25), "not decided"),
        (None, [-9, -8, -7], None, "lower"),
        (None, [9, 8, 7], None, "higher"),
        (None, [-1, 0, 1], None, "not decided"),
    ],
)
def test_a_verdict_needs_every_run_and_both_intervals(
    expect: Expectation | None, runs: list[float], both: tuple[float, float] | None, sentence: str
) -> None:
    assert verdict(expect, change(runs, both), 1180) == sentence


@given(st.lists(st.floats(-20, 20), min_size=3, max_size=3), st.sampled_from(["lower", "higher", "close"]))
def test_verdicts_of_three_runs_are_those_of_brute_force(runs: list[float], expect: Expectation) -> None:
    """Three runs: every one on a side, and mean -+ 4.303 sd / sqrt(3) with them."""
    mean = sum(runs) / 3
    half = _T2 * (sum((run - mean) ** 2 for run in runs) / 2 / 3) ** 0.5
    edge = CLOSE if expect == "close" else 0.0
    if min(abs(mean + half - edge), abs(mean - half - edge)) < 0.01:
        return  # the table has three digits
    below = all(run < edge for run in runs) and mean + half < edge
    above = all(run > edge for run in runs) and mean - half > edge
    words = {"lower": ("holds", "does not hold"), "higher": ("does not hold", "holds")}
    low, high = words.get(expect, ("holds", "not met at 7 steps"))
    assert verdict(expect, change(runs), 7) == (low if below else high if above else "not decided")


def test_what_a_teacher_brings_is_withheld_unless_it_is_better() -> None:
    gain = change([-9, -8, -7])
    assert verdict("lower", gain, 1, teacher=change([-20, -21, -22])) == "holds"
    for teacher in ([20, 21, 22], [-20, -1, -2], [-20]):
        assert verdict("lower", gain, 1, teacher=change(teacher)) == WITHHELD
    assert side(change([0, 0, 0])) is None


# From cells to a report


def figures(squared: list[float], first: int) -> dict[str, Any]:
    faces = list(range(first, first + len(squared)))
    return {
        "mse": float(np.mean(squared)), "nme": 5.0, "faces": faces, "images": faces, "squared": squared,
        "errors": squared, "normaliser": "inter_pupil",
    }  # fmt: skip


def stored(fold: int, share: float, given: bool = False) -> dict[str, Any]:
    """A cell's result whose errors are a share of what those faces usually give."""
    random = np.random.default_rng(fold)
    training = {
        "epochs": 2, "steps": 120, "seconds": 3600.0, "rates": [1e-3, 1e-6], "loss_features": 0.4,
        "loss_features_constant": 1.1,
    }  # fmt: skip
    own = random.uniform(1e-3, 2e-3, 10) * share
    unseen = np.random.default_rng(9).uniform(1e-3, 2e-3, 20) * share * random.uniform(0.99, 1.01)
    return {
        "method": "-", "fold": fold + 1, "megabytes": 1.0, "mmacs": 2.0,
        "training": None if given else training,
        **figures(own.tolist(), 10 * fold), "unseen": figures(unseen.tolist(), 0),
    }  # fmt: skip


def result_of(name: str, shares: dict[str, float], without: str = "") -> StudyResult:
    """A study of stored cells; a method without a share has 1."""
    study = STUDIES[name](Methods(TINY)).without(0, deep=False)
    cells = {
        row.method.name: [
            stored(fold, shares.get(row.method.name, 1.0), row.method.name == without) for fold in range(3)
        ]
        for row in study.rows
    }
    settings = {"data": "drawn", "faces": "30, in 3 folds", "faces that decide": "20", "budget": "tiny"}
    return StudyResult(study, summarize(study, cells), settings)


def test_methods_are_compared_run_by_run_on_unseen_faces() -> None:
    rows = {row.name: row for row in result_of("heatmap", {"regression + heatmap": 0.9}).rows}
    compared = rows["regression + heatmap"].change
    assert compared is not None and compared.against == "regression"
    assert compared.mse.runs == pytest.approx((-10, -10, -10)) and compared.verdict == "holds"
    assert compared.left_out is not None and compared.left_out.over_both.value == pytest.approx(-10)
    assert compared.paper == pytest.approx((0.0462 / 0.0556 - 1) * 100)
    chance = rows["regression + heatmap, another seed"]
    assert chance.chance and chance.change is not None and chance.change.verdict == "higher"
    assert len(rows["regression"].tests) == 3


def test_faces_and_folds_that_one_method_lacks_are_left_out_of_the_pair() -> None:
    study = Study("heatmap", "-", STUDIES["heatmap"](Methods(TINY)).rows[:2])
    plain, joint = (row.method.name for row in study.rows)
    cells = {name: [stored(fold, 1.0) for fold in range(3)] for name in (plain, joint)}
    for cell in (cell for arm in cells.values() for cell in arm):
        cell["unseen"] = None
    missing = cells[joint][0]
    for field in ("faces", "images", "squared", "errors"):
        missing[field] = missing[field][1:]
    cells[joint] = cells[joint][:2]
    compared = summarize(study, cells)[1].change
    assert compared is not None and compared.mse.runs == (0, 0) and compared.left_out is None


def test_the_teacher_stands_beside_its_students_and_decides_whether_they_count() -> None:
    better = result_of("distillation", {"+ distillation": 0.9, "teacher": 0.5}, without="teacher")
    rows = {row.name: row.change for row in better.rows}
    assert rows["+ distillation"] is not None and rows["+ distillation"].verdict == "holds"
    assert rows["teacher"] is not None and rows["teacher"].verdict == "lower"
    worse = result_of("distillation", {"+ distillation": 0.9, "teacher": 1.5}, without="teacher")
    withheld = [row.name for row in worse.rows if row.change and row.change.verdict == WITHHELD]
    assert withheld == ["+ distillation", "+ the teacher's coordinates alone"]
    assert WITHHELD.capitalize() in claims_page([worse])


def test_a_report_shows_every_run_schedule_and_loss(tmp_path: Path) -> None:
    result = result_of("rates", {"+ pruning 50%": 1.3})
    write_study(tmp_path, result)
    text = (tmp_path / "report.md").read_text()
    assert "| +30.0, +30.0, +30.0 |" in text and "not met at 120 steps" in text
    assert "| + pruning 50% | 2 | 120 | 0.001 to 1e-06 | 0.400 | 1.100 | - |" in text
    for picture in ("rates.png", "schedules.png"):
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    assert "squared" not in (tmp_path / "results.json").read_text()


def test_all_claims_stand_on_one_page_once() -> None:
    page = claims_page(
        [result_of(name, {"+ pruning 50%": 1.3}) for name in ("distillation", "rates", "length")]
    )
    assert page.count("| + pruning 50% | + pruning 0% |") == 1
    assert (
        "**Not met at 120 steps**: + pruning 50% has a small cost beside + pruning 0%, there +2.5 %" in page
    )
    assert "| + features of other faces |" in page.partition("## What the paper leaves open")[2]
    assert "| + training on, another seed |" in page.partition("## Chance alone")[2]


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([1e-3, 5e-4, 1e-6], "0.001 to 1e-06"),
        ([5e-4, 1e-3, 5e-4, 1e-6], "0.001 to 1e-06"),
        ([1e-3, 1e-6, 1e-3, 1e-6], "0.001 to 1e-06, 2 times"),
        ([1e-3], "0.001 to 0.001"),
    ],
)
def test_a_curve_in_words(rates: list[float], words: str) -> None:
    assert curve(rates) == words
