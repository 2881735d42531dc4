"""Percent and per mille in place of pixels: a warning, as much as can be told; pixels raise none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import Dataset, open_dataset
from tests.support.files.annotated_faces import FACE_68, picture, points_file

WIDTH, HEIGHT = 400, 256


def _warnings(
    folder: Path, place: Callable[[int], np.ndarray], faces: int = 1, size: int = WIDTH
) -> list[str]:
    for number in range(faces):
        picture(folder / f"{number}.png", size, HEIGHT)
        points_file(folder / f"{number}.pts", place(number))
    dataset = open_dataset(f"pts:{folder}")
    assert (len(list(dataset)), dataset.skipped) == (faces, [])
    return dataset.warnings


def percent(number: int = 0) -> np.ndarray:
    return FACE_68 / [WIDTH / 100, HEIGHT / 100] + number / 10


@pytest.mark.parametrize("faces", [1, 5, 25])
def test_percent_is_said(faces: int, tmp_path: Path) -> None:
    (warning,) = _warnings(tmp_path, percent, faces)
    assert f"{faces} of {faces} face" in warning and "percent of the picture; write pixels" in warning


def test_pixels_raise_no_alarm(tmp_path: Path) -> None:
    assert _warnings(tmp_path / "a", lambda number: FACE_68 + number, 25) == []
    assert _warnings(tmp_path / "b", lambda number: FACE_68, 1) == []


def test_small_photographs_say_nothing(tmp_path: Path) -> None:
    """A face that fills a photograph of 120 pixels."""
    assert _warnings(tmp_path, lambda number: FACE_68 / 2 - 20, 3, size=120) == []


def test_a_few_small_faces_are_no_percent(tmp_path: Path) -> None:
    for wrong, faces, said in ((4, 5, False), (19, 25, False), (20, 25, True)):
        place = lambda number: percent(number) if number < wrong else FACE_68 + number  # noqa: B023, E731
        assert bool(_warnings(tmp_path / f"{wrong}", place, faces)) is said


def _read(folder: Path, size: tuple[int, int], points: np.ndarray, faces: int = 1) -> Dataset:
    for number in range(faces):
        picture(folder / f"{number}.jpg", *size)
        points_file(folder / f"{number}.pts", points + number)
    return open_dataset(f"pts:{folder}")


def test_per_mille_beside_a_small_photograph_is_refused(tmp_path: Path) -> None:
    dataset = _read(tmp_path, (WIDTH, HEIGHT), FACE_68 / [WIDTH / 1000, HEIGHT / 1000])
    assert list(dataset) == []
    assert "all of its keypoints lie outside the photograph of 400 x 256" in dataset.skipped[0]["reason"]


def test_per_mille_half_beside_a_photograph_is_said(tmp_path: Path) -> None:
    """A face in the middle of 640 x 560 pixels."""
    face = FACE_68 + 200
    dataset = _read(tmp_path / "wrong", (640, 560), face / [0.64, 0.56])
    assert len(list(dataset)) == 1
    (warning,) = dataset.warnings
    assert "lie outside the photograph: 1 of 1 face" in warning and "640 x 560" in warning
    right = _read(tmp_path / "right", (640, 560), face)
    assert (len(list(right)), right.skipped, right.warnings) == (1, [], [])


def test_per_mille_of_large_photographs_is_said(tmp_path: Path) -> None:
    size = (2400, 2100)
    dataset = _read(tmp_path / "wrong", size, (FACE_68 * 8) / [2.4, 2.1], faces=3)
    assert len(list(dataset)) == 3
    assert "within 1000 x 1000 pixels" in dataset.warnings[0] and "per mille" in dataset.warnings[0]
    for name, points, faces in (("right", FACE_68 * 8, 3), ("few", FACE_68 * 4, 2)):
        dataset = _read(tmp_path / name, size, points, faces)
        assert (len(list(dataset)), dataset.warnings) == (faces, [])
