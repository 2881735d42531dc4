"""Labels of two markings in one training: each stays as it is, and a constant parts them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.batches.loader import BatchSettings, TrainBatches, plain_batches
from facekp_train.batches.markings import reconcile
from facekp_train.common.run_files import BEST_FILE
from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, Prediction, build_net
from facekp_train.pipeline.layerwise import START_FILE, prune
from facekp_train.pruning.settings import PruneSettings
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data, samples_of
from facekp_train.training.fit import fit
from facekp_train.training.launch import launch
from facekp_train.training.losses import JointLoss, LossSettings
from facekp_train.training.recipe import Recipe, make_recipe
from facekp_train.training.validation import validate
from tests.support.files.lidded_faces import HAND_OFFSET, hand_placed, lidded_faces
from tests.support.models.quick_fits import PRECISION, QUICK, RULE

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lidded")
    lidded_faces(root, 24)
    return root


def both(folder: Path) -> list[str]:
    return [f"pts:{folder}", f"mtfl:{folder}"]


def settings(data: list[str], points: int = 68) -> FaceSettings:
    return FaceSettings(data=data, points=points, size=RULE.size)


def lidded(data: list[str], *more: str) -> Recipe:
    return make_recipe("modern", {"data": data, "points": 68, "epochs": 1}, [*QUICK, *more])


@pytest.fixture(scope="module")
def data(folder: Path) -> TrainingData:
    return load_training_data(settings(both(folder)))


class Knowing(nn.Module):
    """Answers a store's plain crops, in order, with its own labels."""

    def __init__(self, store: FaceStore) -> None:
        super().__init__()
        self.labels = nn.Parameter(torch.from_numpy(store.points.copy()), requires_grad=False)
        self.place = 0

    def forward(self, crops: torch.Tensor) -> Prediction:
        start, self.place = self.place, self.place + len(crops)
        return Prediction(self.labels[start : self.place])


def test_labels_stay_in_their_own_mark_up_and_the_constant_is_told(folder: Path, data: TrainingData) -> None:
    offset = data.five_offset
    assert offset is not None
    np.testing.assert_allclose(offset, HAND_OFFSET, atol=1e-4)
    faces = gather_faces(samples_of(both(folder), None, []), 68)
    for face in faces:
        assert face.points is not None and np.array_equal(face.points, face.sample.keypoints)
    trained, scored = (FaceStore(faces, 68, RULE, listed).points for listed in (False, True))
    for labels, store in ((trained, data.train), (scored, data.validation)):
        assert all(np.abs(labels - own).max(axis=(1, 2)).min() == 0 for own in store.points)
    assert (data.train.size, data.validation.size) == (23, 1)
    assert data.train.five_known.all()


def test_a_net_that_knows_its_labels_errs_on_neither_marking(data: TrainingData) -> None:
    figures = validate(Knowing(data.train), data.train, data.five_offset)
    assert figures["nme_many"] == 0
    assert figures["nme_five"] < 0.01
    # The constant is what parts them: without it the same net seems to err.
    assert validate(Knowing(data.train), data.train)["nme_five"] > 1


@pytest.mark.parametrize("unit", ["crop", "eyes"])
def test_a_net_that_knows_its_labels_has_no_loss(data: TrainingData, unit: Literal["crop", "eyes"]) -> None:
    batch, _ = next(plain_batches(data.train, 8))
    loss_settings, net = LossSettings(loss="l1", error_unit=unit), NetConfig(points=68)
    knowing = JointLoss(loss_settings, net, CPU, has_teacher=False, five_offset=data.five_offset)
    plain = JointLoss(loss_settings, net, CPU, has_teacher=False)
    assert knowing(Prediction(batch.points), batch).regression < 1e-4
    assert plain(Prediction(batch.points), batch).regression > 3e-3


def test_a_face_weighs_the_same_by_either_marking(data: TrainingData) -> None:
    """An offset that widens the eyes' distance: the weight by 68 points is the one by hand-placed five."""
    batch, _ = next(plain_batches(data.train, 8))
    loss = JointLoss(
        LossSettings(error_unit="eyes"), NetConfig(), CPU, has_teacher=False, five_offset=data.five_offset
    )
    assert loss._weigh is not None
    by_hand = loss._weigh(batch)
    batch.five_known = torch.zeros_like(batch.five_known)
    torch.testing.assert_close(loss._weigh(batch), by_hand, atol=1e-3, rtol=0)


def test_a_face_is_as_turned_by_either_marking(data: TrainingData) -> None:
    """A sideways offset of the nose: without it, faces without hand-placed five would count as turned."""
    store = data.train
    aside = tuple((0.6, down) if i == 2 else (right, down) for i, (right, down) in enumerate(HAND_OFFSET))
    known = store.five_known.copy()
    try:
        store.five_known[:] = False
        batches = BatchSettings(batch=8, focus=3)
        by_means = TrainBatches(store, batches, 0)._shares
        moved = TrainBatches(store, batches, 0, five_offset=aside)._shares
    finally:
        store.five_known[:] = known
    assert by_means is not None and moved is not None
    assert by_means.max() < 1.2 and moved.min() > 3.9


def test_a_net_of_five_learns_all_faces_where_a_hand_places_them(tmp_path: Path) -> None:
    """Some of the faces have 68 points alone: their five are moved by what the others tell."""
    points = lidded_faces(tmp_path, 24, by_hand=16)
    for specs in (both(tmp_path), both(tmp_path)[::-1]):
        faces = gather_faces(samples_of(specs, None, []), 5)
        assert len(faces) == 24 and sum(bool(face.derived) for face in faces) == 8
        assert reconcile(faces[:20], faces[20:], 5) is None
        for face in faces:
            assert face.points is not None
            by_hand = hand_placed(points[int(face.sample.image.stem)])
            np.testing.assert_allclose(face.points, by_hand, atol=0.02)


@pytest.mark.parametrize("points", [5, 68])
def test_what_cannot_be_told_apart_is_named(
    points: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lidded_faces(tmp_path / "faces", 24, by_hand=5)
    fit(lidded(both(tmp_path / "faces"), f"points={points}"), tmp_path / "run")
    assert load_checkpoint(tmp_path / "run" / "best.safetensors").header.five_offset is None
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("the five that 68 keypoints imply are mixed with hand-placed five as they are") == 1


def test_the_constant_travels_with_the_net(
    folder: Path, data: TrainingData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fitted, then handed on where the faces of a later training do not tell."""
    first = fit(lidded(both(folder)), tmp_path / "first", data=data)
    assert first is not None
    assert data.five_offset is not None
    headers = [load_checkpoint(first.parent / f"{name}.safetensors").header for name in ("best", "last")]
    for header in headers:
        assert header.five_offset == data.five_offset
        assert header.history["five_offset"] == [list(pair) for pair in data.five_offset]
    later = fit(lidded([f"pts:{folder}"], f"init={first}"), tmp_path / "later")
    assert later is not None and load_checkpoint(later).header.five_offset == data.five_offset
    five = fit(lidded([f"mtfl:{folder}"], f"init={first}", "points=5"), tmp_path / "five")
    assert five is not None and load_checkpoint(five).header.five_offset is None
    assert "mixed" not in capsys.readouterr().err


@pytest.mark.slow
def test_what_goes_on_from_a_net_keeps_its_constant(folder: Path, tmp_path: Path) -> None:
    """Pruned, distilled or rounded on faces with 68 points alone, which do not tell it."""
    model = save_net_with_offset(tmp_path / "start.safetensors")
    data = load_training_data(settings([f"pts:{folder}"]))
    onward = lidded([f"pts:{folder}"], "widths=null", f"init={model}", "batch=16")
    rounded = fit(onward.model_copy(update={"quantize": True}), tmp_path / "rounded", data=data)
    taught = onward.model_copy(update={"teacher": str(model)})
    distilled = fit(taught, tmp_path / "distilled", data=data)
    pruning = PruneSettings(rate=0.5, layers_per_step=16, images=16)
    prune(model, taught, tmp_path / "pruned", pruning, fabric=launch("cpu", 1, PRECISION), data=data)
    assert rounded is not None and distilled is not None
    step = tmp_path / "pruned" / "step-01"
    made = [rounded, distilled, step / START_FILE, step / BEST_FILE, tmp_path / "pruned" / BEST_FILE]
    headers = [load_checkpoint(file).header for file in made]
    assert all(header.five_offset == HAND_OFFSET for header in headers)
    assert {header.net.widths for header in headers} == {(16,) * 16, (8,) * 16}


def save_net_with_offset(path: Path) -> Path:
    config = NetConfig(points=68, size=RULE.size, widths=(16,) * 16, hidden=16, heatmap_width=8)
    header = CheckpointHeader(net=config, crop=RULE.as_dict(), five_offset=HAND_OFFSET)
    save_checkpoint(path, build_net(config), header)
    return path


def test_labels_without_hand_placed_five_have_no_constant(folder: Path) -> None:
    assert load_training_data(settings([f"pts:{folder}"])).five_offset is None
    assert load_training_data(settings(both(folder), points=5)).five_offset is None
