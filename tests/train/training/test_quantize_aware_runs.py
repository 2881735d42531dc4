"""`facekp-train quantize-aware`: a net that int8 ruins is brought back, and a killed run goes on."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.support.models.quick_fits import RULE, STILL, quick
from tests.support.models.small_nets import shipped_net_of_five
from tests.support.models.train_cli import command

pytest.importorskip("torch")

import torch

from facekp_export.quantization.calibration import demo_views
from facekp_export.quantization.layer_errors import LayerErrors, layer_errors
from facekp_train.batches.loader import plain_crops
from facekp_train.common.console import UserError
from facekp_train.common.run_files import STATE_FILE
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, read_tensors, save_checkpoint
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.fit import fit
from facekp_train.training.initial import start_from
from facekp_train.training.log import Scored, Step
from facekp_train.training.quantize_aware import FakeQuantized
from facekp_train.training.recipe import Recipe, make_recipe
from facekp_train.training.validation import predict_store

pytestmark = pytest.mark.slow
BLOCK = 3


@pytest.fixture(scope="module")
def ruined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained net, half the channels inside one block made 100 times narrower than the rest.

    What reads them makes up for it, so in float it is a good net still; in int8 they and the weights
    beside theirs have few steps left.
    """
    torch.set_num_threads(1)
    net = shipped_net_of_five(RULE.size)
    weights = dict(net.named_parameters())
    block = f"backbone.features.{BLOCK}.conv"
    with torch.no_grad():
        weights[f"{block}.1.1.weight"][::2] /= 100
        weights[f"{block}.1.1.bias"][::2] /= 100
        weights[f"{block}.2.weight"][:, ::2] *= 100
    path = tmp_path_factory.mktemp("nets") / "ruined.safetensors"
    save_checkpoint(path, net, CheckpointHeader(net=net.config, crop=RULE.as_dict()))
    return path


@pytest.fixture(scope="module")
def data(ruined: Path, discs: Path) -> TrainingData:
    """Views of the demo photograph, and where the ruined net sees the points in float.

    So rounding is all that keeps it from its labels, and training on without rounding would change nothing.
    """
    data = load_training_data(quick(discs, 1).part(FaceSettings))
    data.train.size = 16
    net, pictures = load_checkpoint(ruined).net, iter(demo_views(CropRule(size=256), 24))
    for store in (data.train, data.validation):
        for number, picture in enumerate(islice(pictures, store.size)):
            store.views[number] = picture
        store.points[: store.size] = predict_store(net, store)
    return data


def aware(discs: Path, model: Path, epochs: int, *settings: str) -> Recipe:
    options = {"data": [f"mtfl:{discs}"], "epochs": epochs, "batch": 8, **start_from(model)}
    return make_recipe("quantize-aware", options, ["learning_rate=1e-4", "ema=0.9", *STILL, *settings])


def crops_of(data: TrainingData) -> torch.Tensor:
    return plain_crops(data.train, list(range(data.train.size)))


def errors_of(model: Path, data: TrainingData) -> LayerErrors:
    crops = np.ascontiguousarray(crops_of(data).permute(0, 2, 3, 1).numpy())
    return layer_errors(load_checkpoint(model).net, crops)


def missed(model: Path, data: TrainingData) -> float:
    """How far the rounded net is from the labels on average, in pixels."""
    answers = predict_store(FakeQuantized(load_checkpoint(model).net), data.train)
    return float(np.linalg.norm(answers - data.train.points[: data.train.size], axis=-1).mean()) * RULE.size


def test_the_layers_at_fault_are_named(ruined: Path, data: TrainingData) -> None:
    errors = errors_of(ruined, data)
    blamed, next_best = errors.layers[:2], errors.layers[2]
    block = f"backbone.features.{BLOCK}.conv"
    assert {entry.layer for entry in blamed} == {f"{block}.1.0", f"{block}.2"}
    assert min(entry.mean_px for entry in blamed) > 3 * next_best.mean_px
    assert all(entry.layer in errors.sentence(errors.together_px) for entry in blamed)


@pytest.mark.training
@pytest.mark.parametrize("seed", range(2))
def test_training_brings_the_net_back(
    ruined: Path, data: TrainingData, discs: Path, tmp_path: Path, seed: int
) -> None:
    before = missed(ruined, data)
    assert before > 1
    fit(aware(discs, ruined, 12, f"seed={seed}"), tmp_path / "run", data=data)
    last = tmp_path / "run" / "last.safetensors"
    assert missed(last, data) < 0.75 * before
    # An ordinary checkpoint: what went in and what came out hold the same tensors.
    assert read_tensors(last)[0].keys() == read_tensors(ruined)[0].keys()


@pytest.mark.training
def test_a_broken_run_ends_with_the_weights_of_an_unbroken_one(
    ruined: Path, data: TrainingData, discs: Path, tmp_path: Path
) -> None:
    recipe = aware(discs, ruined, 2)
    fit(recipe, tmp_path / "whole", data=data)

    def stop(step: Step | Scored) -> None:
        if step.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(recipe, tmp_path / "broken", watch=stop, data=data)
    fit(recipe, tmp_path / "broken", resume=True, data=data)
    whole, resumed = (read_tensors(tmp_path / name / STATE_FILE)[0] for name in ("whole", "broken"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_quantizing_cannot_be_switched_off(
    ruined: Path, discs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain training on under that name would look like a repair."""
    words = ["quantize-aware", "--model", ruined, "--data", f"mtfl:{discs}", "--set", "quantize=false"]
    assert command(*words) == 2
    assert "quantize=false is plain training;" in " ".join(capsys.readouterr().err.split())


def test_a_teacher_is_refused(ruined: Path, discs: Path) -> None:
    with pytest.raises(UserError, match="cannot learn from a teacher and be quantized"):
        aware(discs, ruined, 1, f"teacher={ruined}")
