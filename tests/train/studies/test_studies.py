"""What a study is made of: folds, cells, comparisons, verdicts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightning_fabric")
pytest.importorskip("joblib")

import torch

from facekp_train.batches.loader import Batch
from facekp_train.common.console import UserError
from facekp_train.evaluation.significance import Interval, PairedChange
from facekp_train.networks.keypoint_net import NetConfig, Prediction
from facekp_train.studies.cells import Cell
from facekp_train.studies.faces import FaceFolds
from facekp_train.studies.methods import SPENDINGS, Methods, Spending
from facekp_train.studies.plans import STUDIES, Row
from facekp_train.studies.summary import summarise, verdict
from facekp_train.training.losses import JointLoss, LossSettings
from tests.support.models.tiny_studies import TINY, plan_of

# Folds


def test_every_image_is_tested_once_and_never_by_a_net_that_learnt_from_it(discs: Path) -> None:
    faces = FaceFolds((f"mtfl:{discs}",), None, 3, None, 0).load()
    assert sorted(np.concatenate([faces.tested(fold) for fold in range(3)])) == list(range(48))
    for fold in range(3):
        tested = {faces.faces[i].sample.image for i in faces.tested(fold)}
        learnt, watched = ({face.sample.image for face in part} for part in faces.training(fold))
        assert len(tested) == 16 and len(learnt | watched) == 32 and watched
        assert not tested & (learnt | watched) and not learnt & watched


def test_faces_of_one_photograph_stay_together(discs: Path, tmp_path: Path) -> None:
    shutil.copytree(discs, tmp_path, dirs_exist_ok=True)
    rows = (tmp_path / "trainImageList.txt").read_text().splitlines()
    second = [
        " ".join([name, *(f"{float(v) + 20:.4f}" for v in rest)]) for name, *rest in map(str.split, rows)
    ]
    (tmp_path / "trainImageList.txt").write_text("\n".join([*rows, *second]) + "\n")
    faces = FaceFolds((f"mtfl:{tmp_path}",), None, 3, None, 0).load()
    assert len(faces.faces) == 96
    for image in range(48):
        assert len(set(faces.folds[faces.images == image])) == 1


def test_the_limit_draws_images_by_the_seed(discs: Path) -> None:
    source = FaceFolds((f"mtfl:{discs}",), None, 2, 20, 0)
    numbers = source.load().numbers.tolist()
    assert len(numbers) == 20 and numbers == source.load().numbers.tolist()
    assert numbers != replace(source, seed=1).load().numbers.tolist()
    with pytest.raises(UserError, match="too few for 3 folds"):
        replace(source, folds=3, limit=5).load()


# Cells


def test_cells_that_differ_in_anything_have_keys_of_their_own(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path)
    methods = Methods(TINY)
    cells = [
        Cell(plan, methods.joint(), 0),
        Cell(plan, methods.joint(), 1),
        Cell(plan, methods.joint(2.0), 0),
        Cell(plan, methods.joint(chance=1), 0),
        Cell(plan, methods.regression(), 0),
        Cell(plan, methods.teacher(), 0),
        Cell(plan, methods.distilled(), 0),
        Cell(plan, methods.joint_on(), 0),
        Cell(plan, methods.pruned(0.5), 0),
        Cell(plan, methods.pruned(0.1), 0),
        Cell(plan, methods.pruned(0.5, 2.0), 0),
        Cell(plan, methods.distilled_on(), 0),
        Cell(plan_of(discs, tmp_path, TINY, "epochs=3"), methods.joint(), 0),
        Cell(plan_of(discs, tmp_path, TINY, seed=1), methods.joint(), 0),
        Cell(plan_of(discs, tmp_path, replace(TINY, teacher={"hidden": 24})), methods.distilled(), 0),
    ]
    # The last one's own recipe is that of an earlier cell; its teacher is another.
    other = Methods(replace(TINY, teacher={"hidden": 24}))
    cells[-1] = replace(cells[-1], method=other.distilled())
    assert len({cell.key for cell in cells}) == len(cells)


def test_where_things_lie_is_no_part_of_a_key(discs: Path, tmp_path: Path) -> None:
    shutil.copytree(discs, tmp_path / "moved")
    keys = {
        Cell(plan_of(where, work), Methods(TINY).pruned(0.5), 0).key
        for where, work in ((discs, tmp_path / "a"), (tmp_path / "moved", tmp_path / "b"))
    }
    assert len(keys) == 1


def test_studies_share_their_cells(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path)
    keys = {
        name: {Cell(plan, row.method, 0).key for row in make(Methods(TINY)).rows}
        for name, make in STUDIES.items()
    }
    assert keys["heatmap"] & keys["distillation"] & keys["lambda-rh"]
    assert keys["distillation"] & keys["lambda-dp"] & keys["rates"]


@pytest.mark.parametrize("spending", SPENDINGS.values(), ids=list(SPENDINGS))
def test_every_cell_of_every_budget_has_a_recipe(discs: Path, tmp_path: Path, spending: Spending) -> None:
    plan = plan_of(discs, tmp_path, spending)
    for make in STUDIES.values():
        for row in make(Methods(spending)).rows:
            recipe = Cell(plan, row.method, 0).recipe()
            assert (recipe.teacher is None) == (row.method.teacher is None)
            assert (recipe.init is None) == (row.method.start is None)
            assert (recipe.heatmap_width == 0) == row.method.name.endswith("regression")


def test_what_makes_a_method_is_not_undone_by_a_setting(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path, TINY, "lambda_rh=3", "heatmap_width=16", "epochs=7")
    recipe = Cell(plan, Methods(TINY).regression(), 0).recipe()
    assert (recipe.heatmap_width, recipe.epochs) == (0, 7)
    assert Cell(plan, Methods(TINY).joint(5.0), 0).recipe().lambda_rh == 5


def test_lambda_rh_is_the_ratio_of_the_balanced_losses() -> None:
    """The factor that balances them must not grow with it, or the sweep of figure 4 sweeps nothing."""
    random = torch.Generator().manual_seed(0)
    points = torch.rand(4, 5, 2, generator=random)
    prediction = Prediction(torch.rand(4, 5, 2, generator=random), torch.rand(4, 5, 16, 16, generator=random))
    known = torch.ones(4, 5, dtype=torch.bool)
    batch = Batch(torch.zeros(4, 3, 64, 64), points, points, known, ~known)

    def share(ratio: float) -> float:
        net = NetConfig(points=5)
        loss = JointLoss(LossSettings(lambda_rh=ratio), net, torch.device("cpu"), has_teacher=False)
        terms = loss(prediction, batch)
        loss.factors = loss.balance(terms)
        assert loss.factors.heatmap is not None
        return float(ratio * terms.regression / (loss.factors.heatmap * terms.heatmap))

    assert [share(ratio) for ratio in (0.2, 1.0, 5.0)] == pytest.approx([0.2, 1.0, 5.0], rel=1e-5)


# What a study says


def change(low: float, high: float) -> PairedChange:
    interval = Interval((low + high) / 2, low, high)
    return PairedChange(interval, interval, 100, 100)


@pytest.mark.parametrize(
    ("expect", "low", "high", "folds", "p", "sentence"),
    [
        ("lower", -9, -1, (3, 3), 0.01, "holds"),
        ("lower", -9, -1, (1, 1), None, "holds (one fold)"),
        ("lower", -9, -1, (2, 3), 0.3, "not shown"),
        ("lower", -9, 1, (3, 3), 0.01, "not shown"),
        ("lower", -9, 1, (1, 1), None, "not shown"),
        ("lower", 1, 9, (3, 3), 0.01, "the opposite"),
        ("higher", 1, 9, (3, 3), 0.01, "holds"),
        ("higher", -9, -1, (3, 3), 0.01, "the opposite"),
        ("higher", -1, 9, (3, 3), 0.01, "not shown"),
        ("close", -9, 4.9, (2, 3), 0.3, "holds"),
        ("close", 4, 6, (3, 3), 0.01, "not shown"),
        ("close", 6, 9, (3, 3), 0.01, "the opposite"),
        ("lower", -9, -1, (3, 3), 0.05, "holds (p 0.05 over folds)"),
        ("lower", 1, 9, (3, 3), 0.3, "the opposite (p 0.30 over folds)"),
        ("lower", -9, 1, (3, 3), 0.3, "not shown"),
        ("lower", -9, -1, (3, 3), None, "holds"),
        ("close", 6, 9, (3, 3), 0.3, "the opposite (p 0.30 over folds)"),
        (None, -9, -1, (3, 3), 0.01, None),
    ],
)
def test_a_verdict_needs_the_whole_interval_and_every_fold(expect, low, high, folds, p, sentence) -> None:
    row = Row(Methods(TINY).joint(), expect=expect)
    assert verdict(row, change(low, high), folds, p) == sentence


def fake_cell(fold: int, squared: list[float], first: int) -> dict[str, Any]:
    faces = list(range(first, first + len(squared)))
    return {
        "fold": fold, "mse": float(np.mean(squared)), "nme": 5.0, "megabytes": 1.0, "mmacs": 2.0,
        "faces": faces, "images": faces, "squared": squared, "errors": squared,
        "training": {"epochs": 1, "seconds": 1.0},
    }  # fmt: skip


def test_methods_are_compared_over_the_faces_and_folds_that_both_have() -> None:
    """ResNet-50 has fewer folds; a face that one method's cell lacks is left out of the pair."""
    study = STUDIES["heatmap"](Methods(TINY))
    plain, joint = study.rows[0].method.name, study.rows[1].method.name
    random = np.random.default_rng(0)
    before = [fake_cell(fold, random.uniform(1, 2, 10).tolist(), 10 * fold) for fold in range(3)]
    after = [fake_cell(cell["fold"], [s * 0.9 for s in cell["squared"]], cell["faces"][0]) for cell in before]
    after[0] = {k: v[1:] if k in ("faces", "images", "squared", "errors") else v for k, v in after[0].items()}
    rows = {row.method.name: after if row.method.name == joint else before for row in study.rows}
    deep = study.rows[-1].method.name
    rows[deep] = before[:1]
    by_name = {row.name: row for row in summarise(study, rows)}
    compared = by_name[joint].change
    assert compared is not None and compared.against == plain
    assert compared.mse.faces == 29 and compared.mse.percent == pytest.approx((-10, -10, -10))
    assert compared.folds == (3, 3) and compared.verdict == "holds"
    assert compared.paper == pytest.approx((0.0462 / 0.0556 - 1) * 100)
    assert len(by_name[joint].tests) == 3 and by_name[deep].mse.sd is None
    alone = by_name[deep].change
    assert alone is not None and alone.folds[1] == 1 and alone.mse.faces == 10 and alone.t_test is None
