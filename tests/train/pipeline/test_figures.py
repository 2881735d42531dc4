"""What a stage's net is worth: measured once, and anew where what was measured is of no use."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.support.models.quick_fits import RULE, quick

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.pipeline.figures import FIGURES_FILE, stage_figures
from facekp_train.pipeline.stages import Stage
from facekp_train.training.recipe import Recipe


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A net of chance."""
    torch.manual_seed(0)
    config = NetConfig(points=5, size=64, widths=(8,) * 16, hidden=16, heatmap_width=0)
    path = tmp_path / "best.safetensors"
    save_checkpoint(path, build_net(config), CheckpointHeader(net=config, crop=RULE.as_dict()))
    return Stage("student", path, {})


@pytest.fixture
def recipe(discs: Path) -> Recipe:
    return quick(discs, 1).model_copy(update={"validation": [f"mtfl:{discs}"], "validation_split": "train"})


def test_figures_that_are_damaged_are_measured_anew(stage: Stage, recipe: Recipe, tmp_path: Path) -> None:
    figures = stage_figures(stage, tmp_path, recipe, latency=False)
    text = (tmp_path / FIGURES_FILE).read_text()
    for damaged in (text[:50], "", "[]"):
        (tmp_path / FIGURES_FILE).write_text(damaged)
        assert stage_figures(stage, tmp_path, recipe, latency=False) == figures
    assert json.loads((tmp_path / FIGURES_FILE).read_text()) == figures


def test_without_a_named_split_the_error_is_of_the_split_that_figures_are_reported_on(
    stage: Stage, recipe: Recipe, tmp_path: Path
) -> None:
    """Also where the training split was measured before."""
    (faces,) = recipe.validation
    copy = shutil.copytree(Path(faces.removeprefix("mtfl:")), tmp_path / "copy")
    rows = (copy / "trainImageList.txt").read_text().splitlines(keepends=True)
    (copy / "testImageList.txt").write_text("".join(rows[:12]))
    recipe = recipe.model_copy(update={"validation": [f"mtfl:{copy}"]})
    measured = []
    for split in ("train", None):
        of_split = recipe.model_copy(update={"validation_split": split})
        measured += stage_figures(stage, tmp_path, of_split, latency=False)["errors"].values()
    assert [error["split"] for error in measured] == ["train", "validation"] and measured[1]["n"] == 12
