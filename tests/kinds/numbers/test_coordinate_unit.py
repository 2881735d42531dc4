"""Percent of the picture in place of pixels: a warning, as much as can be told; pixels raise none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import open_dataset
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
