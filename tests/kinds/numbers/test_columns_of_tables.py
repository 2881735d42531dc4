"""A table's further columns count, and rows that do not fit the header are named, never shifted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.registry import Dataset
from tests.support.files.annotated_faces import FACE_68, picture

NAMES = ["left_eye", "right_eye", "nose", "left_mouth", "right_mouth"]
FIVE = FACE_68[[37, 44, 30, 48, 54]]
SIZE = 256


def _table(folder: Path, header: list[str], *rows: list[object]) -> Dataset:
    picture(folder / "a.jpg", SIZE, SIZE)
    lines = [",".join(map(str, line)) for line in (["image", *header], *rows)]
    (folder / "faces.csv").write_text("\n".join(lines) + "\n")
    return open_dataset(f"csv:{folder / 'faces.csv'}")


def _row(states: list[object], points: np.ndarray = FIVE) -> list[object]:
    return ["a.jpg", *(value for (x, y), v in zip(points, states, strict=True) for value in (x, y, v))]


def _header(x: str = "{}_x", y: str = "{}_y", v: str = "{}_v") -> list[str]:
    return [form.format(name) for name in NAMES for form in (x, y, v)]


FORMS = [
    ("{}_x", "{}_y", "{}_v"),
    ("x_{}", "y_{}", "v_{}"),
    ("{}.X", "{}.Y", "{}.V"),
    ("{} x", "{} y", "{} visible"),
    ("{}_x", "{}_y", "{}_visibility"),
    ("{}_x", "{}_y", "{}_vis"),
]


@pytest.mark.parametrize("form", FORMS)
def test_columns_of_visibility_count(form: tuple[str, str, str], tmp_path: Path) -> None:
    (sample,) = _table(tmp_path, _header(*form), _row([2, 1, 0, 2, ""]))
    assert sample.visible.tolist() == [True, False, False, True, True]
    assert np.isnan(sample.keypoints[2]).all()
    np.testing.assert_allclose(np.delete(sample.keypoints, 2, axis=0), np.delete(FIVE, 2, axis=0))
    (seen,) = _table(tmp_path, _header(*form), _row([1, 1, 0, 1, 1]))  # 2 stands nowhere
    assert seen.visible.tolist() == [True, True, False, True, True]


@pytest.mark.parametrize("v", [0.87, 3, -1])
def test_a_visibility_that_is_none_is_named(v: float, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"line 2: a keypoint's visibility is {v:g}, not 0, 1 or 2"):
        list(_table(tmp_path, _header(), _row([2, 2, v, 2, 2])))


PLACES = [f"{name}_{axis}" for name in NAMES for axis in "xy"]
FLAT: list[object] = FIVE.ravel().tolist()


@pytest.mark.parametrize(
    "names", [("width", "height"), ("image_width", "Image_Height"), ("img_width", "img_height")]
)
def test_a_stated_size_is_compared(names: tuple[str, str], tmp_path: Path) -> None:
    twice = ((FIVE + 0.5) * 2 - 0.5).ravel().tolist()
    scaled = _table(tmp_path, [*names, *PLACES], ["a.jpg", 2 * SIZE, 2 * SIZE, *twice])
    np.testing.assert_allclose(next(iter(scaled)).keypoints, FIVE, atol=1e-4)
    (_,) = scaled
    assert any("labels are scaled to it: 1 face" in warning for warning in scaled.warnings)
    other = _table(tmp_path, [*names, *PLACES], ["a.jpg", 300, 200, *FLAT])
    assert list(other) == []
    assert "the list states 300 x 200 and the photograph has 256 x 256" in other.skipped[0]["reason"]
    for same in (SIZE, f"{SIZE}.0", "", 0):
        right = _table(tmp_path, [*names, *PLACES], ["a.jpg", same, same, *FLAT])
        (sample,) = right
        np.testing.assert_allclose(sample.keypoints, FIVE)
        assert (right.skipped, right.warnings) == ([], [])


@pytest.mark.parametrize("corner", [("left", "top"), ("x", "y"), ("x_1", "y_1")])
def test_a_box_states_no_size_of_the_photograph(corner: tuple[str, str], tmp_path: Path) -> None:
    dataset = _table(tmp_path, [*corner, "width", "height", *PLACES], ["a.jpg", 80, 80, 90, 95, *FLAT])
    (sample,) = dataset
    np.testing.assert_allclose(sample.keypoints, FIVE)
    assert (dataset.skipped, dataset.warnings) == ([], [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            [str(value).replace(".", ",") for value in FLAT],
            "more columns than the header; .* write 1.5, not 1,5",
        ),
        ([*FLAT, 7], "more columns than the header"),
        (FLAT[:-1], "fewer columns than the header"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row: list[object], reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"line 2: it has {reason}"):
        list(_table(tmp_path, PLACES, ["a.jpg", *row]))
    (sample,) = _table(tmp_path, PLACES, ["a.jpg", *FLAT, "", ""])  # as spreadsheets pad rows
    np.testing.assert_allclose(sample.keypoints, FIVE)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two columns of its header say the same, the second is 'nose_x'"):
        list(_table(tmp_path, [*PLACES, "nose_x"], ["a.jpg", *FLAT, 9]))


@pytest.mark.parametrize("cell", ["", "nan", "NA", "null", "None"])
def test_cells_without_a_number_are_keypoints_that_are_not_labeled(cell: str, tmp_path: Path) -> None:
    row = ["a.jpg", *FLAT]
    row[5] = row[6] = cell
    (sample,) = _table(tmp_path, PLACES, row)
    assert np.isnan(sample.keypoints).any(axis=1).tolist() == [False, False, True, False, False]


def test_pixels_in_place_of_a_photograph_are_said(tmp_path: Path) -> None:
    """As Kaggle's facial keypoints come, 96 x 96 of them in a cell."""
    with pytest.raises(DataError, match="it has pixels where the name of a photograph belongs"):
        list(_table(tmp_path, PLACES, [" ".join(["238"] * 9216), *FLAT]))
