"""Annotation files that are damaged anywhere: faces with finite keypoints, or one sentence."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facekp_train.common.console import UserError
from facekp_train.datasets import DataError, open_dataset
from tests.support.files import tool_files
from tests.support.files.damage import damaged

CASES = max(25, int(os.environ.get("FACEKP_FUZZ", "25")))


@pytest.mark.parametrize("name", tool_files.SOUND)
def test_the_sound_file_is_read(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    spec = tool_files.write(tmp_path_factory.mktemp("sound"), name, tool_files.SOUND[name][1].encode())
    faces = list(open_dataset(spec))
    assert faces and all(np.allclose(face.keypoints, tool_files.PLACES, atol=0.01) for face in faces)


@pytest.mark.parametrize("name", tool_files.SOUND)
@settings(max_examples=CASES)
@given(draw=st.data())
def test_a_damaged_file_gives_faces_or_a_sentence(
    name: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    spec = tool_files.write(folder, name, damaged(tool_files.SOUND[name][1], draw))
    try:
        dataset = open_dataset(spec)
        faces = list(dataset)
    except (DataError, UserError, OSError) as error:
        assert str(error) and "\n" not in str(error)
        return
    for face in faces:
        known = face.keypoints[np.isfinite(face.keypoints).all(axis=1)]
        assert face.keypoints.ndim == 2 and face.keypoints.shape[1] == 2 and len(known)
        assert np.abs(known).max() < 1e6, "no photograph is that wide"
        assert face.box is None or np.isfinite(face.box).all()
    for entry in dataset.skipped:
        assert entry["reason"] and "\n" not in entry["reason"] + entry["file"]
