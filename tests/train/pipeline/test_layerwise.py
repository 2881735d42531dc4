"""Pruning step by step as other code calls it: what decides a step's net, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.models.quick_fits import PRECISION, RULE, quick

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.common.console import UserError
from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.pipeline.layerwise import PLAN_FILE, prune
from facekp_train.pruning.settings import PruneSettings
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.launch import launch
from facekp_train.training.log import Scored, Step
from facekp_train.training.recipe import Recipe, make_recipe
from facekp_train.training.run_folder import read_beside


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of hidden widths 16 for five points."""
    torch.manual_seed(0)
    config = NetConfig(points=5, size=64, widths=(16,) * 16, hidden=16, heatmap_width=8)
    path = tmp_path_factory.mktemp("model") / "wide.safetensors"
    save_checkpoint(path, build_net(config), CheckpointHeader(net=config, crop=RULE.as_dict()))
    return path


@pytest.fixture(scope="module")
def data(discs: Path) -> TrainingData:
    return load_training_data(quick(discs, 1).part(FaceSettings))


def retrain(discs: Path, model: Path, **settings: Any) -> Recipe:
    options = {"data": [f"mtfl:{discs}"], "points": 5, "batch": 8, "precision": PRECISION, "epochs": 1}
    sizes = {"size": 64, "hidden": 16, "heatmap_width": 8, "init": str(model), "teacher": str(model)}
    return make_recipe("retrain", {**options, **sizes, **settings}, [])


def pruned(
    recipe: Recipe, model: Path, data: TrainingData, out: Path, **options: Any
) -> tuple[int, ...] | None:
    """The widths of the result."""
    torch.set_num_threads(1)
    settings = PruneSettings(**{"layers_per_step": 16, "images": 16, **options})
    prune(model, recipe, out, settings, fabric=launch("cpu", 1, PRECISION), data=data)
    return load_checkpoint(out / "best.safetensors").header.net.widths


@pytest.mark.slow
@pytest.mark.parametrize(
    "widths", [{"expansion": 0.5}, {"widths": (16,) * 16}, {"channels": (32, 16, 24, 32, 64, 96, 160, 320)}]
)
def test_what_the_recipe_says_of_widths_is_of_the_net_as_it_was(
    discs: Path, model: Path, data: TrainingData, tmp_path: Path, widths: dict[str, Any]
) -> None:
    """`--recipe` may be the one that the net was trained by."""
    assert pruned(retrain(discs, model, **widths), model, data, tmp_path / "out", rate=0.5) == (8,) * 16


@pytest.mark.slow
@pytest.mark.parametrize("repair", ["none", "lstsq"])
def test_steps_go_on_with_what_was_learned(
    discs: Path, model: Path, data: TrainingData, tmp_path: Path, repair: str
) -> None:
    """A step has the projection of the one before; a repaired net keeps the statistics of its BN, too."""
    out = tmp_path / "out"
    pruned(
        retrain(discs, model), model, data, out, rate=0.5, layers_per_step=8, repair=repair, final_epochs=1
    )
    rows = [json.loads((out / name / "log.jsonl").read_text()) for name in ("step-01", "step-02", "final")]
    assert [row["bn_held"] for row in rows] == [repair != "none", repair != "none", True]
    assert len({row["factor_heatmap"] for row in rows}) == len({row["factor_features"] for row in rows}) == 1
    ends = [read_beside(out / name) for name in ("step-01/best.safetensors", "step-02/start.safetensors")]
    assert ends[0].keys() == {"weight", "axes", "centre"}
    assert all(torch.equal(tensor, ends[0][name]) for name, tensor in ends[1].items())
    assert read_beside(out / "best.safetensors").keys() == ends[0].keys()


@pytest.mark.slow
def test_a_killed_run_does_not_go_on_with_other_faces_of_the_same_name(
    discs: Path, model: Path, data: TrainingData, tmp_path: Path
) -> None:
    def stop(_step: Step | Scored) -> None:
        raise KeyboardInterrupt

    settings = PruneSettings(rate=0.5, layers_per_step=16, images=16)
    fabric = launch("cpu", 1, PRECISION)
    with pytest.raises(KeyboardInterrupt):
        prune(model, retrain(discs, model), tmp_path / "out", settings, fabric=fabric, data=data, watch=stop)
    other = shutil.copytree(discs, tmp_path / discs.name)
    with pytest.raises(KeyboardInterrupt):  # a copy is the same
        prune(model, retrain(other, model), tmp_path / "out", settings, fabric=fabric, data=data, watch=stop)
    lines = (other / "trainImageList.txt").read_text().splitlines(keepends=True)
    (other / "trainImageList.txt").write_text("".join(lines[1:]))
    with pytest.raises(UserError, match="started with other faces"):
        prune(model, retrain(other, model), tmp_path / "out", settings, fabric=fabric, data=data)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rate": 0.01}, r"--rate 0\.01 removes nothing: layers keep a multiple of 8"),
        ({"budget": "30MB"}, r"the net takes \d\.\d+ MB, which is within 30MB already"),
        ({"budget": "900MMACs"}, r"the net takes \d\.\d+ MMACs, which is within"),
    ],
)
def test_what_removes_nothing_is_refused(
    discs: Path, model: Path, data: TrainingData, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        pruned(retrain(discs, model), model, data, tmp_path, **options)
    assert not (tmp_path / PLAN_FILE).exists()


def test_a_damaged_plan_is_named(discs: Path, model: Path, data: TrainingData, tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text('{"settings": {')
    with pytest.raises(UserError, match=f"{PLAN_FILE} is damaged; delete {tmp_path} to prune again"):
        pruned(retrain(discs, model), model, data, tmp_path, rate=0.5)
