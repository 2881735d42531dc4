"""Whole studies, from folds to reports, on faces of colored discs; and their command."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
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
from facekp_train.studies.methods import Methods
from facekp_train.studies.plans import STUDIES
from facekp_train.studies.report import write_claims
from facekp_train.studies.run import run_study
from tests.support.models.quick_fits import QUICK
from tests.support.models.tiny_studies import TINY, plan_of


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells that the tests below share, as studies do."""
    return tmp_path_factory.mktemp("cells")


@pytest.mark.slow
def test_a_study_leaves_its_report_and_what_it_rests_on(discs: Path, work: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, work)
    result = run_study("distillation", plan, tmp_path, Workers())
    document = json.loads((tmp_path / "distillation" / "results.json").read_text())
    names = [row["name"] for row in document["rows"]]
    assert names == [row.name for row in result.rows]
    for row in document["rows"]:
        assert [cell["fold"] for cell in row["cells"]] == [1, 2]
        assert sorted(face for cell in row["cells"] for face in cell["faces"]) == list(range(48))
        for cell in row["cells"]:
            assert cell["mse"] == pytest.approx(np.mean(cell["squared"]), rel=1e-4)
            assert cell["nme"] == pytest.approx(np.mean(cell["errors"]), rel=1e-4)
    size = {row["name"]: row["megabytes"] for row in document["rows"]}
    assert size["+ pruning 50%"] < size["+ distillation"] == size["+ distillation, trained on"]
    text = (tmp_path / "distillation" / "report.md").read_text()
    assert all(f"| {name} |" in text for name in names)
    everything = text + (tmp_path / "distillation" / "results.json").read_text()
    assert str(discs) not in everything and str(work) not in everything and ".png " not in everything


@pytest.mark.slow
def test_a_second_study_computes_only_what_is_new(discs: Path, work: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, work)
    run_study("distillation", plan, tmp_path, Workers())
    times = {file: file.stat().st_mtime_ns for file in work.glob("*/result.json")}
    result = run_study("rates", plan, tmp_path, Workers())
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert len(list(work.glob("*/result.json"))) == len(times) + 2 * 2, "rates of 10 and 90 % on two folds"
    assert (tmp_path / "rates" / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert [row.at for row in result.rows] == [0, 10, 50, 90]
    assert [row.megabytes for row in result.rows] == sorted((r.megabytes for r in result.rows), reverse=True)


def regression_cells(plan: CellPlan) -> list[Cell]:
    return [
        Cell(plan, row.method, fold) for row in STUDIES["lambda-rh"](Methods(TINY)).rows for fold in range(2)
    ]


def _study(plan: CellPlan, out: Path) -> None:
    os.setpgrp()
    run_study("lambda-rh", plan, out, Workers())


@pytest.mark.slow
@pytest.mark.training
def test_a_study_killed_inside_a_cell_ends_as_if_it_had_not_been(
    discs: Path, work: Path, tmp_path: Path
) -> None:
    """kill -9 after a cell's first epoch: the cell goes on with its second, the rest follows."""
    plan = plan_of(discs, tmp_path / "cells")
    process = multiprocessing.get_context("spawn").Process(target=_study, args=(plan, tmp_path))
    process.start()
    begun = regression_cells(plan)[0].folder / "run" / "state.safetensors"
    while not begun.exists() and process.is_alive():
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert begun.exists() and not (tmp_path / "lambda-rh").exists()
    resumed = run_study("lambda-rh", plan, tmp_path, Workers())
    unbroken = run_study("lambda-rh", plan_of(discs, work), tmp_path / "unbroken", Workers())
    for one, two in zip(resumed.rows, unbroken.rows, strict=True):
        assert one.mse.mean == pytest.approx(two.mse.mean, rel=1e-3)
        assert [len(cell["faces"]) for cell in one.cells] == [24, 24]


@pytest.mark.slow
def test_the_heatmap_study_runs_resnet_on_fewer_folds(discs: Path, work: Path, tmp_path: Path) -> None:
    result = run_study("heatmap", plan_of(discs, work), tmp_path, Workers())
    assert [len(row.cells) for row in result.rows] == [2, 2, 2, 1, 1]
    text = (tmp_path / "heatmap" / "report.md").read_text()
    assert re.search(r"\| ResNet-50, regression \| 1 \| [\d.]+ \|", text)
    shallow = run_study("heatmap", plan_of(discs, work), tmp_path, Workers(), deep=False)
    assert [row.name for row in shallow.rows] == [row.name for row in result.rows[:3]]


@pytest.mark.slow
def test_all_claims_stand_in_one_table(discs: Path, work: Path, tmp_path: Path) -> None:
    results = [
        run_study(name, plan_of(discs, work), tmp_path, Workers()) for name in ("distillation", "rates")
    ]
    write_claims(tmp_path / "claims.md", results)
    rows = (tmp_path / "claims.md").read_text().splitlines()[4:9]
    assert [re.findall(r"^\| \[([\w-]+)\]\(\1/report.md\) \| ([^|]+) \|", row) for row in rows] == [
        [("distillation", "+ distillation")],
        [("distillation", "+ pruning 50%")],
        *([("rates", f"+ pruning {rate}%")] for rate in (10, 50, 90)),
    ]


def test_data_that_change_while_a_study_runs_are_noticed(discs: Path, tmp_path: Path) -> None:
    plan = replace(plan_of(discs, tmp_path), fingerprint="of other faces")
    with pytest.raises(UserError, match="changed since the study began"):
        run_study("lambda-rh", plan, tmp_path, Workers())


# The command


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nonsense", "--data", "mtfl:{discs}"], "nonsense"),
        (["rates"], "--data"),
        (["rates", "--data", "nothing:{discs}"], "FORMAT"),
        (["rates", "--data", "mtfl:{discs}", "--folds", "1"], "folds"),
        (["rates", "--data", "mtfl:{discs}", "--set", "epochs=-1"], "epochs"),
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
    assert [row["at"] for row in document["rows"]] == [0.2, 0.5, 1, 2, 5]
    assert document["settings"]["faces"].startswith("40, in 2 folds")
    assert (tmp_path / "lambda-rh" / "report.md").is_file()
