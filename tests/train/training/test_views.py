"""Views of faces on disk: raw ones for thousands of faces, JPEG files for hundreds of thousands."""

from __future__ import annotations

import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from facekp_train.batches import face_store, views
from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.common.console import UserError
from facekp_train.crop import CropRule
from facekp_train.datasets import open_dataset
from facekp_train.training import data
from facekp_train.training.data import FaceSettings, load_training_data


def test_jpeg_views_teach_the_same_crops_within_a_few_grey_levels(
    discs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = gather_faces(open_dataset(f"mtfl:{discs}"), 5)
    raw = FaceStore(faces, 5, CropRule())
    monkeypatch.setattr(face_store, "views_of", views.JpegViews)
    coded = FaceStore(faces, 5, CropRule())
    assert (coded.size, coded.skipped) == (raw.size, [])
    matrix = np.array([[0.9, 0.1, 0.0], [-0.1, 0.9, 0.1]])
    with ThreadPoolExecutor(4) as pool:
        crops = list(pool.map(lambda number: coded.view(number, matrix), range(coded.size)))
    for number, crop in enumerate(crops):
        off = np.abs(crop.astype(int) - raw.view(number, matrix))
        assert off.mean() < 6, "of noise, the worst for a JPEG"
    assert np.array_equal(coded.points, raw.points)


def test_a_large_list_is_kept_small() -> None:
    assert isinstance(views.views_of(views.MOST_RAW), views.RawViews)
    assert isinstance(views.views_of(views.MOST_RAW + 1), views.JpegViews)
    assert views.bytes_of(202_599) < 7e9, "CelebA"


def test_a_disk_without_room_is_told_before_anything_is_decoded(
    discs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "free")
    settings = FaceSettings.model_validate({"data": [f"mtfl:{discs}"], "points": 5})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1_000))
    with pytest.raises(UserError, match=r"faces take about 0.0 GB in .* name a larger"):
        load_training_data(settings)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12))
    monkeypatch.setattr(data, "MOST_RAW", 10)
    load_training_data(settings)
    assert "as JPEG files" in " ".join(capsys.readouterr().err.split())
