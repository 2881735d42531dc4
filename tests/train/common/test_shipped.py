"""A shipped model's name stands for its file, wherever a command takes a model."""

from pathlib import Path

import pytest
import typer
from typer.main import get_command

from docs.generate.commands import apps
from facekp_train.common.shipped import CHECKPOINT, EXPORT, shipped_file, shipped_models_dir, shipped_names


@pytest.mark.parametrize("file", [CHECKPOINT, EXPORT, ""])
def test_name(file: str) -> None:
    assert shipped_file(Path("mdp-1x"), file) == shipped_models_dir() / "mdp-1x" / file


@pytest.mark.parametrize("given", ["mdp-9x", ".", "..", "runs/mdp-1x", "/mdp-1x"])
def test_other_words_stay(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped_file(Path(given), EXPORT) == Path(given)


def test_an_existing_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mdp-1x").touch()
    assert shipped_file(Path("mdp-1x"), EXPORT) == Path("mdp-1x")


def test_only_models_that_have_the_file() -> None:
    assert "teacher" in shipped_names(CHECKPOINT)
    assert "teacher" not in shipped_names(EXPORT)


def test_every_option_for_a_model_takes_names() -> None:
    """Of all four programs: found by the options' names, so that a new command cannot forget it."""
    found = 0
    for app in apps().values():
        program = get_command(app)
        for command in (program, *getattr(program, "commands", {}).values()):
            for option in command.params:
                if option.name in ("model", "models", "teacher", "init", "against"):
                    several = option.multiple or option.nargs == -1
                    with typer.Context(command) as context:
                        taken = option.process_value(context, ["mdp-1x"] if several else "mdp-1x")
                    first = taken[0] if isinstance(taken, (list, tuple)) else taken
                    assert shipped_models_dir() / "mdp-1x" in (first, first.parent), (
                        command.name,
                        option.name,
                    )
                    found += 1
    assert found >= 11
