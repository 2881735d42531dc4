"""What a result was made from: another's is not taken for it, and a damaged note is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.models.quick_fits import quick

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.common.console import UserError
from facekp_train.training.launch import launch
from facekp_train.training.provenance import faces_fingerprint, note_origin, read_stored


def test_faces_are_known_by_what_their_lists_say(discs: Path, tmp_path: Path) -> None:
    recipe = quick(shutil.copytree(discs, tmp_path / "faces"), 1)
    assert faces_fingerprint(recipe) == faces_fingerprint(quick(discs, 1))
    validated = recipe.model_copy(update={"validation": [f"mtfl:{discs}"], "validation_split": "train"})
    known = {faces_fingerprint(recipe), faces_fingerprint(validated)}
    file = tmp_path / "faces" / "trainImageList.txt"
    lines = file.read_text().splitlines(keepends=True)
    first = lines[0].split()
    moved = " ".join([*first[:-1], str(float(first[-1]) + 1)]) + "\n"
    boxed = " ".join([first[0], str(float(first[1]) - 1), *first[2:]]) + "\n"
    for other in (lines[1:], [lines[1], lines[0], *lines[2:]], [moved, *lines[1:]], [boxed, *lines[1:]]):
        file.write_text("".join(other))
        known.add(faces_fingerprint(recipe))
    assert len(known) == 6


def test_what_was_begun_in_another_way_is_not_gone_on_with(tmp_path: Path) -> None:
    fabric = launch("cpu", 1, "32-true")
    made, note = tmp_path / "student", tmp_path / "student" / "begun.json"
    note_origin(note, {"epochs": 1}, "faces", made, fabric)
    note_origin(note, {"epochs": 2}, "faces", made, fabric)  # nothing was made yet
    (made / "best.safetensors").touch()
    note_origin(note, {"epochs": 2}, "faces", made, fabric)
    with pytest.raises(UserError, match="student was made by other settings"):
        note_origin(note, {"epochs": 1}, "faces", made, fabric)
    with pytest.raises(UserError, match="student was made from faces whose lists have changed since; give"):
        note_origin(note, {"epochs": 2}, "other faces", made, fabric)
    note.unlink()
    with pytest.raises(UserError, match="not made by this command"):
        note_origin(note, {"epochs": 2}, "faces", made, fabric)


@pytest.mark.parametrize("text", ["", '{"bytes"', "[1]", "null"])
def test_a_damaged_note_is_named_with_the_remedy(tmp_path: Path, text: str) -> None:
    file = tmp_path / "begun.json"
    file.write_text(text)
    with pytest.raises(UserError, match=rf"{file} is damaged; delete it$"):
        read_stored(file, "delete it")
