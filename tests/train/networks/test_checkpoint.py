"""Checkpoints: they rebuild the net by themselves, and a stranger's file cannot do harm."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch

from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, save_checkpoint, save_tensors
from facekp_train.networks.keypoint_net import NetConfig, build_net

CONFIG = NetConfig(points=5, size=64, widths=(8, 16) * 8, hidden=24, heatmap_width=8)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "a net.safetensors"
    save_checkpoint(path, build_net(CONFIG), CheckpointHeader(name="a", net=CONFIG, recipe={"seed": 4}))
    return path


def test_a_pruned_net_comes_back_from_its_file_alone(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    assert checkpoint.header.net == CONFIG and checkpoint.header.recipe == {"seed": 4}
    torch.manual_seed(0)
    fresh = build_net(CONFIG).eval()
    crops = torch.randint(0, 256, (2, 3, 64, 64))
    assert torch.equal(fresh(crops).keypoints, checkpoint.net(crops).keypoints)
    assert not checkpoint.net.training
    photographs = crops.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    answers = checkpoint.predict(photographs)
    assert answers.dtype == "float32" and (answers == fresh(crops).keypoints.detach().numpy()).all()


def test_a_pickled_file_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps({"code": "here"}))
    with pytest.raises(ValueError, match="not a readable safetensors"):
        load_checkpoint(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused(saved: Path, share: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError):
        load_checkpoint(saved)


def test_weights_of_another_shape_are_refused(saved: Path) -> None:
    other = CONFIG.model_copy(update={"hidden": 25})
    tensors = build_net(other).state_dict()
    save_tensors(saved, dict(tensors), CheckpointHeader(net=CONFIG).model_dump_json())
    with pytest.raises(ValueError, match="do not fit"):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    "change",
    [
        {"net": {"backbone": "vgg"}},
        {"net": {"points": 5, "hidden": 10**9}},
        {"crop": {"size": -3}},
        {"surprise": 1},
        {"format": "x"},
    ],
)
def test_a_hostile_header_is_refused_in_one_sentence(saved: Path, change: dict[str, object]) -> None:
    header = {**json.loads(CheckpointHeader(net=CONFIG).model_dump_json()), **change}
    save_tensors(saved, dict(build_net(CONFIG).state_dict()), json.dumps(header))
    with pytest.raises(ValueError, match="do not fit"):
        load_checkpoint(saved)


def test_weights_that_are_not_numbers_are_refused(saved: Path) -> None:
    net = build_net(CONFIG)
    net.regression.fc2.bias.data[3] = float("nan")
    save_checkpoint(saved, net, CheckpointHeader(net=CONFIG))
    with pytest.raises(ValueError, match="not finite"):
        load_checkpoint(saved)


def test_a_failed_save_leaves_the_old_file(saved: Path) -> None:
    before = saved.read_bytes()
    unsavable = {"a": torch.zeros(3).to_sparse()}
    with pytest.raises(Exception):  # noqa: B017 - whatever safetensors raises
        save_tensors(saved, unsavable, "{}")
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
