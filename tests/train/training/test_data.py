"""Which faces a training learns from and which it is scored on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.batches.face_store import gather_faces
from facekp_train.datasets import DataError
from facekp_train.training.data import FaceSettings, hold_out, load_training_data, samples_of

FIVE = "69 109 106 113 77 142 73 152 108 154"


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Two photographs to train on, one for validation, one for tests, as CelebA's lists part them."""
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    names = [f"{number:06}.jpg" for number in range(1, 5)]
    for name in names:
        cv2.imwrite(str(folder / name), np.full((218, 178, 3), 90, np.uint8))
    places = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")
    header = " ".join(f"{place}_{axis}" for place in places for axis in "xy")
    rows = [f"{name} {FIVE}" for name in names]
    (tmp_path / "list_landmarks_align_celeba.txt").write_text("\n".join(["4", header, *rows]) + "\n")
    parts = "".join(f"{name} {part}\n" for name, part in zip(names, "0012", strict=True))
    (tmp_path / "list_eval_partition.txt").write_text(parts)
    return tmp_path


def names(samples: Iterator) -> list[str]:
    return [sample.image.stem for sample in samples]


def test_a_validation_without_a_split_is_what_figures_are_reported_on(celeba: Path) -> None:
    """Not the set's first split, which is the one to train on."""
    spec = f"celeba:{celeba}"
    assert names(samples_of([spec], None, [])) == ["000001", "000002"]
    assert names(samples_of([spec], None, [], evaluation=True)) == ["000003", "000004"]
    data = load_training_data(FaceSettings(data=[spec], validation=[spec], points=5))
    assert (data.train.size, data.validation.size) == (2, 2)


def test_a_split_that_no_set_has_is_not_another(celeba: Path) -> None:
    with pytest.raises(DataError, match="none of the data sets has a split 'trian': celeba has train"):
        samples_of([f"celeba:{celeba}"], "trian", [])


def test_faces_of_one_photograph_are_not_parted(tmp_path: Path) -> None:
    """A list without validation faces: 5 % are held back, by photograph."""
    rows = []
    for photo in range(20):
        cv2.imwrite(str(tmp_path / f"{photo}.png"), np.full((150, 150, 3), 80, np.uint8))
        for place in range(4):
            x = " ".join(str(value + 35 * place) for value in (5, 20, 12, 7, 19))
            rows.append(f"{photo}.png {x} 50 50 57 65 65 1 1 2 3")
    (tmp_path / "training.txt").write_text("\n".join(rows) + "\n")
    faces = gather_faces(samples_of([f"mtfl:{tmp_path}"], "training", []), 5)
    parts = hold_out(faces, seed=0)
    trained, scored = ({face.sample.image for face in part} for part in parts)
    assert not trained & scored
    assert [len(part) for part in parts] == [76, 4]
