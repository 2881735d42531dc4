"""Keypoints that all lie outside the photograph are no face's."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_train.datasets import open_dataset
from tests.support.files.annotated_faces import picture

PLACES = ((10, 11), (20, 10.5), (15, 16), (11, 20), (19, 21))


def read(folder: Path, places: list[tuple[float, float]], middle: float = 0.4) -> tuple[int, str]:
    """Faces of YOLO's form on a photograph of 40 x 30, and why one was left out; middle: their box's."""
    picture(folder / "images" / "a.png")
    (folder / "labels").mkdir()
    words = " ".join(f"{x} {y}" for x, y in places)
    (folder / "labels" / "a.txt").write_text(f"0 {middle} 0.5 0.3 0.4 {words}\n")
    (folder / "data.yaml").write_text("path: .\ntrain: images\nval: images\nkpt_shape: [5, 2]\n")
    dataset = open_dataset(f"yolo:{folder / 'data.yaml'}")
    faces = list(dataset)
    return len(faces), "".join(entry["reason"] for entry in dataset.skipped)


@pytest.mark.parametrize("unit", [(1, 1), (0.4, 0.3)])
def test_pixels_and_percent_for_shares_are_no_face(unit: tuple[float, float], tmp_path: Path) -> None:
    places = [(x / unit[0], y / unit[1]) for x, y in PLACES]
    count, reason = read(tmp_path, places)
    assert count == 0 and "outside the photograph of 40 x 30" in reason


@pytest.mark.parametrize("moved", [0, 0.6])
def test_a_face_that_is_cut_by_the_edge_stays(moved: float, tmp_path: Path) -> None:
    places = [(x / 40 + moved, y / 30) for x, y in PLACES]
    assert read(tmp_path, places, 0.4 + moved) == (1, "")
