"""What a study is made of: folds, methods, cells."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("lightning_fabric")
pytest.importorskip("joblib")

import torch

from facekp_train.batches.loader import Batch
from facekp_train.common.console import UserError
from facekp_train.networks.keypoint_net import NetConfig, Prediction, build_net
from facekp_train.networks.sizes import share_of_width
from facekp_train.pruning.groups import find_groups
from facekp_train.studies.cells import Cell
from facekp_train.studies.faces import FaceFolds
from facekp_train.studies.methods import SPENDINGS, Cut, Method, Methods, Spending
from facekp_train.studies.plans import STUDIES
from facekp_train.studies.train_cell import piece_ends
from facekp_train.training.losses import JointLoss, LossSettings
from facekp_train.training.optimizer import OptimizerSettings, rate_at
from tests.support.models.quick_fits import save_disc_teacher
from tests.support.models.tiny_studies import TINY, plan_of

# Folds


def test_every_image_is_tested_once_and_never_by_a_net_that_learnt_from_it(discs: Path) -> None:
    faces = FaceFolds((f"mtfl:{discs}",), None, 3, None, 0).load()
    numbers = [number for fold in range(3) for number in faces.tested(fold).numbers]
    assert sorted(numbers) == list(range(48))
    for fold in range(3):
        tested = {face.sample.image for face in faces.tested(fold).faces}
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
    assert len(faces.drawn.faces) == 96
    for image in range(48):
        assert len(set(faces.folds[faces.drawn.images == image])) == 1


def test_the_limit_draws_images_by_the_seed(discs: Path) -> None:
    source = FaceFolds((f"mtfl:{discs}",), None, 2, 20, 0)
    numbers = source.load().drawn.numbers.tolist()
    assert len(numbers) == 20 and numbers == source.load().drawn.numbers.tolist()
    assert numbers != replace(source, seed=1).load().drawn.numbers.tolist()
    with pytest.raises(UserError, match="too few for 3 folds"):
        replace(source, folds=3, limit=5).load()


def test_unseen_faces_are_in_no_fold_and_are_not_those_learnt_from(discs: Path, tmp_path: Path) -> None:
    unseen = (f"mtfl:{other_discs(discs, tmp_path)}",)
    source = FaceFolds((f"mtfl:{discs}",), None, 2, None, 0, unseen, "train")
    faces = source.load()
    assert faces.unseen is not None and len(faces.unseen.faces) == 48 == len(faces.drawn.faces)
    learnt = {face.sample.image for part in faces.training(0) for face in part}
    assert not learnt & {face.sample.image for face in faces.unseen.faces}
    assert faces.fingerprint() != replace(source, unseen=()).load().fingerprint()
    with pytest.raises(UserError, match="48 images are both learnt from and kept unseen"):
        replace(source, unseen=source.data).load()


def other_discs(discs: Path, folder: Path) -> Path:
    return Path(shutil.copytree(discs, folder / "others"))


# Cells


def test_cells_that_differ_in_anything_have_keys_of_their_own(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path)
    methods = Methods(TINY)
    of_methods = [
        methods.joint(),
        methods.joint(chance=1),
        methods.regression(),
        methods.ratio_rh(1.0),
        methods.ratio_rh(5.0),
        methods.teacher(),
        methods.joint_on(),
        methods.distilled(),
        methods.coordinates_alone(),
        methods.shuffled(),
        methods.unpruned(),
        methods.in_restarts(),
        methods.trained_small(),
        methods.pruned(Cut(0.1)),
        methods.pruned(Cut(0.5)),
        methods.pruned(Cut(0.5, "paper")),
        methods.pruned(Cut(0.5, repair="none")),
        methods.pruned(Cut(0.5, pieces=2)),
        methods.ratio_dp(5.0),
        methods.shorter(methods.pruned(Cut(0.5)), 1),
    ]
    cells = [
        *(Cell(plan, method, 0) for method in of_methods),
        Cell(plan, methods.joint(), 1),
        Cell(plan_of(discs, tmp_path, TINY, "batch=4"), methods.joint(), 0),
        Cell(plan_of(discs, tmp_path, TINY, seed=1), methods.joint(), 0),
        # Its own recipe is that of an earlier cell; its teacher is another.
        Cell(plan, Methods(replace(TINY, teacher={"hidden": 24})).distilled(), 0),
    ]
    assert len({cell.key for cell in cells}) == len(cells)


def test_where_things_lie_is_no_part_of_a_key(discs: Path, tmp_path: Path) -> None:
    shutil.copytree(discs, tmp_path / "moved")
    keys = {
        Cell(plan_of(where, work), Methods(TINY).pruned(Cut(0.5)), 0).key
        for where, work in ((discs, tmp_path / "a"), (tmp_path / "moved", tmp_path / "b"))
    }
    assert len(keys) == 1


def test_what_a_given_teacher_holds_is_a_part_of_the_keys(discs: Path, tmp_path: Path) -> None:
    one = save_disc_teacher(tmp_path / "one.safetensors")
    copied = Path(shutil.copy(one, tmp_path / "copied.safetensors"))
    other = save_disc_teacher(tmp_path / "other.safetensors", width=16)

    def key(teacher: Path) -> str:
        plan = plan_of(discs, tmp_path, teacher=teacher)
        assert Cell(plan, plan.methods.distilled(), 0).recipe().teacher == str(teacher)
        return Cell(plan, plan.methods.distilled(), 0).key

    assert key(one) == key(copied) != key(other)


def test_studies_share_their_cells(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path)
    keys = {
        name: {Cell(plan, row.method, 0).key for row in make(Methods(TINY)).rows}
        for name, make in STUDIES.items()
    }
    assert keys["heatmap"] & keys["distillation"]
    assert keys["distillation"] & keys["pruning"] & keys["lambda-dp"] & keys["rates"] & keys["length"]


@pytest.mark.parametrize("spending", SPENDINGS.values(), ids=list(SPENDINGS))
def test_every_cell_of_every_budget_has_a_recipe(discs: Path, tmp_path: Path, spending: Spending) -> None:
    plan = plan_of(discs, tmp_path, spending)
    for make in STUDIES.values():
        for row in make(Methods(spending)).rows:
            recipe = Cell(plan, row.method, 0).recipe()
            assert (recipe.teacher is None) == (row.method.teacher is None)
            assert (recipe.init is None) == (row.method.start is None)
            assert (recipe.heatmap_width == 0) == row.method.name.endswith("regression")


@pytest.mark.parametrize("spending", SPENDINGS.values(), ids=list(SPENDINGS))
def test_a_method_has_the_steps_and_rates_of_what_it_is_compared_with(
    discs: Path, tmp_path: Path, spending: Spending
) -> None:
    """Or says why not: an arm that trains less loses more than any method gains."""
    plan = plan_of(discs, tmp_path, spending)

    def schedule(method: Method) -> list[float]:
        recipe = Cell(plan, method, 0).recipe()
        rates = [rate_at(recipe.part(OptimizerSettings), step, 10) for step in range(10 * recipe.epochs)]
        before = schedule(method.start) if method.start else []
        return [*before, *rates] if method.restarts == 1 else [*before, *rates, 0.0]

    for make in STUDIES.values():
        rows = {row.method.name: row for row in make(Methods(spending)).rows}
        for row in rows.values():
            if row.against is not None:
                alike = schedule(row.method) == schedule(rows[row.against].method)
                assert alike == (row.other_schedule is None), row.method.name


def test_the_small_budget_is_the_protocol() -> None:
    small = SPENDINGS["small"]
    methods = Methods(small)
    assert (small.epochs, small.stage_epochs, small.lengths, small.limit) == (40, 20, (4, 8, 20), 3000)
    assert small.settings["size"] == 64 and methods.trained_small().settings["epochs"] == 80
    cuts = [row.method.cut for row in STUDIES["pruning"](methods).rows]
    assert {(cut.score, cut.repair) for cut in cuts if cut and cut.pieces == 1} == {
        ("greedy", "lstsq"), ("greedy", "none"), ("paper", "lstsq"), ("paper", "none")
    }  # fmt: skip
    assert [row.method.cut and row.method.cut.rate for row in STUDIES["rates"](methods).rows] == [
        None, 0.1, 0.5, 0.9
    ]  # fmt: skip


def test_a_net_that_starts_small_is_as_wide_as_one_that_is_pruned(discs: Path, tmp_path: Path) -> None:
    small = Cell(plan_of(discs, tmp_path, SPENDINGS["small"]), Methods(TINY).trained_small(), 0).recipe()
    net = build_net(NetConfig(points=5, size=64))
    assert small.net_config().widths == tuple(
        share_of_width(group.width, 0.5) for group in reversed(find_groups(net, "inner"))
    )


@pytest.mark.parametrize(
    ("dropped", "gone"),
    [
        (0, {}),
        (1, {"lambda-dp": ["+ pruning 50%, ratio 5"]}),
        (2, {"length": ["+ pruning 0%, 4 epochs", "+ pruning 50%, 4 epochs"]}),
        (
            3,
            {"pruning": ["+ pruning 50%, paper's score, repaired", "+ pruning 50%, greedy score, no repair"]},
        ),
    ],
)
def test_what_is_left_out_comes_in_order(dropped: int, gone: dict[str, list[str]]) -> None:
    methods = Methods(SPENDINGS["small"])
    for name, make in STUDIES.items():
        before, after = (
            {row.method.name for row in make(methods).without(n, True).rows} for n in (dropped - 1, dropped)
        )
        assert before - after == set(gone.get(name, []))
        assert not any(row.resnet for row in make(methods).without(dropped, False).rows)


def test_pieces_share_one_schedule() -> None:
    assert piece_ends(20, 4) == [2, 4, 6, 20]
    assert piece_ends(60, 16) == [*range(2, 32, 2), 60]
    assert piece_ends(2, 4) == [1, 2] and piece_ends(1, 4) == [1] and piece_ends(20, 1) == [20]


def test_what_makes_a_method_is_not_undone_by_a_setting(discs: Path, tmp_path: Path) -> None:
    plan = plan_of(discs, tmp_path, TINY, "heatmap_width=16", "learning_rate=0.1")
    recipe = Cell(plan, Methods(TINY).regression(), 0).recipe()
    assert (recipe.heatmap_width, recipe.learning_rate) == (0, 0.1)
    assert Cell(plan, Methods(TINY).ratio_rh(5.0), 0).recipe().lambda_rh == 5


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
