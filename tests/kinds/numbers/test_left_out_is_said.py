"""A file of which nothing can be used says why; a stray quotation mark loses no rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.guess import named
from tests.support.files.annotated_faces import picture
from tests.support.files.tool_files import NAMES, PLACES, SOUND, write

HEADER = "image," + ",".join(f"{name}_x,{name}_y".replace(" ", "_") for name in NAMES)
ROW = "a.png," + ",".join(f"{x},{y}" for x, y in PLACES)


def _table(folder: Path, *lines: str) -> str:
    (folder / "faces.csv").write_text("\n".join(lines) + "\n")
    picture(folder / "a.png")
    return f"csv:{folder / 'faces.csv'}"


def _with(folder: Path, form: str, change: Callable[[Any], None]) -> str:
    """A sound annotation of a form with something in it changed."""
    document = json.loads(SOUND[form][1])
    change(document)
    return write(folder, form, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((HEADER.replace(",", ";"), ROW.replace(",", ";").replace(".", ",")), "write 1.5, not 1,5"),
        ((HEADER, ROW.replace("10.0", "ten", 1)), "'ten'"),
        ((HEADER, ROW.rpartition(",")[0]), "fewer columns than the header"),
    ],
)
def test_a_table_without_a_face_says_why(lines: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"holds no face with keypoints; 1 was skipped, .*{reason}"):
        list(open_dataset(_table(tmp_path, *lines)))


@pytest.mark.parametrize("row", ['"' + ROW, '"a.png"x' + ROW[5:], "x" * 200_000 + ROW])
def test_a_cell_without_an_end_loses_no_rows(row: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"faces\.csv: line 3: .*; close every quotation mark"):
        list(open_dataset(_table(tmp_path, HEADER, ROW, row, ROW.replace("10.0", "10.5", 1))))


def test_a_header_without_an_end_is_no_table(tmp_path: Path) -> None:
    spec = _table(tmp_path, '"' + HEADER, ROW)
    with pytest.raises(DataError, match="of no format that can be told"):
        named(spec.removeprefix("csv:"))
    with pytest.raises(DataError, match="line 1"):
        list(open_dataset(spec))


def test_quotation_marks_that_are_closed_are_read(tmp_path: Path) -> None:
    (face,) = open_dataset(_table(tmp_path, HEADER, ROW.replace("a.png", '"a.png"')))
    assert face.image.name == "a.png"


def _break_points(document: Any) -> None:
    document["shapes"] = 5


def _break_sizes(document: Any) -> None:
    document[0]["annotations"][0]["result"][0]["original_width"] = True


def _break_places(document: Any) -> None:
    for image in document["_via_img_metadata"].values():
        image["regions"][0]["shape_attributes"]["cx"] = "left"


@pytest.mark.parametrize(
    ("form", "change", "reason"),
    [
        ("labelme", _break_points, "not of the form"),
        ("labelstudio", _break_sizes, "not the size of a photograph"),
        ("via", _break_places, "'left'"),
    ],
)
def test_a_tools_file_without_a_face_says_why(
    form: str, change: Callable[[Any], None], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"1 was skipped, .*{reason}"):
        list(open_dataset(_with(tmp_path, form, change)))


@pytest.mark.parametrize(
    "faces", [5, None, "abc", {"a": 1}, [None], [{"keypoints": [[1e300, 1]] * 5, "score": 1}]]
)
def test_what_facekp_detect_did_not_print(faces: Any, tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "d.json").write_text(json.dumps({"image": "a.png", "faces": faces}))
    dataset = open_dataset(f"detect:{tmp_path / 'd.json'}")
    try:
        assert list(dataset) == []
    except DataError as error:
        assert "is not what facekp-detect --json prints" in str(error)
    assert all("object is not" not in entry["reason"] for entry in dataset.skipped)
