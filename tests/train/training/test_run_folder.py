"""The folder of a training run: what is gone on with wherever it lies, and what is another run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.models.quick_fits import quick

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.common.console import UserError
from facekp_train.common.run_files import MADE_FROM_FILE
from facekp_train.training.recipe import Recipe
from facekp_train.training.run_folder import claim_folder


@pytest.fixture
def begun(discs: Path, tmp_path: Path) -> Path:
    """A folder with faces, weights, and a run that was made from them."""
    folder = tmp_path / "first"
    shutil.copytree(discs, folder / "faces")
    for name in ("student", "teacher"):
        (folder / name).mkdir()
        (folder / name / "best.safetensors").write_text(name)
    claim_folder(folder / "run", recipe_in(folder), resume=False, faces_known=False)
    return folder


def recipe_in(folder: Path | str) -> Recipe:
    weights = (
        f"{role}={folder}/{name}/best.safetensors"
        for role, name in (("init", "student"), ("teacher", "teacher"))
    )
    return quick(Path(folder) / "faces", 1, *weights)


def resume(folder: Path | str, recipe: Recipe | None = None) -> None:
    claim_folder(Path(folder) / "run", recipe or recipe_in(folder), resume=True, faces_known=False)


def test_a_run_goes_on_under_another_spelling_of_its_folder(
    begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(begun.parent)
    resume("first")
    resume(f"{begun}/../first")


def test_a_run_that_was_moved_goes_on(begun: Path) -> None:
    moved = begun.with_name("moved")
    begun.rename(moved)
    resume(moved)
    assert str(moved) in (moved / "run" / "recipe.yaml").read_text()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ("student", r"other weights \(init\);"),
        ("teacher", "weights of its teacher"),
        ("faces", "other faces"),
    ],
)
def test_what_has_the_same_name_elsewhere_is_something_else(begun: Path, changed: str, sentence: str) -> None:
    other = shutil.copytree(begun, begun.with_name("other"))
    for file in ("best.safetensors", "trainImageList.txt"):
        if (other / changed / file).exists():
            lines = (other / changed / file).read_text().splitlines(keepends=True)
            (other / changed / file).write_text("".join(lines[:-1]))
    mixed = {"faces": {"data": recipe_in(other).data}, "student": {"init": recipe_in(other).init},
             "teacher": {"teacher": recipe_in(other).teacher}}  # fmt: skip
    with pytest.raises(UserError, match=sentence):
        resume(begun, recipe_in(begun).model_copy(update=mixed[changed]))


def test_other_settings_are_another_run(begun: Path) -> None:
    with pytest.raises(UserError, match="another recipe"):
        resume(begun, recipe_in(begun).model_copy(update={"epochs": 2}))


def test_notes_that_are_damaged_or_lost_are_named(begun: Path) -> None:
    (begun / "run" / MADE_FROM_FILE).write_text('{"init"')
    with pytest.raises(UserError, match=rf"{MADE_FROM_FILE} is damaged; delete"):
        resume(begun)
    (begun / "run" / MADE_FROM_FILE).unlink()
    with pytest.raises(UserError, match=rf"{MADE_FROM_FILE} is missing; delete"):
        resume(begun)
