"""The workflow for GitHub Actions: valid YAML, and what it names is there. Nobody has run it."""

from __future__ import annotations

import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import pythons
from tests.support.places import ROOT

yaml = pytest.importorskip("yaml", reason="needs facekp[train]")
tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs_of(file: Path) -> dict[str, Any]:
    # The base loader leaves the key `on` a word, as GitHub reads it.
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["jobs"]


def lines_of(file: Path) -> list[list[str]]:
    """The words of each command."""
    steps = [step for job in jobs_of(file).values() for step in job["steps"]]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    return [shlex.split(part) for line in lines for part in line.split("&&")]


def test_there_is_one() -> None:
    assert FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_runs_where_the_package_promises_to(file: Path) -> None:
    document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    assert {"push", "pull_request"} <= set(document["on"]) and document["permissions"] == {"contents": "read"}
    for job in document["jobs"].values():
        matrix = job["strategy"]["matrix"]
        assert tuple(matrix["python"]) == pythons.WANTED
        assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])
        assert all(step["uses"].count("@") == 1 for step in job["steps"] if "uses" in step)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_commands_options_and_files_exist(file: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = {"python", "sudo", *project["project"]["scripts"]}
    for words in lines_of(file):
        assert words[0] in known
        for option, value in pairwise(words):
            if option == "-r":
                assert (ROOT / value).is_file()
            if option == "--group":
                assert value in project["dependency-groups"]
            if option == "-m" and " " in value:
                assert value == pythons.FAST
        assert [word for word in words if word.startswith("facekp_") and not (ROOT / word).exists()] == []
