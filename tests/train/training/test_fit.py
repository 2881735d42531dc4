"""The training loop end to end on tiny faces in MTFL's true format: it learns, resumes, refuses."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from facekp_train.batches.augment import photometric, random_view
from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.batches.loader import Batch, BatchSettings, TrainBatches, plain_batches, plain_crops
from facekp_train.common.console import UserError
from facekp_train.datasets import open_dataset
from facekp_train.networks.checkpoint import LossFactors, load_checkpoint, read_tensors, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, Prediction
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.fit import fit
from facekp_train.training.losses import JointLoss, LossSettings
from facekp_train.training.recipe import make_recipe
from tests.support.models.quick_fits import PRECISION, QUICK, RULE, STILL, quick, save_disc_teacher
from tests.support.models.small_nets import hidden_head


@pytest.fixture(scope="module")
def store(discs: Path) -> FaceStore:
    return FaceStore(gather_faces(open_dataset(f"mtfl:{discs}"), 5), 5, RULE)


def batches_of(recipe: str, batch: int, *settings: str) -> BatchSettings:
    """Of a recipe, with batches of another size."""
    return make_recipe(recipe, {"data": ["mtfl:x"], "batch": batch}, list(settings)).part(BatchSettings)


def test_stored_labels_lie_on_the_faces(store: FaceStore) -> None:
    """Each keypoint of a plain crop has its disc's color, so labels and pixels agree."""
    batch, part = next(plain_batches(store, 48))
    assert part == slice(0, 48) and batch.crops.shape == (48, 3, 64, 64)
    at = (batch.points.numpy() * 64).astype(int)
    for i in range(48):
        red, green, blue, *_ = (batch.crops[i, :, y, x].numpy() for x, y in at[i])
        assert red.argmax() == 0 and green.argmax() == 1 and blue.argmax() == 2


def test_augmented_labels_follow_the_pixels(store: FaceStore) -> None:
    """Turned, scaled and mirrored: a disc of the right color still lies at every keypoint.

    Mirrored faces carry left discs on the right, so the colors swap with them.
    """
    plain = [f"augmentation.{name}=0" for name in ("color", "blur", "occlusion")]
    mirrored = 0
    for batch in TrainBatches(store, batches_of("modern", 48, *plain), seed=3).epoch(0):
        inside = ((batch.points > 0.1) & (batch.points < 0.9)).all(dim=(1, 2))
        for crop, points in zip(batch.crops[inside], batch.points[inside], strict=True):
            x, y = (points[0] * 64).int().tolist()
            eye = crop[:, y, x].numpy().argmax()
            assert eye in (0, 1)
            mirrored += int(eye == 1)
            nose_x, nose_y = (points[2] * 64).int().tolist()
            assert crop[:, nose_y, nose_x].numpy().argmax() == 2
        assert 8 < mirrored < 40


def test_an_epoch_is_the_same_for_a_seed_and_differs_between_epochs(store: FaceStore) -> None:
    settings = batches_of("modern", 16)
    first, again = (list(TrainBatches(store, settings, seed=7).epoch(2)) for _ in range(2))
    other = list(TrainBatches(store, settings, seed=7).epoch(3))
    assert all(torch.equal(a.crops, b.crops) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].crops, other[0].crops)


def test_processes_share_a_batch_without_overlap(store: FaceStore) -> None:
    settings = batches_of("paper", 16)
    whole = next(TrainBatches(store, settings, seed=7).epoch(0))
    parts = [next(TrainBatches(store, settings, seed=7, rank=r, world=2).epoch(0)) for r in range(2)]
    assert torch.equal(torch.cat([p.crops for p in parts]), whole.crops)


def test_turned_faces_are_drawn_more_often_and_no_frontal_one_is_left_to_chance(store: FaceStore) -> None:
    """Noses moved aside in half the faces: with focus 3 these are drawn four times as often."""
    turned = copy.copy(store)
    turned.points = store.points.copy()
    turned.points[24:, 2, 0] += turned.points[24:, 1, 0] - turned.points[24:, 0, 0]
    batches = TrainBatches(turned, batches_of("paper", 8, "focus=3"), seed=1)
    epochs = [np.bincount(batches._order(np.random.default_rng(i)), minlength=48) for i in range(50)]
    for counts in epochs:
        assert counts.sum() == 48 and counts[:24].max() <= 1 and counts[24:].min() >= 1
    drawn = np.sum(epochs, axis=0)
    assert drawn[24:].sum() / drawn[:24].sum() == pytest.approx(4, rel=0.1)
    even = TrainBatches(turned, batches_of("paper", 8), seed=1)._order(np.random.default_rng(0))
    assert sorted(even) == list(range(48))


def test_errors_by_eye_distance_weigh_small_eyed_faces_more() -> None:
    """loss1 in units of the eyes against its definition, face by face."""
    random = torch.Generator().manual_seed(0)
    labels = torch.rand(6, 5, 2, generator=random)
    known = torch.ones(6, 5, dtype=torch.bool)
    nothing = torch.zeros(6, 5, dtype=torch.bool)
    batch = Batch(torch.zeros(6, 3, 8, 8), labels, torch.zeros(6, 5, 2), known, nothing)
    predicted = Prediction(torch.rand(6, 5, 2, generator=random))
    settings, net = LossSettings(error_unit="eyes"), NetConfig(points=5)
    loss = float(
        JointLoss(settings, net, torch.device("cpu"), has_teacher=False)(predicted, batch).regression
    )
    eyes = np.linalg.norm((labels[:, 1] - labels[:, 0]).numpy(), axis=1)
    weights = np.clip(0.35 / eyes, 0.5, 3)
    errors = ((predicted.keypoints - labels) ** 2).mean(dim=(1, 2)).numpy()
    assert loss == pytest.approx((weights * errors).sum() / weights.sum(), rel=1e-5)


def test_photometric_changes_keep_shape_and_input() -> None:
    augmentation = make_recipe("modern", {"data": ["mtfl:x"]}, []).augmentation
    augmentation = augmentation.model_copy(update={"blur": 1.0, "occlusion": 1.0})
    view = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    before = view.copy()
    for seed in range(60):
        changed = photometric(view, np.random.default_rng(seed), augmentation)
        assert changed.shape == view.shape and changed.dtype == np.uint8
    assert np.array_equal(view, before)


def test_random_views_keep_most_of_the_face() -> None:
    augmentation = make_recipe("modern", {"data": ["mtfl:x"]}, []).augmentation
    matrices = [random_view(np.random.default_rng(s), augmentation, 1.3) for s in range(300)]
    sizes = [np.sqrt(np.linalg.det(m[:, :2])) for m in matrices]
    assert min(sizes) > 0.6 and max(sizes) < 1.7
    assert abs(np.mean([m @ (0.5, 0.5, 1) for m in matrices]) - 0.5) < 0.02


def test_labels_of_one_face_from_two_lists_become_one_face(discs: Path) -> None:
    samples = list(open_dataset(f"mtfl:{discs}"))
    faces = gather_faces([*samples, *samples], 5)
    assert len(faces) == len(samples)


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.parametrize("seed", range(2))
def test_it_learns(discs: Path, tmp_path: Path, seed: int) -> None:
    """By heart, few faces in one batch, which a net of any start does."""
    data = load_training_data(quick(discs, 1).part(FaceSettings))
    data.train.size = 16
    data.validation = data.train
    settings = [f"seed={seed}", "batch=16", "learning_rate=0.02", "freeze_bn=0", *STILL]
    best = fit(quick(discs, 20, *settings), tmp_path / "run", data=data)
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["loss_regression"] < 0.65 * rows[0]["loss_regression"]
    assert min(row["nme"] for row in rows) < 0.75 * rows[0]["nme"]
    assert rows[-1]["loss_heatmap"] < rows[0]["loss_heatmap"]
    assert best is not None
    checkpoint = load_checkpoint(best)
    assert checkpoint.header.history["nme"] == min(row["nme"] for row in rows)
    assert checkpoint.header.recipe["seed"] == seed and checkpoint.header.crop_rule.size == 64
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000
    assert 0 <= rows[-1]["waited_share"] <= 1


@pytest.mark.slow
@pytest.mark.training
def test_a_killed_run_resumes_to_the_same_weights(discs: Path, tmp_path: Path) -> None:
    """SIGKILL in mid-epoch, then --resume: bit for bit the weights of an unbroken run."""
    options = [f"--data=mtfl:{discs}", "--points=5", "--epochs=4", *(f"--set={s}" for s in QUICK)]
    command = [sys.executable, "-m", "facekp_train", "fit", *options]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}

    subprocess.run([*command, f"--out={tmp_path / 'whole'}"], check=True, env=one_thread, timeout=600)

    broken = tmp_path / "broken"
    with subprocess.Popen([*command, f"--out={broken}"], env=one_thread) as process:
        deadline = time.monotonic() + 600
        while not (broken / "state.safetensors").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len((broken / "log.jsonl").read_text().splitlines()) < 4
    subprocess.run([*command, f"--out={broken}", "--resume"], check=True, env=one_thread, timeout=600)

    for name in ("last.safetensors", "state.safetensors"):
        whole, resumed = (read_tensors(folder / name)[0] for folder in (tmp_path / "whole", broken))
        assert whole.keys() == resumed.keys()
        assert all(torch.equal(whole[key], resumed[key]) for key in whole), name
    assert len((broken / "log.jsonl").read_text().splitlines()) == 4


@pytest.mark.slow
@pytest.mark.training
def test_two_processes_take_the_steps_of_one(discs: Path, tmp_path: Path) -> None:
    """By --devices or under torchrun: one JSON document, one line an epoch, and the losses of one process.

    With BN held a batch's mean is the mean of its halves.
    """
    start = save_disc_teacher(tmp_path / "start.safetensors")
    options = [
        "-m", "facekp_train", "fit", f"--data=mtfl:{discs}", "--points=5", "--epochs=2", f"--init={start}",
        "--json", *(f"--set={s}" for s in QUICK if not s.startswith(("widths", "learning_rate"))),
        "--set=freeze_bn=1", "--set=learning_rate=0.001",
    ]  # fmt: skip
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    losses = []
    for name, command in (
        ("one", [sys.executable, *options]),
        ("two", [sys.executable, *options, "--devices=2"]),
        ("torchrun", [*torchrun, *options]),
    ):
        out = tmp_path / name
        done = subprocess.run(
            [*command, f"--out={out}"], check=True, env=one_thread, stdout=subprocess.PIPE, timeout=600
        )
        rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        assert len(rows) == 2 and json.loads(done.stdout)["loss"] == rows[-1]["loss"]
        losses.append([row["loss"] for row in rows])
    exactly = 1e-3 if PRECISION == "32-true" else 2e-2
    assert losses[1] == pytest.approx(losses[0], rel=exactly)
    assert losses[2] == pytest.approx(losses[0], rel=exactly)


@pytest.mark.slow
def test_a_folder_with_a_run_is_not_overwritten(discs: Path, tmp_path: Path) -> None:
    fit(quick(discs, 1), tmp_path)
    before = (tmp_path / "best.safetensors").read_bytes()
    with pytest.raises(UserError, match="--resume"):
        fit(quick(discs, 1), tmp_path)
    with pytest.raises(UserError, match="another recipe"):
        fit(quick(discs, 2), tmp_path, resume=True)
    assert (tmp_path / "best.safetensors").read_bytes() == before
    # A run of a version that did not know a setting yet goes on: it had the setting's default.
    stored = tmp_path / "recipe.yaml"
    stored.write_text(stored.read_text().replace("quantize: false\n", ""))
    fit(quick(discs, 1), tmp_path, resume=True)
    assert "quantize: false" in stored.read_text()


@pytest.mark.slow
def test_a_narrower_net_starts_from_a_wider_ones_weights(discs: Path, tmp_path: Path) -> None:
    wide = fit(quick(discs, 1, "widths=" + str([16] * 16)), tmp_path / "wide")
    narrow = fit(quick(discs, 1, f"init={wide}"), tmp_path / "narrow")
    assert narrow is not None
    assert load_checkpoint(narrow).header.net.widths == (8,) * 16
    with pytest.raises(UserError, match="not widened"):
        fit(quick(discs, 1, "widths=" + str([16] * 16), f"init={narrow}"), tmp_path / "wider")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.training
def test_a_stage_that_goes_on_keeps_the_factor_between_the_losses(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chosen once, printed, logged, in the header; chosen on a trained net it would be far smaller."""
    first = fit(quick(discs, 1), tmp_path / "first")
    assert first is not None
    factor = rows_of(tmp_path / "first")[0]["factor_heatmap"]
    assert f"heatmap x {factor:.4g} (chosen on the first batch)" in capsys.readouterr().err
    assert load_checkpoint(first).header.factors == LossFactors(heatmap=factor)

    # In place of the long training: a net that is right at once, with the first one's header.
    learnt = load_checkpoint(save_disc_teacher(tmp_path / "learnt.safetensors"))
    header = load_checkpoint(first).header
    save_checkpoint(tmp_path / "learnt.safetensors", learnt.net, header)
    still = [f"init={tmp_path / 'learnt.safetensors'}", *STILL]
    second = fit(quick(discs, 1, *still), tmp_path / "second")
    third = fit(quick(discs, 1, f"init={second}"), tmp_path / "third")
    assert [row["factor_heatmap"] for name in ("second", "third") for row in rows_of(tmp_path / name)] == [
        factor, factor,
    ]  # fmt: skip
    assert third is not None and load_checkpoint(third).header.factors == LossFactors(heatmap=factor)
    assert "(carried on)" in capsys.readouterr().err

    # Of a loss in another unit, and of a checkpoint from before, the factor is not known.
    fit(quick(discs, 1, *still, "loss=mse"), tmp_path / "other")
    save_checkpoint(tmp_path / "learnt.safetensors", learnt.net, header.model_copy(update={"factors": None}))
    fit(quick(discs, 1, *still), tmp_path / "old")
    for name in ("other", "old"):
        assert rows_of(tmp_path / name)[0]["factor_heatmap"] < factor / 3


def save_drifted(path: Path, data: TrainingData) -> None:
    """A net that knows the faces, and whose head's weights went on while its statistics were held.

    So it answers by the statistics that it has, and otherwise by those of a batch.
    """
    seen = plain_crops(data.train, range(data.train.size))
    made = load_checkpoint(save_disc_teacher(path, seen=seen))
    head = hidden_head(made.net)
    with torch.no_grad():
        head.bn.weight.fill_(0.01)
        head.bn.bias.fill_(1.5)
        assert head.bn.running_mean is not None and head.bn.running_var is not None
        head.bn.running_mean.add_(50 * (head.bn.running_var + head.bn.eps).sqrt())
        head.fc2.weight.fill_(0.1)
        head.fc2.bias.sub_(head.fc2.weight.sum(dim=1))
    save_checkpoint(path, made.net, made.header)


@pytest.mark.training
@pytest.mark.parametrize(("bn", "at_most"), [("auto", 1.5), ("held", 1.5), ("batch", float("inf"))])
def test_a_stage_starts_from_a_net_as_good_as_its_checkpoint(
    discs: Path, tmp_path: Path, bn: str, at_most: float
) -> None:
    """In the mode in which it trains, on the crops that it trains on, before a weight has moved."""
    start = tmp_path / "start.safetensors"
    recipe = quick(discs, 1, f"init={start}", "loss=mse", "learning_rate=1e-12", f"bn={bn}")
    data = load_training_data(recipe.part(FaceSettings))
    save_drifted(start, data)
    fit(recipe, tmp_path / "run", data=data)
    (row,) = rows_of(tmp_path / "run")

    loss = JointLoss(recipe.part(LossSettings), NetConfig(points=5), torch.device("cpu"), has_teacher=False)
    net = load_checkpoint(start).net
    batches = list(TrainBatches(data.train, recipe.part(BatchSettings), recipe.seed).epoch(0))
    with torch.no_grad():
        own = np.mean([loss(net(batch.crops), batch).regression.item() for batch in batches])
    assert row["bn_held"] is (bn != "batch")
    assert row["loss_regression"] <= at_most * own
    if bn == "batch":  # the net is one that tells the two modes apart
        assert row["loss_regression"] > 3 * own


@pytest.mark.training
def test_a_net_with_a_new_head_learns_with_the_statistics_of_its_batches(discs: Path, tmp_path: Path) -> None:
    """A fresh head has none of its own yet."""
    start = save_disc_teacher(tmp_path / "start.safetensors")
    fit(quick(discs, 2, f"init={start}", "hidden=24", "freeze_bn=0.5"), tmp_path / "run")
    assert [row["bn_held"] for row in rows_of(tmp_path / "run")] == [False, True]


def test_training_and_validation_faces_may_not_overlap(discs: Path, tmp_path: Path) -> None:
    both = {"validation": [f"mtfl:{discs}"], "validation_split": "train"}
    recipe = quick(discs, 1).model_copy(update=both)
    with pytest.raises(UserError, match="both trained and validated"):
        fit(recipe, tmp_path)
