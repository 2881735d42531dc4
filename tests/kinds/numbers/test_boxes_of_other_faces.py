"""Kind: keypoints that lie far outside their own face's box, in whatever format: named, and left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import Dataset, open_dataset
from facekp_train.datasets.guess import named
from tests.support.files.annotated_faces import picture
from tests.support.files.boxed_files import FIVE, FORMATS, Drawn


def faces(count: int, exchanged: bool) -> list[Drawn]:
    """Faces along a picture; exchanged: the first has the last one's box."""
    corners = [np.array([40.0 * number, 3.0 * number]) for number in range(count)]
    boxes = [(*(corner + 3).tolist(), 24.0, 24.0) for corner in corners]
    if exchanged:
        boxes[0] = boxes[-1]
    return [Drawn(FIVE + corner, box) for corner, box in zip(corners, boxes, strict=True)]


def opened(form: str, folder: Path, drawn: list[Drawn], source: str | None) -> Dataset:
    picture(folder / "images" / "a.png", 640, 200)
    FORMATS[form](folder, drawn, source)
    return open_dataset(named(str(folder)))


@pytest.mark.parametrize("source", ["mtfl", None])
@pytest.mark.parametrize("count", [3, 12])
@pytest.mark.parametrize("form", FORMATS)
def test_a_face_with_the_box_of_another_is_named(
    form: str, count: int, source: str | None, tmp_path: Path
) -> None:
    dataset = opened(form, tmp_path / "wrong", faces(count, exchanged=True), source)
    assert len(list(dataset)) == count - 1
    (skipped,) = dataset.skipped
    assert "all of its keypoints lie far outside its box of 24 x 24" in skipped["reason"]
    right = opened(form, tmp_path / "right", faces(count, exchanged=False), source)
    assert (len(list(right)), right.skipped) == (count, [])


@pytest.mark.parametrize("split", ["train", "validation"])
def test_mtfls_lists_too(split: str, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", 200, 100)
    numbers = " ".join(str(value) for value in (FIVE + 60).ravel().tolist())
    file = tmp_path / ("trainImageList.txt" if split == "train" else "testImageList.txt")
    dataset = open_dataset(f"mtfl:{tmp_path}", split)
    for box, count in (("60 90 60 90", 1), ("50 70 50 70", 1), ("2 22 2 22", 0)):
        file.write_text(f"a.jpg {box} {numbers}\n")
        assert len(list(dataset)) == count
    assert "far outside its box of 20 x 20 at 2, 2" in dataset.skipped[0]["reason"]


def test_a_box_that_is_none_costs_no_face(tmp_path: Path) -> None:
    """Programs write a point or nothing where nobody drew a box."""
    for number, box in enumerate([(0, 0, 0, 0), (0, 0, 1, 1), (-1, -1, 0, 0)]):
        drawn = [Drawn(FIVE + 100, box)]
        dataset = opened("coco", tmp_path / f"{number}", drawn, None)
        (sample,) = dataset
        assert (sample.box, dataset.skipped) == (None, [])


@pytest.mark.parametrize("shift", [0.4, -0.4])
def test_a_box_beside_some_of_a_face_is_a_detectors(shift: float, tmp_path: Path) -> None:
    drawn = [Drawn(FIVE + 100, (103 + 24 * shift, 103, 24, 24))]
    dataset = opened("dlib", tmp_path, drawn, "mtfl")
    (sample,) = dataset
    assert sample.box is not None and dataset.skipped == []
