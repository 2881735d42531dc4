"""Whole studies, from folds to reports, on faces of colored discs; and their command."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lightning_fabric")
pytest.importorskip("joblib")

from facekp_train.cli import app
from facekp_train.common.console import UserError, run
from facekp_train.studies.cells import Cell, CellPlan
from facekp_train.studies.jobs import Workers
from facekp_train.studies.report import StudyResult
from facekp_train.studies.run import Chosen, cells_of, run_studies
from tests.support.models.quick_fits import QUICK, save_disc_teacher
from tests.support.models.tiny_studies import plan_of


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells that the tests below share, as studies do."""
    return tmp_path_factory.mktemp("cells")


def study(name: str, plan: CellPlan, out: Path, deep: bool = False) -> StudyResult:
    return run_studies(Chosen([name], deep=deep), plan, out, Workers())[0]


@pytest.mark.slow
def test_studies_leave_their_reports_and_what_they_rest_on(discs: Path, work: Path, tmp_path: Path) -> None:
    """Every kind of cell but ResNet-50's, on faces of a fold and on unseen ones; shared cells once."""
    chosen = Chosen(["distillation", "pruning"], deep=False)
    unseen = shutil.copytree(discs, tmp_path / "others")
    teacher = save_disc_teacher(tmp_path / "teacher.safetensors")
    plan = plan_of(discs, work, teacher=teacher, unseen=(f"mtfl:{unseen}",), unseen_split="train")
    results = run_studies(chosen, plan, tmp_path, Workers())
    assert len(list(work.glob("*/result.json"))) == len(cells_of(chosen.studies(plan), plan))
    for result in results:
        document = json.loads((tmp_path / result.study.name / "results.json").read_text())
        assert [row["name"] for row in document["rows"]] == [row.name for row in result.rows]
        for row in result.rows:
            assert [cell["fold"] for cell in row.cells] == [1, 2]
            assert sorted(face for cell in row.cells for face in cell["faces"]) == list(range(48))
            for figures in (*row.cells, *(cell["unseen"] for cell in row.cells)):
                assert figures["mse"] == pytest.approx(np.mean(figures["squared"]), rel=1e-4)
                assert figures["nme"] == pytest.approx(np.mean(figures["errors"]), rel=1e-4)
            assert [cell["unseen"]["faces"] for cell in row.cells] == [list(range(48))] * 2
        text = (tmp_path / result.study.name / "report.md").read_text()
        assert all(f"| {row.name} |" in text for row in result.rows)
        everything = text + (tmp_path / result.study.name / "results.json").read_text()
        assert str(discs) not in everything and str(work) not in everything and ".png " not in everything
    by_name = {row.name: row for result in results for row in result.rows}
    half = by_name["+ pruning 50%"].megabytes
    assert half == by_name["+ pruning 50%, layer by layer"].megabytes
    whole = by_name[plan.methods.unpruned().name].megabytes
    assert half == by_name["half the filters from the start"].megabytes < whole
    assert by_name["teacher"].training is None and by_name["teacher"].mse.sd == 0
    one = by_name["+ pruning 50%"].training
    pieces = by_name["+ pruning 50%, layer by layer"].training
    assert one and pieces and (one["rates"], one["steps"]) == (pieces["rates"], pieces["steps"])


def cell_of_two_epochs(plan: CellPlan) -> Cell:
    return Cell(plan, plan.methods.ratio_rh(0.2), 0)


def _study(plan: CellPlan, out: Path) -> None:
    os.setpgrp()
    study("lambda-rh", plan, out)


@pytest.mark.slow
@pytest.mark.training
def test_a_study_killed_inside_a_cell_ends_as_if_it_had_not_been(
    discs: Path, work: Path, tmp_path: Path
) -> None:
    """kill -9 after a cell's first epoch: the cell goes on with its second, the rest follows."""
    plan = plan_of(discs, tmp_path / "cells")
    process = multiprocessing.get_context("spawn").Process(target=_study, args=(plan, tmp_path))
    process.start()
    begun = cell_of_two_epochs(plan).run / "state.safetensors"
    while not begun.exists() and process.is_alive():
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert begun.exists() and not (tmp_path / "lambda-rh").exists()
    resumed = study("lambda-rh", plan, tmp_path)
    unbroken = study("lambda-rh", plan_of(discs, work), tmp_path / "unbroken")
    for one, two in zip(resumed.rows, unbroken.rows, strict=True):
        assert one.mse.mean == pytest.approx(two.mse.mean, rel=1e-3)
        assert [len(cell["faces"]) for cell in one.cells] == [24, 24]


@pytest.mark.slow
def test_the_heatmap_study_runs_resnet_on_fewer_folds(discs: Path, work: Path, tmp_path: Path) -> None:
    result = study("heatmap", plan_of(discs, work), tmp_path, deep=True)
    assert [len(row.cells) for row in result.rows] == [2, 2, 2, 1, 1]
    text = (tmp_path / "heatmap" / "report.md").read_text()
    assert re.search(r"\| ResNet-50, regression \| 1 \| [\d.]+ \|", text)
    change = result.rows[-1].change
    assert change is not None and change.mse.over_runs is None and change.verdict == "not decided"


def test_data_that_change_while_a_study_runs_are_noticed(discs: Path, tmp_path: Path) -> None:
    plan = replace(plan_of(discs, tmp_path), fingerprint="of other faces")
    with pytest.raises(UserError, match="changed since the study began"):
        study("lambda-rh", plan, tmp_path)


# The command


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense", "--data", "mtfl:{discs}"], "nonsense"),
        (["rates"], "--data"),
        (["rates", "--data", "nothing:{discs}"], "FORMAT"),
        (["rates", "--data", "mtfl:{discs}", "--folds", "1"], "folds"),
        (["rates", "--data", "mtfl:{discs}", "--set", "batch=-1"], "batch"),
        (["rates", "--data", "mtfl:{discs}", "--set", "epochs=3"], "give --epochs instead"),
        (["--data", "mtfl:{discs}", "--teacher", "{discs}/none.safetensors"], "does not exist"),
        (["--data", "mtfl:{discs}", "--teacher", "{discs}/0.png"], "not a readable safetensors file"),
        (["--data", "mtfl:{discs}", "--drop", "4"], "drop"),
        (["rates", "--data", "mtfl:{discs}", "--set", "lambda_dp=4"], "a study itself decides lambda_dp"),
        (["heatmap", "--data", "mtfl:{discs}", "--set", "heatmap_width=0"], "no heatmaps to study"),
        (["rates", "--data", "mtfl:{discs}", "--backbones", "resnet-50"], "mobilenet-v2"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_trained(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    words = [word.format(discs=discs) for word in arguments]
    with pytest.raises(SystemExit) as end:
        run(app, ["study", *words, "--out", str(tmp_path / "out")])
    assert end.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_command_prints_one_document(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [word for setting in QUICK if not setting.startswith("widths") for word in ("--set", setting)]
    faces = ["--data", f"mtfl:{discs}", "--folds", "2", "--limit", "40", "--epochs", "1"]
    with pytest.raises(SystemExit) as end:
        words = ["lambda-rh", *faces, *quick, "--workers", "2", "--out", str(tmp_path), "--json"]
        run(app, ["study", *words])
    assert end.value.code == 0
    document = json.loads(capsys.readouterr().out)
    assert document["study"] == "lambda-rh"
    assert [row["at"] for row in document["rows"]] == [0.2, 1, 5]
    assert document["settings"]["faces"].startswith("40, in 2 folds")
    assert (tmp_path / "lambda-rh" / "report.md").is_file()


@pytest.mark.slow
def test_a_dry_run_says_what_it_would_cost_and_trains_nothing(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [word for setting in QUICK if not setting.startswith("widths") for word in ("--set", setting)]
    faces = ["--data", f"mtfl:{discs}", "--folds", "2", "--limit", "40", "--epochs", "2"]
    with pytest.raises(SystemExit) as end:
        run(
            app, ["study", "lambda-dp", *faces, *quick, "--dry-run", "--json", "--out", str(tmp_path / "out")]
        )
    assert end.value.code == 0
    document = json.loads(capsys.readouterr().out)
    costs = {method["name"]: method for method in document["methods"]}
    assert {"teacher", "regression + heatmap", "+ distillation", "+ pruning 50%, ratio 5"} < costs.keys()
    assert document["core_hours"] == pytest.approx(sum(method["hours"] for method in costs.values()))
    assert all(method["hours"] > 0 for method in costs.values())
    assert costs["teacher"]["epochs"] == 4 and costs["teacher"]["faces_per_second"] > 0
    assert not (tmp_path / "out").exists()
