"""Which layers an int8 error comes from: the one at fault comes first, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.models.small_nets import acquainted_net, hidden_head, noise_crops
from tests.support.models.train_cli import printed

pytest.importorskip("torch")

import torch

from facekp_export.cli import app
from facekp_export.quantization.layer_errors import LayerErrors, layer_errors
from facekp_train.common.console import run
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, NetConfig

SIZE = 32
CROPS = noise_crops(16, SIZE)


@pytest.fixture
def net() -> KeypointNet:
    """A net whose hidden layer has one channel a thousand times as wide, without effect in float."""
    config = NetConfig(points=5, size=SIZE, widths=(8,) * 16, hidden=16, heatmap_width=0)
    net = acquainted_net(config, CROPS)
    head = hidden_head(net)
    with torch.no_grad():
        head.bn.weight[0] *= 1000
        head.bn.bias[0] *= 1000
        head.fc2.weight[:, 0] /= 1000
    return net


def test_the_layer_at_fault_comes_first_and_is_named(net: KeypointNet) -> None:
    errors = layer_errors(net, CROPS)
    assert errors.layers[0].layer == "regression.fc1"
    assert [e.mean_px for e in errors.layers] == sorted((e.mean_px for e in errors.layers), reverse=True)
    sentence = errors.sentence(errors.together_px)
    assert "regression.fc1" in sentence and len(errors.layers) > 50
    assert sentence.count(", ") == 4  # no more than three layers in one sentence
    assert all(entry.layer in errors.table() for entry in errors.layers)


def test_an_error_that_rounding_does_not_explain_is_the_conversions(net: KeypointNet) -> None:
    errors: LayerErrors = layer_errors(net, CROPS)
    assert "suspect its conversion" in errors.sentence(5 * errors.together_px)


def test_the_command_shows_them(net: KeypointNet, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.safetensors"
    rule = CropRule(size=SIZE)
    save_checkpoint(path, net, CheckpointHeader(name="wide", net=net.config, crop=rule.as_dict()))
    with pytest.raises(SystemExit) as ended:
        run(app, ["layers", str(path), "--json"])
    assert not ended.value.code
    document = printed(capsys)
    assert document["model"] == "wide" and document["layers"][0].keys() == {"layer", "mean_px"}
    with pytest.raises(SystemExit) as ended:
        run(app, ["layers", str(path), "--data", "nowhere"])
    assert ended.value.code == 2
