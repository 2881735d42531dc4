"""AFLW's database with 21 keypoints, in its true form."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.images import read_image
from tests.support.files.aflw_files import BOX, DATABASE, face, pictures, write_database

ALL = range(21)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three faces, two of them in one photograph; one without a rectangle, one half hidden."""
    names = ["0/image00002.jpg", "3/image00004.jpg"]
    pictures(tmp_path / "data" / "flickr", names)
    rows = [
        {
            "path": names[0],
            "points": face(21, 1),
            "placed": ALL,
            "box": BOX,
            "pose": (0.1, -0.2, math.pi / 4),
        },
        {"path": names[0], "points": face(21, 2), "placed": [0, 1, 2, 7, 14], "box": (1, 2, 60, 70)},
        {"path": names[1], "points": face(21, 3), "placed": [i for i in ALL if i not in (12, 16)]},
    ]
    write_database(tmp_path / "data" / DATABASE, rows)
    return tmp_path


def everything(root: Path, **options: Any) -> tuple[list, list]:
    """Faces and skipped entries of both sides of the split."""
    datasets = [open_dataset(f"aflw:{root}", split, **options) for split in ("train", "full")]
    samples = [sample for dataset in datasets for sample in dataset]
    return samples, [entry for dataset in datasets for entry in dataset.skipped]


def test_visible_points_are_those_in_the_database(database: Path) -> None:
    samples, skipped = everything(database)
    assert skipped == []
    found = {sample.visible.sum(): sample for sample in samples}
    np.testing.assert_allclose(found[21].keypoints, face(21, 1), rtol=1e-6)
    assert found[21].box == BOX
    assert found[21].attributes == {"roll": "5.7", "pitch": "-11.5", "yaw": "45.0"}
    assert np.flatnonzero(found[5].visible).tolist() == [0, 1, 2, 7, 14]
    np.testing.assert_allclose(found[5].keypoints[14], face(21, 2)[14], rtol=1e-6)
    assert np.isnan(found[5].keypoints[~found[5].visible]).all()
    assert found[5].image == found[21].image == database / "data/flickr/0/image00002.jpg"
    assert found[19].box is None


def test_database_warns_that_its_split_is_ours(database: Path) -> None:
    dataset = open_dataset(f"aflw:{database}", "full")
    list(dataset)
    assert "not comparable with papers" in dataset.warnings[0]


def test_frontal_asks_for_all_but_the_ears(database: Path) -> None:
    tested = {sample.visible.sum() for sample in open_dataset(f"aflw:{database}", "full")}
    frontal = {sample.visible.sum() for sample in open_dataset(f"aflw:{database}", "frontal")}
    assert frontal == tested - {5}


def test_database_split_keeps_a_photographs_faces_together(tmp_path: Path) -> None:
    names = [f"0/image{i:05}.jpg" for i in range(400)]
    pictures(tmp_path, names)
    rows = [
        {"path": name, "points": face(21), "placed": [0, 1], "box": BOX} for name in names for _ in range(2)
    ]
    write_database(tmp_path / DATABASE, rows)
    train, full = ([s.image for s in open_dataset(f"aflw:{tmp_path}", split)] for split in ("train", "full"))
    assert len(train) + len(full) == 800
    assert not set(train) & set(full)
    assert 0.12 < len(full) / 800 < 0.25


def test_bad_rows_of_the_database_are_named(database: Path) -> None:
    with closing(sqlite3.connect(database / "data" / DATABASE)) as connection:
        connection.execute("UPDATE FeatureCoords SET x = 'left' WHERE face_id = 39341 AND feature_id = 3")
        connection.execute("DELETE FROM FeatureCoords WHERE face_id = 39342")
        connection.commit()
    samples, skipped = everything(database)
    assert len(samples) == 1
    assert ["39341" in skipped[0]["file"], "39342" in skipped[1]["file"]] == [True, True]
    assert "left" in skipped[0]["reason"]
    assert skipped[1]["reason"] == "none of its keypoints is annotated"


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as AFLW's database"):
        list(open_dataset(f"aflw:{tmp_path}"))


@pytest.mark.parametrize("factor", [0, 1, 2])
def test_the_stated_size_of_a_photograph_is_compared(factor: int, database: Path) -> None:
    """Copies of another size are about; 0 stands for not known."""
    before = {sample.visible.sum(): sample for sample in everything(database)[0]}
    height, width = read_image(before[21].image).shape[:2]
    with closing(sqlite3.connect(database / "data" / DATABASE)) as content:
        content.execute("UPDATE FaceImages SET width = ?, height = ?", (factor * width, factor * height))
        content.commit()
    after = {sample.visible.sum(): sample for sample in everything(database)[0]}
    scale = factor if factor > 1 else 1
    np.testing.assert_allclose(after[21].keypoints, (before[21].keypoints + 0.5) / scale - 0.5, atol=1e-3)


def test_a_database_without_sizes_is_read(database: Path) -> None:
    with closing(sqlite3.connect(database / "data" / DATABASE)) as content:
        content.executescript("ALTER TABLE FaceImages DROP width; ALTER TABLE FaceImages DROP height;")
    assert len(everything(database)[0]) == 3
