"""Percent and per mille in place of pixels: a warning, as much as can be told; pixels raise none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import Dataset, open_dataset
from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.unit_check import UnitCheck
from facekp_train.samples import FaceSample
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


def _many(size: tuple[int, int], unit: float | None, faces: int = 24) -> list[str]:
    """What is said of faces of usual shapes all over photographs, in pixels or as if a side had `unit`."""
    rng, notes = np.random.default_rng(faces), Notes()
    check = UnitCheck(notes)
    scale = np.ones(2) if unit is None else unit / np.array(size)
    for _ in range(faces):
        # As far apart as those of different people.
        shape = [1, np.exp(0.18 + rng.normal(0, 0.11))]
        place = rng.uniform(0.2, 0.8, 2) * size
        points = ((FACE_68 - FACE_68.mean(axis=0)) * shape * rng.uniform(0.5, 1.5) + place) * scale
        check.add(FaceSample(Path("a.jpg"), points.astype(np.float32), np.ones(68, bool)), size)
    check.close()
    return [warning for warning in notes.warnings if "write pixels" in warning]


OBLONG = [(640, 480), (480, 640), (1280, 720), (1600, 1200), (1920, 1080), (1080, 1920)]


@pytest.mark.parametrize("faces", [5, 24])
@pytest.mark.parametrize("size", OBLONG)
def test_per_mille_of_oblong_photographs_is_said(size: tuple[int, int], faces: int) -> None:
    """Width and height count alike, so that faces are stretched by the photograph's shape."""
    (warning,) = _many(size, 1000, faces)
    assert "from the front are as much too high or wide as their photographs" in warning
    assert _many(size, None, faces) == []


@pytest.mark.parametrize("size", [(640, 480), (1080, 1920)])
def test_places_on_a_square_copy_are_said(size: tuple[int, int]) -> None:
    (warning,) = _many(size, 256)
    assert "look like percent, per mille or those of a square copy" in warning


@pytest.mark.parametrize("side", [1400, 1900])
def test_per_mille_of_square_photographs_is_said_of_many_faces(side: int) -> None:
    (warning,) = _many((side, side), 1000, 100)
    assert "lie around the middle of 1000 pixels" in warning and "look like per mille" in warning
    assert _many((side, side), None, 100) == _many((side, side), 1000, 10) == []


@pytest.mark.parametrize("size", [*OBLONG, (320, 240), (2000, 1000)])
def test_faces_of_one_person_raise_no_alarm(size: tuple[int, int], tmp_path: Path) -> None:
    """The demo photo's is among the widest."""
    dataset = _read(tmp_path, size, FACE_68, 6)
    assert (len(list(dataset)), dataset.warnings) == (6, [])
