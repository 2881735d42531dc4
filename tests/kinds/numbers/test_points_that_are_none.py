"""Kind: numbers that stand for a keypoint that nobody placed, and are no placeholder that is known."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, Dataset, open_dataset
from tests.support.files.annotated_faces import FACE_68, picture, points_file

SIZE = 256
FIVE = [37, 44, 30, 48, 54]


def _read(folder: Path, *faces: np.ndarray) -> Dataset:
    for number, points in enumerate(faces):
        picture(folder / f"{number}.jpg", SIZE, SIZE)
        points_file(folder / f"{number}.pts", points)
    return open_dataset(f"pts:{folder}")


def _with(place: tuple[float, float], *points: int) -> np.ndarray:
    face = FACE_68.copy()
    face[list(points)] = place
    return face


@pytest.mark.parametrize("place", [(-999, -999), (9999, 9999), (65535, 65535), (100, 900), (-300, 100)])
def test_a_number_far_off_the_photograph_hides_its_keypoint(
    place: tuple[float, float], tmp_path: Path
) -> None:
    """Among faces that are whole, so that no view of one decides."""
    dataset = _read(tmp_path, _with(place, 20), *(FACE_68 + number for number in range(1, 5)))
    hidden, *others = dataset
    assert np.isnan(hidden.keypoints[20]).all() and not hidden.visible[20]
    np.testing.assert_allclose(
        np.delete(hidden.keypoints, 20, axis=0), np.delete(FACE_68, 20, axis=0), atol=1e-3
    )
    assert all(other.visible.all() for other in others) and dataset.skipped == []
    (warning,) = dataset.warnings
    assert "farther from the photograph than it is large count as not labeled: 1 face" in warning


@pytest.mark.parametrize("place", [(-20, 100), (300, 300), (-10, -10), (400, 100)])
def test_a_keypoint_beside_the_photograph_is_one(place: tuple[float, float], tmp_path: Path) -> None:
    (sample,) = _read(tmp_path, _with(place, 0))
    np.testing.assert_allclose(sample.keypoints[0], place, atol=1e-3)


@pytest.mark.parametrize("place", [(0, 0), (255, 255), (10, 250)])
def test_several_at_one_place_beside_the_face_are_none(place: tuple[float, float], tmp_path: Path) -> None:
    dataset = _read(tmp_path, _with(place, *range(60, 64)), *(FACE_68 + number for number in range(1, 5)))
    hidden, *others = dataset
    assert np.isnan(hidden.keypoints[60:64]).all() and np.isfinite(hidden.keypoints[:60]).all()
    assert all(np.isfinite(other.keypoints).all() for other in others)
    assert "several of a face at one place" in dataset.warnings[0] and "4 of 1 face" in dataset.warnings[0]


def test_keypoints_of_small_faces_coincide(tmp_path: Path) -> None:
    """In whole pixels, where a face is no wider than it has points."""
    small = (FACE_68 / 12).round() + 40
    assert np.unique(small, axis=0, return_counts=True)[1].max() >= 3
    dataset = _read(tmp_path, small)
    (sample,) = dataset
    assert np.isfinite(sample.keypoints).all()
    assert not [warning for warning in dataset.warnings if "not labeled" in warning]


LINES = {
    "x for y": lambda face: face[:, [0, 0]],
    "no y": lambda face: face * [1, 0] + [0, 100],
    "shares for y": lambda face: face / [1, SIZE],
    "aslant": lambda face: np.column_stack([face[:, 1], 200 - face[:, 1] / 3]),
}


@pytest.mark.parametrize("faces", [1, 3, 20])
@pytest.mark.parametrize("change", LINES.values(), ids=LINES)
@pytest.mark.parametrize("points", [slice(None), FIVE])
def test_keypoints_on_a_line_are_no_face(change: Any, points: Any, faces: int, tmp_path: Path) -> None:
    """As of every order that is wrong: of twenty faces 80 % are refused, of fewer all are said."""
    face = FACE_68[points]
    dataset = _read(tmp_path / "wrong", *(change(face) + number / 9 for number in range(faces)))
    with pytest.raises(DataError, match="on a line") if faces == 20 else nullcontext():
        assert len(list(dataset)) == faces
        assert [warning for warning in dataset.warnings if "on a line or none of a face's" in warning]
    flat = face * [1, 0.4] + [0, 40]
    right = _read(tmp_path / "right", *(flat + number / 9 for number in range(faces)))
    assert (len(list(right)), right.warnings) == (faces, [])


def test_a_part_of_a_face_may_be_flat(tmp_path: Path) -> None:
    """Closed lips alone, the rest at -1 -1 as the file counts."""
    face = np.full((68, 2), -2.0)
    face[48:] = FACE_68[48:] * [1, 0.01] + [0, 100]
    dataset = _read(tmp_path, face)
    (sample,) = dataset
    assert np.isfinite(sample.keypoints[48:]).all() and np.isnan(sample.keypoints[:48]).all()
    assert not any("on a line" in warning for warning in dataset.warnings)
