"""The files that docs/recipes hands out: each is read by what it is for, and named on their page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facekp_train.own_schemes import read_scheme
from facekp_train.pipeline.settings import load_pipeline
from facekp_train.training.recipe import make_recipe
from tests.support.files.doc_pages import RECIPES, links

FILES = sorted(path for path in RECIPES.iterdir() if path.name != "README.md")


def test_the_page_names_every_file_and_no_other() -> None:
    named = {link for link in links(RECIPES / "README.md") if "/" not in link}
    assert named == {path.name for path in FILES}


def test_the_recipe_of_a_training_is_one() -> None:
    recipe = make_recipe(str(RECIPES / "few-photographs.yaml"), {"data": ["cvat:faces"], "points": 5}, [])
    assert recipe.name == "few-photographs" and recipe.init is not None


@pytest.mark.parametrize("name", ["whole-way.yaml", "made-for-int8.yaml"])
def test_the_files_of_a_whole_run_are_pipelines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEKP_DATA", "/data")
    pipeline = load_pipeline(Path(shutil.copy(RECIPES / name, tmp_path)))
    assert pipeline.distill is not None


def test_the_scheme_knows_who_mirrors_whom() -> None:
    scheme = read_scheme(RECIPES / "own-keypoints.yaml")
    assert scheme.points == 8
    assert scheme.flip == (3, 2, 1, 0, 7, 6, 5, 4)
