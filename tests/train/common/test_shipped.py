"""A shipped model's name stands for its file, wherever a command takes a model."""

import shutil
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from docs.generate.commands import apps
from docs.release.listing import listing
from facekp_export.verification.shipped_models import shipped_models
from facekp_train.common import shipped
from facekp_train.common.shipped import (
    CHECKPOINT,
    EXPORT,
    LISTING,
    shipped_file,
    shipped_models_dir,
    shipped_names,
)


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


def test_the_list_is_what_lies_there() -> None:
    assert LISTING.read_text() == listing(), "write it anew: python -m docs.release.listing"


def test_a_model_that_is_not_installed_is_known_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "_places", lambda: [tmp_path])
    assert "mdp-1x" in shipped_names(EXPORT)
    wheels = "pip install --find-links dist"
    with pytest.raises(FileNotFoundError, match=rf"{wheels} facekp-models==.*\(make release builds"):
        shipped_file(Path("mdp-1x"), EXPORT)
    with pytest.raises(FileNotFoundError, match=rf"{wheels} --force-reinstall --no-deps facekp=="):
        shipped_file(Path("mdp-0.25x"))


def test_a_changed_or_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(shipped_models_dir() / "mdp-0.25x", tmp_path / "mdp-0.25x")
    monkeypatch.setattr(shipped, "_places", lambda: [tmp_path])
    model = tmp_path / "mdp-0.25x" / EXPORT
    model.write_bytes(model.read_bytes() + b"x")
    (tmp_path / "mdp-0.25x" / CHECKPOINT).unlink()
    document = shipped_models()
    states = {file["file"]: file["state"] for file in document["models"][0]["files"]}
    assert (states[EXPORT], states[CHECKPOINT], states["model.onnx"]) == ("changed", "missing", "as shipped")
    assert not document["good"]
    assert {file["state"] for model in document["models"][1:] for file in model["files"]} == {"not installed"}
