"""The vectors that the Kotlin library is held to are what Python computes today."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

from tests.android.library import published, vectors

_REMEDY = "make app-vectors, and look at what changed: Kotlin has to meet it"


def close(one: Any, other: Any) -> bool:
    """Alike but for the last digits, which another processor rounds its way."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-5 * max(1.0, abs(one))
    return one == other


@pytest.mark.parametrize("name", vectors.TABLES)
def test_a_table_is_current(name: str) -> None:
    stored = json.loads((vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert close(stored, json.loads(vectors.written(name))), _REMEDY


def test_pictures_are_current() -> None:
    for entry, pixels in vectors.pictures():
        stored = cv2.imread(str(vectors.FOLDER / entry["file"]))
        assert stored is not None, _REMEDY
        assert np.abs(stored[:, :, ::-1].astype(int) - pixels).max() <= 1, _REMEDY


def test_what_kotlin_knows_without_a_file_is_current() -> None:
    assert published.FILE.read_text(encoding="utf-8") == published.published(), _REMEDY


def test_they_are_small_and_no_others_lie_there() -> None:
    files = {path.name: path.stat().st_size for path in vectors.FOLDER.iterdir()}
    pictures = {entry["file"] for entry, _ in vectors.pictures()}
    assert set(files) == {f"{name}.json" for name in vectors.TABLES} | pictures
    assert sum(files.values()) < 500_000
