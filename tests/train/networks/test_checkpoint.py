"""Checkpoints: they rebuild the net by themselves, and a stranger's file cannot do harm."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.common.shipped import shipped_models_dir
from facekp_train.crop import CropRule
from facekp_train.landmarks import scheme_of
from facekp_train.metadata import ModelInput
from facekp_train.networks.checkpoint import (
    CheckpointHeader,
    LossFactors,
    load_checkpoint,
    save_checkpoint,
    save_tensors,
)
from facekp_train.networks.keypoint_net import NetConfig, build_net
from tests.support.files.schemes import MOUTH, schemes
from tests.support.models.small_nets import hidden_head

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
        {"format": 0},
        {"format": "2"},
        {"format": True},
        {"net": None},
        {"scheme": []},
        {"scheme": scheme_of(19).as_dict()},
        {"scheme": {**MOUTH.as_dict(), "flip": [1, 2, 0, 3, 4]}},
        {"input": {"type": "float32", "side": 96}},
        {"input": {"type": "float64", "side": 128}},
        {"five_offset": [[0, 0]]},
        {"scheme": MOUTH.as_dict(), "five_offset": [[0, 0]] * 5},
        {"weights_licence": ["MIT"]},
    ],
)
def test_a_hostile_header_is_refused_in_one_sentence(saved: Path, change: dict[str, object]) -> None:
    header = {**json.loads(CheckpointHeader(net=CONFIG).model_dump_json()), **change}
    save_tensors(saved, dict(build_net(CONFIG).state_dict()), json.dumps(header))
    with pytest.raises(ValueError, match="do not fit") as told:
        load_checkpoint(saved)
    assert "pydantic" not in str(told.value) and "type=" not in str(told.value)


@given(
    schemes().filter(lambda scheme: scheme.five is not None),
    st.lists(st.tuples(*[st.floats(-1, 1)] * 2), min_size=5, max_size=5).map(tuple),
    st.none() | st.text(min_size=1).filter(str.strip),
    st.sampled_from([96, 128]),
)
def test_any_header_survives_the_trip_through_json(scheme, offset, licence, side) -> None:
    header = CheckpointHeader(
        net=NetConfig(points=scheme.points),
        crop=CropRule(size=side).as_dict(),
        scheme=scheme,
        five_offset=offset,
        weights_licence=licence,
    )
    back = CheckpointHeader.model_validate(json.loads(header.model_dump_json()))
    assert back == header and (back.format, back.input) == (2, ModelInput("float32", side))
    assert (back.scheme, back.five_offset, back.weights_licence) == (scheme, offset, licence)


def test_a_net_of_an_own_scheme_comes_back_with_it(saved: Path) -> None:
    save_checkpoint(saved, build_net(CONFIG), CheckpointHeader(net=CONFIG, scheme=MOUTH))
    assert load_checkpoint(saved).header.scheme == MOUTH


def test_a_header_of_format_1_reads_as_what_was_meant_then(saved: Path) -> None:
    header = json.loads(CheckpointHeader(net=CONFIG).model_dump_json())
    old = {key: header[key] for key in ("name", "net", "crop", "recipe", "history")}
    save_tensors(saved, dict(build_net(CONFIG).state_dict()), json.dumps({"format": 1, **old}))
    read = load_checkpoint(saved).header
    assert (read.scheme, read.input) == (scheme_of(5), ModelInput("float32", 128))
    assert read.five_offset is None and read.weights_licence is None


@pytest.mark.parametrize(("folder", "written"), [("mdp-1x", 2), ("mdp-0.25x", 2), ("teacher", 1)])
def test_shipped_checkpoints_of_both_formats_are_read(folder: str, written: int) -> None:
    path = shipped_models_dir() / folder / "model.safetensors"
    header = load_checkpoint(path).header
    assert (header.format, header.scheme, header.crop_rule) == (written, scheme_of(68), CropRule())
    assert (header.five_offset is not None) == (written == 2)


def test_a_header_of_a_newer_format_or_beyond_all_length_is_refused(saved: Path) -> None:
    header = json.loads(CheckpointHeader(net=CONFIG).model_dump_json())
    for change, said in (
        ({"format": 3, "more": 1}, "format 3 .* upgrade facekp"),
        ({"name": "x" * 300_000}, "allowed"),
    ):
        save_tensors(saved, dict(build_net(CONFIG).state_dict()), json.dumps({**header, **change}))
        with pytest.raises(ValueError, match=said):
            load_checkpoint(saved)
    with pytest.raises(ValueError, match="bytes long"):
        save_checkpoint(saved, build_net(CONFIG), CheckpointHeader(net=CONFIG, history={"x": "y" * 300_000}))


def test_weights_that_are_not_numbers_are_refused(saved: Path) -> None:
    net = build_net(CONFIG)
    hidden_head(net).fc2.bias.data[3] = float("nan")
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


def test_factors_of_the_losses_come_back(saved: Path) -> None:
    checkpoint = load_checkpoint(saved)
    assert checkpoint.header.factors is None
    factors = LossFactors(heatmap=0.5, features=None)
    save_checkpoint(saved, checkpoint.net, checkpoint.header.model_copy(update={"factors": factors}))
    assert load_checkpoint(saved).header.factors == factors


@pytest.mark.parametrize(
    "factors",
    [3, [1, 2], {"heatmap": -1}, {"heatmap": "1"}, {"heatmap": True}, {"heatmap": 1e999}, {"loss": 1}],
)
def test_factors_that_are_none_are_refused(factors: object) -> None:
    with pytest.raises(ValueError, match="factors"):
        CheckpointHeader.model_validate({"net": CONFIG.model_dump(), "factors": factors})
