"""Recipes: names, YAML, nested assignments, and errors that name the key."""

from __future__ import annotations

import math
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from facekp_train.common.console import UserError
from facekp_train.common.files import package_file
from facekp_train.common.recipes import PRESETS, preset
from facekp_train.training.optimizer import OptimizerSettings, rate_at
from facekp_train.training.recipe import make_recipe

DATA = {"data": ["mtfl:somewhere"]}


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_survives_its_yaml(name: str, tmp_path: Path) -> None:
    recipe = make_recipe(name, DATA, [])
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe.model_dump(mode="json")))
    assert make_recipe(str(file), {}, []) == recipe


@pytest.mark.parametrize("name", PRESETS)
def test_a_copy_of_a_preset_is_the_same_recipe(name: str, tmp_path: Path) -> None:
    """Its comments teach, and its values are the user's to change."""
    file = package_file("facekp_train.training", "presets", f"{name}.yaml")
    copied = Path(shutil.copy(file, tmp_path / "mine.yaml"))
    assert make_recipe(str(copied), DATA, []) == make_recipe(name, DATA, [])
    changed = copied.read_text().replace("clip: 1.0 ", "clip: 2.0 ").replace("batch: 32 ", "batch: 16 ")
    copied.write_text(changed)
    assert make_recipe(str(copied), DATA, []) != make_recipe(name, DATA, [])


def test_retraining_and_rounding_are_modern_but_for_their_pace() -> None:
    """What the three files repeat is to stay the same in all."""
    pace = {"name", "epochs", "warmup", "learning_rate", "freeze_bn", "precision", "quantize"}
    common = {**preset("modern"), **dict.fromkeys(pace)}
    assert {**preset("retrain"), **dict.fromkeys(pace)} == common
    assert {**preset("quantize-aware"), **dict.fromkeys(pace)} == common
    assert preset("retrain")["freeze_bn"] == preset("modern")["freeze_bn"]


def test_options_and_assignments_win_over_the_name() -> None:
    recipe = make_recipe(
        "modern",
        {**DATA, "epochs": 3, "seed": None},
        ["augmentation.rotation=7", "ema=0.5", "learning_rate=2e-3"],
    )
    assert (recipe.epochs, recipe.augmentation.rotation, recipe.ema, recipe.learning_rate) == (
        3,
        7,
        0.5,
        2e-3,
    )
    assert recipe.augmentation.color == preset("modern")["augmentation"]["color"]


def test_the_papers_schedule() -> None:
    """Section 4.1: 0.01 to 0.0001, stepped every 20 of 60 epochs, batch 32."""
    recipe = make_recipe("paper", DATA, [])
    rates = [rate_at(recipe, epoch * 100, 100) for epoch in (0, 19, 20, 39, 40, 59)]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4])
    assert (recipe.epochs, recipe.batch, recipe.optimizer, recipe.momentum) == (60, 32, "sgd", 0.9)


@pytest.mark.parametrize("epochs", [1, 2, 3, 16, 20, 21, 40, 41, 60, 61, 90])
def test_the_papers_three_rates_last_a_third_of_the_epochs_however_many(epochs: int) -> None:
    recipe = make_recipe("paper", {**DATA, "epochs": epochs}, [])
    rates = [rate_at(recipe, step, 39) for step in range(epochs * 39)]
    for rate in (1e-2, 1e-3, 1e-4):
        assert sum(each == pytest.approx(rate) for each in rates) == pytest.approx(len(rates) / 3, abs=1)


@given(
    schedule=st.sampled_from(["step", "cosine"]),
    epochs=st.integers(1, 100),
    steps=st.integers(1, 60),
    warmup=st.floats(0, 3),
    first=st.floats(1e-4, 1),
    fall=st.floats(1e-6, 1),
)
def test_the_rate_warms_up_falls_and_ends_at_the_final_rate(
    schedule: Literal["step", "cosine"], epochs: int, steps: int, warmup: float, first: float, fall: float
) -> None:
    assume(epochs * steps - warmup * steps >= 3)
    recipe = OptimizerSettings(
        schedule=schedule, epochs=epochs, warmup=warmup, learning_rate=first, final_rate=first * fall
    )
    rates = [rate_at(recipe, step, steps) for step in range(epochs * steps)]
    warm = math.ceil(warmup * steps)
    assert rates[:warm] == sorted(rates[:warm]) and max(rates) <= first * (1 + 1e-9)
    falling = rates[warm:]
    assert all(later <= sooner * (1 + 1e-9) for sooner, later in pairwise(falling))
    if schedule == "step":
        assert (falling[0], falling[-1]) == pytest.approx((first, first * fall))
        for power in range(3 if fall < 0.9 else 0):
            count = sum(rate == pytest.approx(first * fall ** (power / 2), rel=1e-3) for rate in falling)
            assert abs(count - len(falling) / 3) <= 1
    else:
        # A cosine ends where its next step would stand.
        assert falling[-1] - first * fall <= first * (2.5 / len(falling)) ** 2


def test_a_key_that_went_is_named_with_the_reason() -> None:
    with pytest.raises(
        UserError, match="no 'step_epochs' any more: each rate of schedule 'step' lasts a third"
    ):
        make_recipe("paper", DATA, ["step_epochs=20"])


def test_cosine_warms_up_and_ends_at_the_final_rate() -> None:
    recipe = make_recipe("modern", DATA, [])
    rates = [rate_at(recipe, step, 50) for step in range(recipe.epochs * 50)]
    assert rates[0] < rates[25] < rates[49]
    assert max(rates) == pytest.approx(recipe.learning_rate, rel=0.05)
    assert rates[-1] < recipe.learning_rate / 500


@pytest.mark.parametrize(
    ("assignment", "named"),
    [
        ("epoch=3", "epoch"),
        ("epochs=none", "epochs"),
        ("augmentation.flip=3", "augmentation.flip"),
        ("lr", "key=value"),
        ("heatmap_factor=-1", "heatmap_factor"),
        ("distill_factor=.nan", "distill_factor"),
        ("learning_rate=.inf", "learning_rate"),
        ("wing=[0, 0.01]", "wing"),
        ("seed=-1", "seed"),
        ("points=7", "no landmark scheme has 7 points"),
        ("fit_offset=false", "there is no 'fit_offset' any more: labels stay in their own .*five_offset"),
    ],
)
def test_a_wrong_setting_is_named(assignment: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        make_recipe("modern", DATA, [assignment])


@pytest.mark.parametrize("key", ["split", "validation_split"])
def test_a_split_that_no_data_set_has_is_named(key: str) -> None:
    """It would silently mean a set's first split: faces to train on, for a validation."""
    sets = {"data": ["mtfl:a", "pts:b"], "validation": ["mtfl:c"]}
    with pytest.raises(
        UserError, match="none of the data sets has a split 'validaton': mtfl has train, valid"
    ):
        make_recipe("paper", {**sets, key: "validaton"}, [])
    assert getattr(make_recipe("paper", {**sets, key: "validation"}, []), key) == "validation"
    assert make_recipe("paper", {"data": ["coco:labels.json"], "split": "train"}, []).split == "train"


def test_a_shared_recipe_names_no_folder_of_this_machine() -> None:
    data = ["mtfl:/home/me/faces/mtfl", "pts:/home/me/faces@train.txt"]
    shared = make_recipe("modern", {"data": data, "init": "/home/me/a.safetensors"}, []).shareable()
    assert shared["data"] == ["mtfl:mtfl", "pts:faces@train.txt"]
    assert "home" not in str(shared)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="modern"):
        make_recipe("best", DATA, [])


@pytest.mark.parametrize(
    ("assignment", "old", "new"),
    [
        ("optimiser=sgd", "optimiser", "optimizer"),
        ("quantise=true", "quantise", "quantize"),
        ("distil_factor=2", "distil_factor", "distill_factor"),
        ("augmentation.colour=1", "colour", "color"),
    ],
)
def test_a_key_of_an_older_name_is_refused_with_the_new_one(assignment: str, old: str, new: str) -> None:
    """So in files and in the recipe of a run's folder, which are read by the same way."""
    with pytest.raises(UserError, match=f"no '{old}'; '{new}' may be meant"):
        make_recipe("modern", DATA, [assignment])
