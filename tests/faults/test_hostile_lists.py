"""Published lists that are damaged anywhere: faces on a photograph, or one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facekp_train.common.console import UserError
from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.reading.label_check import LabelCheck
from facekp_train.datasets.reading.notes import Notes
from facekp_train.samples import FaceSample
from tests.support.files import list_files
from tests.support.files.aflw_files import face
from tests.support.files.damage import damaged, damaged_bytes

CASES = max(15, int(os.environ.get("FACEKP_FUZZ", "15")))
# Each of these starts a child process.
FEW = max(1, CASES // 20)
FARTHEST = 1 << 20


def faces_or_sentence(spec: str, split: str) -> list[FaceSample]:
    """What comes of a data set, held to what faces and sentences are."""
    try:
        dataset = open_dataset(spec, split)
        faces = list(dataset)
    except (DataError, UserError, OSError) as error:
        assert str(error) and "\n" not in str(error)
        return []
    for sample in faces:
        known = sample.keypoints[np.isfinite(sample.keypoints).all(axis=1)]
        assert len(known) and np.abs(known).max() <= FARTHEST, "no photograph is that wide"
        assert sample.box is None or np.isfinite(sample.box).all()
    for entry in dataset.skipped:
        assert entry["reason"] and "\n" not in entry["reason"]
    return faces


@pytest.mark.parametrize("name", list_files.TEXTS)
def test_the_sound_list_is_read(name: str, tmp_path: Path) -> None:
    listed = list_files.TEXTS[name]
    assert len(faces_or_sentence(list_files.write(tmp_path, name, "", b""), listed.split)) == 2


@pytest.mark.parametrize(("name", "file"), list_files.DAMAGED)
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_a_damaged_list_gives_faces_or_a_sentence(
    name: str, file: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    listed = list_files.TEXTS[name]
    content = damaged(listed.files[file], draw)
    faces_or_sentence(list_files.write(tmp_path_factory.mktemp("list"), name, file, content), listed.split)


def test_absurd_counts_in_a_list_are_no_traceback(tmp_path: Path) -> None:
    file = "Eval/list_eval_partition.txt"
    text = "9" * 5000 + "\n" + list_files.TEXTS["celeba"].files[file]
    assert len(faces_or_sentence(list_files.write(tmp_path, "celeba", file, text.encode()), "train")) == 2


@pytest.mark.parametrize("name", list_files.BINARIES)
def test_damaged_binaries_give_faces_or_a_sentence(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    make, split = list_files.BINARIES[name]
    folder = tmp_path_factory.mktemp(name)
    file = make(folder)
    sound = file.read_bytes()
    assert name == "cofw" or faces_or_sentence(f"{name}:{folder}", split)

    @settings(max_examples=CASES if name == "aflw" else FEW, deadline=None)
    @given(draw=st.data())
    def damage(draw: st.DataObject) -> None:
        file.write_bytes(damaged_bytes(sound, draw))
        faces_or_sentence(f"{name}:{folder}", split)

    damage()


ODD_VALUES = (1e30, -1e300, "1e400", "left", b"\x00", 10**18, None)


@pytest.mark.parametrize("value", ODD_VALUES)
@pytest.mark.parametrize("column", ["FeatureCoords.x", "FaceRect.w", "FacePose.yaw", "FeatureCoords.face_id"])
def test_odd_values_in_aflws_database(column: str, value: object, tmp_path: Path) -> None:
    table, _, name = column.partition(".")
    with closing(sqlite3.connect(list_files.database(tmp_path))) as database:
        database.execute(f"UPDATE {table} SET {name} = ? WHERE face_id % 2", (value,))
        database.commit()
    assert faces_or_sentence(f"aflw:{tmp_path}", "train") is not None


def test_a_database_whose_tables_are_programs_is_refused(tmp_path: Path) -> None:
    """A view computes what its maker likes, for as long as he likes."""
    with closing(sqlite3.connect(list_files.database(tmp_path))) as database:
        database.executescript(
            "DROP TABLE FacePose; CREATE VIEW FacePose AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
            "SELECT i + 1 FROM n) SELECT i AS face_id, 0.0 AS roll, 0.0 AS pitch, 0.0 AS yaw FROM n;"
        )
    with pytest.raises(DataError, match="FacePose is no plain table"):
        list(open_dataset(f"aflw:{tmp_path}", "train"))


def checked(keypoints: np.ndarray, box: Sequence[float] | None) -> tuple[int, list[dict[str, str]]]:
    notes = Notes()
    visible = np.ones(len(keypoints), bool)
    listed = None if box is None else (box[0], box[1], box[2], box[3])
    sample = FaceSample(Path("a.jpg"), keypoints.astype(np.float32), visible, listed, "aflw")
    return len(list(LabelCheck(notes, "any:faces").of(iter([sample])))), notes.skipped


def test_no_reader_passes_on_a_place_or_a_box_outside_every_photograph() -> None:
    good, box = face(21), (10.0, 10.0, 90.0, 90.0)
    assert checked(good, box) == (1, [])
    for far in (1e30, np.inf, -(2.0**21)):
        moved = good.copy()
        moved[3, 0] = far
        for places, listed in ((moved, box), (good, (far, 10, 90, 90)), (good, (10, 10, abs(far), 90))):
            count, skipped = checked(places, listed)
            assert count == 0
            assert "larger than any photograph" in skipped[0]["reason"] or "finite" in skipped[0]["reason"]
