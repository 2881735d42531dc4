"""Recipes and settings that are odd YAML: one sentence, and nothing in them is run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from facekp_train.common.console import UserError
from facekp_train.pipeline.settings import load_pipeline
from facekp_train.training.recipe import make_recipe

ODD = {
    "name: !!bool abc": "KeyError: 'abc'",
    "data: " + "[" * 3000: "nested too deeply",
    "data: [": "line 1",
    "data: !!python/name:os.system": "could not determine a constructor",
    "date: 2020-13-45": "month must be in 1..12",
    "{[a]: 1}": "unhashable key",
    "seed: !!int x": "invalid literal",
    "a: b: c": "mapping values are not allowed",
    "name: \0": "not allowed",
}


@pytest.fixture
def usual_depth() -> Iterator[None]:
    """Python's own limit: a library that another test has loaded may have raised it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("text", ODD, ids=list(ODD.values()))
def test_files_are_named(text: str, tmp_path: Path, usual_depth: None) -> None:
    (tmp_path / "a.yaml").write_text(text)
    for read in (lambda path: make_recipe(str(path), {}, []), load_pipeline):
        with pytest.raises(UserError, match=r"a\.yaml is not YAML") as caught:
            read(tmp_path / "a.yaml")
        assert ODD[text] in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["[", "!!python/name:os.system", "!!bool abc", "2020-13-45", "[" * 3000])
def test_settings_too(value: str) -> None:
    with pytest.raises(UserError, match="the value is not YAML"):
        make_recipe("modern", {}, [f"batch={value}"])
