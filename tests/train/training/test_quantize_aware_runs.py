"""`facekp-train quantize-aware`: a net that int8 ruins is brought back, and a killed run goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.models.quick_fits import RULE, quick
from tests.support.models.train_cli import command

pytest.importorskip("torch")

import torch

from facekp_export.quantization.layer_errors import LayerErrors, layer_errors
from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.batches.loader import plain_batches
from facekp_train.common.console import UserError
from facekp_train.datasets import open_dataset
from facekp_train.networks.checkpoint import load_checkpoint, read_tensors, save_checkpoint
from facekp_train.training.fit import Step, fit
from facekp_train.training.initial import start_from
from facekp_train.training.recipe import Recipe, make_recipe
from facekp_train.training.run_folder import STATE_FILE

pytestmark = pytest.mark.slow
BLOCK = 3


@pytest.fixture(scope="module")
def ruined(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net of the discs, half the channels inside one block made 30 times narrower than the rest.

    What reads them makes up for it, so in float nothing has changed; in int8 they and the weights beside
    theirs have few steps left.
    """
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs")
    fit(quick(discs, 30), folder / "base")
    checkpoint = load_checkpoint(folder / "base" / "last.safetensors")
    weights = dict(checkpoint.net.named_parameters())
    block = f"backbone.features.{BLOCK}.conv"
    with torch.no_grad():
        weights[f"{block}.1.1.weight"][::2] /= 30
        weights[f"{block}.1.1.bias"][::2] /= 30
        weights[f"{block}.2.weight"][:, ::2] *= 30
    save_checkpoint(folder / "ruined.safetensors", checkpoint.net, checkpoint.header)
    return folder / "ruined.safetensors"


def aware(discs: Path, model: Path, epochs: int, *settings: str) -> Recipe:
    options = {"data": [f"mtfl:{discs}"], "epochs": epochs, "batch": 8, **start_from(model)}
    return make_recipe("quantize-aware", options, ["learning_rate=1e-3", *settings])


def errors_of(model: Path, discs: Path) -> LayerErrors:
    store = FaceStore(gather_faces(open_dataset(f"mtfl:{discs}"), 5), 5, RULE)
    crops = torch.cat([batch.crops for batch, _ in plain_batches(store, 16)]).permute(0, 2, 3, 1)
    return layer_errors(load_checkpoint(model).net, np.ascontiguousarray(crops.numpy()))


def test_the_layers_at_fault_are_named_and_training_brings_the_net_back(
    ruined: Path, discs: Path, tmp_path: Path
) -> None:
    before = errors_of(ruined, discs)
    assert f"backbone.features.{BLOCK}.conv" in before.layers[0].layer
    assert before.layers[0].layer in before.sentence(before.together_px)
    assert before.together_px > 1
    fit(aware(discs, ruined, 24), tmp_path / "run")
    last = tmp_path / "run" / "last.safetensors"
    assert errors_of(last, discs).together_px < 0.25 * before.together_px
    # An ordinary checkpoint: what went in and what came out hold the same tensors.
    assert read_tensors(last)[0].keys() == read_tensors(ruined)[0].keys()


def test_a_broken_run_ends_with_the_weights_of_an_unbroken_one(
    ruined: Path, discs: Path, tmp_path: Path
) -> None:
    recipe = aware(discs, ruined, 2)
    fit(recipe, tmp_path / "whole")

    def stop(step: Step) -> None:
        if step.epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(recipe, tmp_path / "broken", on_step=stop)
    fit(recipe, tmp_path / "broken", resume=True)
    whole, resumed = (read_tensors(tmp_path / name / STATE_FILE)[0] for name in ("whole", "broken"))
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_quantising_cannot_be_switched_off(
    ruined: Path, discs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain training on under that name would look like a repair."""
    words = ["quantize-aware", "--model", ruined, "--data", f"mtfl:{discs}", "--set", "quantise=false"]
    assert command(*words) == 2
    assert "quantise=false is plain training on" in " ".join(capsys.readouterr().err.split())


def test_a_teacher_is_refused(ruined: Path, discs: Path) -> None:
    with pytest.raises(UserError, match="teacher first"):
        aware(discs, ruined, 1, f"teacher={ruined}")
