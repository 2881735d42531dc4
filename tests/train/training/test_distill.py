"""Distillation: the teacher stays as it is, its axes cannot be met by collapse, a student gains by it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.batches.loader import plain_batches, plain_crops
from facekp_train.common.console import UserError
from facekp_train.common.run_files import STATE_FILE
from facekp_train.datasets import open_dataset
from facekp_train.implied_five import implied_five
from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, read_tensors, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net, predict_crops
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.distill import Distilled, TeacherSettings, feature_loss, least_squares, supervised
from facekp_train.training.fit import fit
from facekp_train.training.log import Scored, Step
from facekp_train.training.run_folder import copy_beside, read_beside
from facekp_train.training.validation import predict_store
from tests.support.files.schemes import MOUTH
from tests.support.models.quick_fits import QUICK, RULE, STILL, quick, save_disc_teacher

SMALL = NetConfig(points=5, size=64, widths=(8,) * 16, hidden=16, heatmap_width=8)


def crops(count: int, size: int = 64) -> torch.Tensor:
    random = torch.Generator().manual_seed(2)
    coarse = torch.rand(count, 3, 5, 5, generator=random) * 255
    return nn.functional.interpolate(coarse, size=(size, size), mode="bilinear").byte()


def seasoned(config: NetConfig, seed: int = 1) -> KeypointNet:
    """A fresh net's features hardly differ between faces: its BN has seen none. This one's has."""
    torch.manual_seed(seed)
    net = build_net(config).train()
    with torch.no_grad():
        for _ in range(20):
            net.features(nn.functional.interpolate(crops(64).float(), size=config.size))
    return net.eval()


def distilled(
    width: int = 16, teacher: NetConfig = SMALL, seed: int = 1, net: KeypointNet | None = None
) -> Distilled:
    torch.manual_seed(seed)
    pair = Distilled(net or build_net(SMALL), seasoned(teacher, seed), width)
    pair.prepare([crops(64)])
    return pair


def test_a_student_that_says_the_same_of_every_face_pays_one() -> None:
    """The collapse that two learned projections would find is worth nothing here."""
    targets = distilled().teacher_answer(crops(64)).pooled
    constants = [torch.zeros(1, 16), targets.mean(0, keepdim=True), torch.randn(1, 16)]
    losses = [float(feature_loss(constant.expand(64, -1), targets)) for constant in constants]
    assert losses[0] == pytest.approx(1, abs=1e-3) and losses[1] == pytest.approx(1, abs=1e-3)
    assert losses[2] > 1


@pytest.mark.training
@pytest.mark.parametrize("seed", range(2))
def test_training_the_student_cannot_change_what_it_is_compared_with(seed: int) -> None:
    """Gradient steps on loss3 move the student alone; below 1 it got by learning features."""
    pair = distilled(width=4, seed=seed)
    before = {name: t.clone() for name, t in pair.teacher.state_dict().items()}
    axes, faces = pair.axes.clone(), crops(32)
    pair.train()
    optimizer = torch.optim.AdamW(pair.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = feature_loss(pair(faces).pooled, pair.teacher_answer(faces).pooled)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 < losses[0]
    assert torch.equal(pair.axes, axes)
    assert all(torch.equal(t, before[name]) for name, t in pair.teacher.state_dict().items())
    assert not any("teacher" in name for name in pair.state_dict())


def test_the_common_width_keeps_the_axes_on_which_faces_differ_most() -> None:
    """Against numpy: as much of the variance as the best projection of that width can keep."""
    pair = distilled(width=4)
    wide = distilled(width=10_000)
    pooled = wide.teacher_answer(crops(64)).pooled
    assert pooled.shape == (64, 320)
    kept = pair.teacher_answer(crops(64)).pooled
    full = torch.linalg.svdvals((pooled - pooled.mean(0)).double())
    ratio = kept.double().norm() ** 2 / (full[:4] ** 2).sum()
    scale = (pair.axes[:, 0].norm() / wide.axes[:, 0].norm()).double() ** 2
    assert float(ratio / scale) == pytest.approx(1, rel=1e-4)


def test_a_student_equal_to_its_teacher_has_nothing_left_to_learn_of_it() -> None:
    """The projection starts where least squares put it; a look in training mode moves no statistics."""
    pair = distilled(net=seasoned(SMALL)).eval()
    pair.begin([crops(64)], {})
    answers = pair.teacher_answer(crops(64)).pooled
    features = pair.net.features(crops(64)).mean(dim=(2, 3))
    assert feature_loss(pair.projection(features), answers).item() < 1e-3
    before = copy.deepcopy(pair.net.state_dict())
    pair.train()
    pair.begin([crops(32), crops(32)], {})
    assert all(torch.equal(tensor, before[name]) for name, tensor in pair.net.state_dict().items())


def test_the_projection_is_found_where_faces_are_fewer_than_channels() -> None:
    """What they leave open stays as it was carried on, or at zero."""
    random = torch.Generator().manual_seed(0)
    inputs, true = (torch.randn(*shape, generator=random).double() for shape in ((40, 100), (100, 6)))
    outputs = inputs @ true + 5
    for start in (torch.zeros(100, 6).double(), true):
        found = least_squares(inputs, outputs, start)
        rest = outputs - inputs @ found
        assert (rest - rest.mean(0)).square().mean() < 1e-3 * outputs.var()
    assert (found - true).abs().max() < 1e-9
    fewer = least_squares(inputs, outputs, torch.zeros(100, 6).double())
    assert fewer.norm() < true.norm()


def test_a_projection_is_carried_on_under_the_same_teacher_alone() -> None:
    first, again, other = distilled(), distilled(), distilled(seed=2)
    first.begin([crops(64)], {})
    carried = first.to_carry()
    for pair, kept in ((again, True), (other, False)):
        own = {name: tensor.clone() for name, tensor in pair.to_carry().items()}
        pair.begin([crops(1)], carried)  # one face tells nothing: the projection stays
        assert torch.equal(pair.projection.weight, carried["weight"]) is kept
        assert torch.equal(pair.axes, own["axes"])
    again.begin([crops(64)], {"weight": carried["weight"][:4]})  # of another width: begun anew
    assert torch.allclose(again.projection.weight, first.projection.weight, atol=1e-4)


def test_a_teacher_of_another_size_sees_the_same_faces() -> None:
    teacher = SMALL.model_copy(update={"size": 96})
    answer = distilled(teacher=teacher).teacher_answer(crops(8))
    assert answer.pooled.shape == (8, 16) and answer.keypoints.shape == (8, 5, 2)


@pytest.fixture(scope="module")
def data(discs: Path) -> TrainingData:
    """Few enough faces for one batch, which a net learns by heart in seconds."""
    data = load_training_data(quick(discs, 1).part(FaceSettings))
    data.train.size = 16
    return data


@pytest.fixture(scope="module")
def teacher(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "teacher.safetensors"
    return save_disc_teacher(path, seen=plain_crops(data.train, list(range(data.train.size))))


def test_the_made_teacher_answers_where_the_discs_lie(data: TrainingData, teacher: Path) -> None:
    answers = predict_store(load_checkpoint(teacher).net, data.train)
    assert np.abs(answers - data.train.points[: data.train.size]).max() < 1e-4


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.parametrize("seed", range(2))
def test_a_distilled_student_comes_near_its_teachers_features(
    discs: Path, data: TrainingData, teacher: Path, tmp_path: Path, seed: int
) -> None:
    """By heart a student of chance learns nearly all of them, whatever its projection began with."""
    settings = [f"teacher={teacher}", f"seed={seed}", "batch=16", "learning_rate=0.003", "freeze_bn=0"]
    settings += ["projection=3", "distill_factor=10", "output_weight=0.5", *STILL]
    best = fit(quick(discs, 24, *settings), tmp_path, data=data)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["loss_features"] < 0.5 * rows[-1]["loss_features_constant"]
    assert rows[-1]["loss_outputs"] < 0.95 * rows[0]["loss_outputs"]
    assert best is not None and load_checkpoint(best).header.recipe["teacher"] == teacher.name
    # The checkpoint is the student's alone.
    assert read_tensors(best)[0].keys() == read_tensors(teacher)[0].keys()


@pytest.mark.training
def test_distillation_resumes_to_the_same_weights(discs: Path, teacher: Path, tmp_path: Path) -> None:
    """The fixed axes and the student's projection are part of what a run remembers."""
    torch.set_num_threads(1)  # within one run a sum of several threads may be added in any order
    recipe = quick(discs, 3, f"teacher={teacher}")
    fit(recipe, tmp_path / "whole")

    def stop(step: Step | Scored) -> None:
        if step.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(recipe, tmp_path / "broken", watch=stop)
    fit(recipe, tmp_path / "broken", resume=True)
    whole, resumed = (read_tensors(tmp_path / name / STATE_FILE)[0] for name in ("whole", "broken"))
    assert any("axes" in key for key in whole)
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


@pytest.mark.training
def test_a_training_that_goes_on_starts_with_the_teacher_heard(
    discs: Path, teacher: Path, tmp_path: Path
) -> None:
    """Its own net as teacher, as in a pruning: loss3 is near 0 at once, and logged beside a constant's."""
    still = [f"init={teacher}", f"teacher={teacher}", "freeze_bn=1", "learning_rate=1e-9", *STILL]
    best = fit(quick(discs, 1, *still), tmp_path / "first")
    (row,) = (json.loads(line) for line in (tmp_path / "first" / "log.jsonl").read_text().splitlines())
    assert row["loss_features"] < 0.05 * row["loss_features_constant"] > 0.02
    assert best is not None
    carried = read_beside(best)
    assert torch.equal(carried["weight"], read_tensors(best.parent / STATE_FILE)[0]["net.projection.weight"])
    copy_beside(best, tmp_path / "start.safetensors")
    assert all(torch.equal(t, carried[n]) for n, t in read_beside(tmp_path / "start.safetensors").items())
    assert read_beside(None) == read_beside(teacher) == {}


def test_coordinates_that_lie_elsewhere_cannot_teach(discs: Path, tmp_path: Path) -> None:
    header = CheckpointHeader(net=SMALL, scheme=MOUTH)
    save_checkpoint(tmp_path / "t.safetensors", build_net(header.net), header)
    with pytest.raises(UserError, match="output_weight=0"):
        fit(quick(discs, 1, f"teacher={tmp_path / 't.safetensors'}", "output_weight=1"), tmp_path / "a")


def test_a_teacher_of_68_points_teaches_five_by_those_that_it_implies(tmp_path: Path) -> None:
    offset = ((0.01, -0.03), (-0.01, -0.03), (0.0, 0.02), (0.0, -0.01), (0.0, -0.01))
    config = SMALL.model_copy(update={"points": 68})
    net = build_net(config)
    save_checkpoint(tmp_path / "t.safetensors", net, CheckpointHeader(net=config, five_offset=offset))
    learner = supervised(build_net(SMALL), TeacherSettings(teacher=str(tmp_path / "t.safetensors")), 1.0)
    seen = crops(3)
    expected = implied_five(predict_crops(net.eval(), seen.permute(0, 2, 3, 1)).numpy(), offset=offset)
    np.testing.assert_allclose(learner.teacher_answer(seen).keypoints.numpy(), expected, atol=1e-5)


@pytest.mark.training
def test_the_command_distills_and_labels(discs: Path, teacher: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from facekp_train.cli import app

    arguments = [
        "distill", f"--model={teacher}", f"--teacher={teacher}", f"--data=mtfl:{discs}", "--relabel=all",
        f"--out={tmp_path / 'out'}", "--epochs=1", "--json",
        *(f"--set={s}" for s in QUICK if s.startswith(("batch", "precision", "learning_rate"))),
    ]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    labels = json.loads((tmp_path / "out" / "labels.json").read_text())
    faces = list(open_dataset(f"coco:{tmp_path / 'out' / 'labels.json'}"))
    assert len(faces) == len(labels["annotations"]) == 48
    assert load_checkpoint(tmp_path / "out" / "best.safetensors").header.net.widths == (8,) * 16


def test_axes_come_from_faces_all_over_the_list(
    discs: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists go by source: the first faces of MTFL's are all of one of its two."""
    seen: list[torch.Tensor] = []

    def look(_self: Distilled, batches: Iterable[torch.Tensor]) -> None:
        seen.extend(batches)
        raise KeyboardInterrupt

    monkeypatch.setattr(Distilled, "prepare", look)
    monkeypatch.setattr("facekp_train.training.fit.AXES_FACES", 4)
    recipe = quick(discs, 1, f"teacher={teacher}")
    data = load_training_data(recipe.part(FaceSettings))
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, tmp_path, data=data)
    last = data.train.size - 1
    assert torch.equal(torch.cat(seen), plain_crops(data.train, [0, last // 3, 2 * last // 3, last]))


def test_axes_come_from_faces_as_the_crop_rule_cuts_them(discs: Path) -> None:
    store = FaceStore(gather_faces(open_dataset(f"mtfl:{discs}"), 5), 5, RULE)
    pair = distilled()
    pair.prepare(batch.crops for batch, _ in plain_batches(store, 16))
    answers = torch.cat([pair.teacher_answer(batch.crops).pooled for batch, _ in plain_batches(store, 16)])
    assert answers.mean(0).abs().max() < 1e-3 and float(answers.square().mean()) == pytest.approx(1, rel=1e-3)
