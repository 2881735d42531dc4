"""Labels that were placed on photographs as stored are said, where no stated size tells of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import open_dataset
from tests.support.files.annotated_faces import face_like, points_file
from tests.support.pictures.turned_pictures import FORMS

SIDE = 90
UPRIGHT = face_like(68) * 40 + 20


def stored(orientation: int) -> np.ndarray:
    """Where a photograph has what is seen at UPRIGHT, under an orientation."""
    across, down = UPRIGHT.T
    far_across, far_down = (SIDE - 1 - UPRIGHT).T
    places = {
        2: (far_across, down), 3: (far_across, far_down), 4: (across, far_down), 5: (down, across),
        6: (down, far_across), 7: (far_down, far_across), 8: (far_down, across),
    }  # fmt: skip
    return np.stack(places[orientation], axis=1)


def _pts(folder: Path, faces: list[np.ndarray]) -> str:
    for number, points in enumerate(faces):
        points_file(folder / f"{number}.pts", points)
    return f"pts:{folder}"


def _coco(folder: Path, faces: list[np.ndarray]) -> str:
    """With the size, which is that of the photograph as stored and as seen."""
    entries = [{"id": n, "file_name": f"{n}.jpg", "width": SIDE, "height": SIDE} for n in range(len(faces))]
    marks = [np.column_stack([points, np.full(68, 2)]).ravel().tolist() for points in faces]
    annotations = [{"id": n, "image_id": n, "keypoints": each} for n, each in enumerate(marks)]
    (folder / "c.json").write_text(json.dumps({"images": entries, "annotations": annotations}))
    return f"coco:{folder / 'c.json'}"


def _labelme(folder: Path, faces: list[np.ndarray]) -> str:
    for number, points in enumerate(faces):
        shapes = [
            {"label": f"p{n}", "points": [place], "shape_type": "point"}
            for n, place in enumerate(points.tolist())
        ]
        size = {"imageWidth": SIDE, "imageHeight": SIDE}
        document = {"imagePath": f"{number}.jpg", "shapes": shapes, **size}
        (folder / f"{number}.json").write_text(json.dumps(document))
    return f"labelme:{folder}"


def _yolo(folder: Path, faces: list[np.ndarray]) -> str:
    """Of shares of the photograph, whose size nobody states."""
    pytest.importorskip("yaml", reason="needs facekp[train]")
    for number, points in enumerate(faces):
        shares = " ".join(map(str, (points / SIDE).ravel().tolist()))
        (folder / f"{number}.txt").write_text(f"0 0.5 0.5 0.9 0.9 {shares}\n")
    (folder / "data.yaml").write_text("train: .\nval: .\nkpt_shape: [68, 2]\n")
    return f"yolo:{folder / 'data.yaml'}"


READERS = {"pts": _pts, "coco": _coco, "labelme": _labelme, "yolo": _yolo}


@pytest.mark.parametrize("faces", [1, 4])
@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("write", READERS.values(), ids=READERS)
def test_labels_as_stored_are_said(
    write: Callable[[Path, list[np.ndarray]], str], orientation: int, faces: int, tmp_path: Path
) -> None:
    for name, points in (("stored", stored(orientation)), ("upright", UPRIGHT)):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(faces):
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            (folder / f"{number}.jpg").write_bytes(FORMS["exif.jpg"](pixels, orientation))
        dataset = open_dataset(write(folder, [points + number / 9 for number in range(faces)]))
        assert len(list(dataset)) == faces
        said = [warning for warning in dataset.warnings if "lie as on those as stored" in warning]
        assert len(said) == (name == "stored")
        assert not said or f"{faces} of {faces} face" in said[0]
