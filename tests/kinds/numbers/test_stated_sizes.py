"""What a list states of a photograph's size: no number at all, a number of no photograph, several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import open_dataset
from facekp_train.datasets.registry import Dataset
from tests.support.files.annotated_faces import face_like, picture

WIDTH, HEIGHT = 120, 80
FACE = face_like(68) * 40 + 20


def _coco(folder: Path, *photographs: tuple[Any, Any, np.ndarray]) -> Dataset:
    """Faces of one photograph, each with an entry of its own and the size in it."""
    picture(folder / "a.jpg", WIDTH, HEIGHT)
    document: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    for number, (width, height, points) in enumerate(photographs):
        marks = np.column_stack([points, np.full(68, 2)]).ravel().tolist()
        document["images"].append({"id": number, "file_name": "a.jpg", "width": width, "height": height})
        document["annotations"].append({"id": number, "image_id": number, "keypoints": marks})
    (folder / "c.json").write_text(json.dumps(document))
    return open_dataset(f"coco:{folder / 'c.json'}")


@pytest.mark.parametrize("size", [True, None, 0, "", float("nan"), "0", [], "nan"])
def test_what_is_no_number_states_no_size(size: Any, tmp_path: Path) -> None:
    dataset = _coco(tmp_path, (size, size, FACE))
    (sample,) = dataset
    np.testing.assert_allclose(sample.keypoints, FACE, atol=1e-4)
    assert (dataset.skipped, dataset.warnings) == ([], [])


@pytest.mark.parametrize("size", [-120, "120 px", 120.4, "many", "-120", 10**30, float("inf"), "1" * 400])
def test_a_size_that_no_photograph_has_is_refused(size: Any, tmp_path: Path) -> None:
    dataset = _coco(tmp_path, (size, size, FACE))
    assert list(dataset) == []
    assert "the list states a size that no photograph has" in dataset.skipped[0]["reason"]


def test_a_photograph_that_is_listed_twice_has_the_size_of_each_entry(tmp_path: Path) -> None:
    """As in files that were put together, each of another copy."""
    twice = (FACE + 3.5) * 2 - 0.5
    dataset = _coco(tmp_path, (WIDTH, HEIGHT, FACE), (2 * WIDTH, 2 * HEIGHT, twice))
    first, second = dataset
    np.testing.assert_allclose(first.keypoints, FACE, atol=1e-4)
    np.testing.assert_allclose(second.keypoints, FACE + 3, atol=1e-3)
    assert "labels are scaled to it: 1 face" in dataset.warnings[0]
