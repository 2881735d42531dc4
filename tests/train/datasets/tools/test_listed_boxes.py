"""Faces' boxes in annotation tools' files, each in the form that its documentation gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.boxes import mapping_of, tight_box_of
from facekp_train.datasets import Dataset, open_dataset
from facekp_train.datasets.guess import named
from tests.support.files.annotated_faces import picture
from tests.support.files.boxed_files import FIVE, FORMATS, Drawn

FACES = 12


def drawn(offset: float = 3, side: float = 24, seed: int | None = None) -> list[Drawn]:
    """Faces along a picture, each with a box that is drawn as the others are; seed: boxes anyhow."""
    rng = None if seed is None else np.random.default_rng(seed)
    faces = []
    for number in range(FACES):
        corner = np.array([40.0 * number, 2.0 * number])
        own = side if rng is None else float(rng.uniform(20, 400))
        faces.append(Drawn(FIVE + corner, (*(corner + offset).tolist(), own, own)))
    return faces


def opened(form: str, folder: Path, faces: list[Drawn], source: str | None = None) -> Dataset:
    picture(folder / "images" / "a.png", 640, 200)
    FORMATS[form](folder, faces, source)
    return open_dataset(named(str(folder)))


@pytest.mark.parametrize("form", FORMATS)
def test_a_box_whose_maker_is_named_is_as_the_file_has_it(form: str, tmp_path: Path) -> None:
    faces = drawn()
    dataset = opened(form, tmp_path, faces, "mtfl")
    for sample, face in zip(list(dataset), faces, strict=True):
        assert sample.box == pytest.approx(face.box, abs=0.02)
        assert sample.box_source == "mtfl"
        assert tight_box_of(sample, prefer_listed=True) == pytest.approx(
            mapping_of("mtfl").to_tight(face.box), abs=0.05
        )
    assert not [text for text in dataset.warnings if "box" in text]


@pytest.mark.parametrize("form", FORMATS)
def test_a_box_of_nobody_is_measured_on_the_files_own_faces(form: str, tmp_path: Path) -> None:
    """One that is drawn larger stands for a larger face, all others for that of their keypoints."""
    faces = drawn()
    faces[5] = Drawn(faces[5].places, (203, 13, 48, 48))
    dataset = opened(form, tmp_path, faces)
    samples = list(dataset)
    for number, sample in enumerate(samples):
        listed, own = (np.array(tight_box_of(sample, which)) for which in (True, False))
        assert np.allclose(listed[2:], own[2:] * (2 if number == 5 else 1), atol=0.1)
        assert number == 5 or np.allclose(listed, own, atol=0.1)
    assert ["measured on 12 faces of its own" in text for text in dataset.warnings if "box" in text] == [True]


@pytest.mark.parametrize("form", FORMATS)
def test_boxes_that_show_nothing_are_not_used(form: str, tmp_path: Path) -> None:
    for name, faces, said in (("few", drawn()[:3], []), ("anyhow", drawn(seed=3), [True])):
        dataset = opened(form, tmp_path / name, faces)
        assert [sample.box for sample in dataset] == [None] * len(faces)
        assert ["in too many ways" in text for text in dataset.warnings if "box" in text] == said


@pytest.mark.parametrize("form", FORMATS)
def test_a_box_around_the_keypoints_says_nothing(form: str, tmp_path: Path) -> None:
    mapped = [
        Drawn(
            face.places,
            mapping_of("tight5").to_tight((*face.places.min(axis=0), *np.ptp(face.places, axis=0))),
        )
        for face in drawn()
    ]
    dataset = opened(form, tmp_path, mapped)
    assert [sample.box for sample in dataset] == [None] * FACES
    assert not [text for text in dataset.warnings if "box" in text]


TWO_BOXES: dict[str, Callable[[Any], None]] = {
    "labelme": lambda data: data["shapes"].append(data["shapes"][0]),
    "via": lambda data: data["a.png9"]["regions"].append(data["a.png9"]["regions"][0]),
}


@pytest.mark.parametrize("form", TWO_BOXES)
def test_of_two_boxes_of_a_face_none_counts(form: str, tmp_path: Path) -> None:
    faces = drawn()
    opened(form, tmp_path, faces, "mtfl")
    (file,) = tmp_path.glob("*.json")
    data = json.loads(file.read_text())
    TWO_BOXES[form](data)
    file.write_text(json.dumps(data))
    boxes = [sample.box for sample in open_dataset(named(str(tmp_path)))]
    assert boxes[0] is None
    assert None not in boxes[1:]
