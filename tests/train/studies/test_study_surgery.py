"""A net cut in the midst of its training goes on with all that it remembers of what stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("lightning_fabric")
pytest.importorskip("joblib")

import torch
from torch import Tensor

from facekp_train.common.run_files import LAST_FILE, STATE_FILE
from facekp_train.networks.checkpoint import load_checkpoint, read_tensors
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.settings import PruneSettings
from facekp_train.studies.surgery import START_FILE, cut_before, cut_between
from facekp_train.training.data import FaceSettings, TrainingData, load_training_data
from facekp_train.training.fit import fit
from facekp_train.training.recipe import KEEP_WIDTHS, Recipe
from tests.support.models.quick_fits import quick, save_disc_teacher


@dataclass(frozen=True)
class Halved:
    """A training that stopped after its first epoch, and the same without half of a group's channels."""

    before: Path
    after: Path
    recipe: Recipe
    data: TrainingData
    group: str


@pytest.fixture(scope="module")
def halved(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Halved:
    folder = tmp_path_factory.mktemp("halved")
    teacher = save_disc_teacher(folder / "teacher.safetensors", width=16)
    recipe = quick(discs, 2, f"teacher={teacher}", "widths=" + str([16] * 16))
    data = load_training_data(recipe.part(FaceSettings))
    before, after = folder / "before", folder / "after"
    fit(recipe, before, data=data, until=1)
    group = find_groups(load_checkpoint(before / LAST_FILE).net, "inner")[0].name
    going_on = recipe.model_copy(update={**KEEP_WIDTHS, "init": str(after / START_FILE)})
    cut_between(before, after, going_on, {group}, PruneSettings(rate=0.5), data.train)
    return Halved(before, after, going_on, data, group)


def test_what_a_training_remembers_is_cut_with_the_net(halved: Halved) -> None:
    old, _ = read_tensors(halved.before / STATE_FILE)
    new, _ = read_tensors(halved.after / STATE_FILE)
    assert old.keys() == new.keys()
    assert torch.equal(old["net.projection.weight"], new["net.projection.weight"])
    smaller = {name for name in old if old[name].shape != new[name].shape}
    assert {name.split(".")[0] for name in smaller} == {"net", "ema", "opt"}
    for name in (name for name in old if name.startswith("opt.")):
        assert _is_part(new[name], old[name]) if name in smaller else torch.equal(old[name], new[name])


def test_the_training_goes_on_where_it_stood(halved: Halved) -> None:
    fit(halved.recipe, halved.after, data=halved.data, resume=True)
    rows = [folder.joinpath("log.jsonl").read_text().splitlines() for folder in (halved.before, halved.after)]
    assert rows[1][0] == rows[0][0] and len(rows[1]) == 2
    nets = [load_checkpoint(folder / LAST_FILE).net for folder in (halved.before, halved.after)]
    widths = [{group.name: group.width for group in find_groups(net, "inner")} for net in nets]
    assert widths[1] == {**widths[0], halved.group: 8}


def test_a_cut_net_is_a_checkpoint_to_start_from(halved: Halved, tmp_path: Path) -> None:
    cut_before(
        halved.before / LAST_FILE, tmp_path, {halved.group}, PruneSettings(rate=0.5), halved.data.train
    )
    one, two = (read_tensors(folder / START_FILE)[0] for folder in (tmp_path, halved.after))
    assert one.keys() == two.keys() and all(torch.allclose(one[name], two[name]) for name in one)


def _is_part(part: Tensor, whole: Tensor) -> bool:
    """Whether the rows of a part are rows of the whole, along the one side that differs."""
    side = next(i for i in range(whole.ndim) if whole.shape[i] != part.shape[i])
    wholes = {tuple(row.flatten().tolist()) for row in whole.unbind(side)}
    return all(tuple(row.flatten().tolist()) in wholes for row in part.unbind(side))
