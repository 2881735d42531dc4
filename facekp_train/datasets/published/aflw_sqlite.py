"""`aflw.sqlite`: AFLW's own database, up to 21 keypoints a face, only the visible ones placed.

Tables: Faces (face_id, file_id), FaceImages (file_id, filepath), FaceRect (face_id, x, y, w, h),
FacePose (face_id, roll, pitch, yaw in radians), FeatureCoords (face_id, feature_id, x, y) and
FeatureCoordTypes (feature_id, descr). FaceImages may state a width and a height. Pixels count from 0.
Source: https://www.tugraz.at/institute/icg/research/team-bischof/lrs/downloads/aflw/
"""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.files import resolved
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import checked, stated_size
from facekp_train.samples import Box, FaceSample

KEYPOINTS = (
    "LeftBrowLeftCorner", "LeftBrowCenter", "LeftBrowRightCorner",
    "RightBrowLeftCorner", "RightBrowCenter", "RightBrowRightCorner",
    "LeftEyeLeftCorner", "LeftEyeCenter", "LeftEyeRightCorner",
    "RightEyeLeftCorner", "RightEyeCenter", "RightEyeRightCorner",
    "LeftEar", "NoseLeft", "NoseCenter", "NoseRight", "RightEar",
    "MouthLeftCorner", "MouthCenter", "MouthRightCorner", "ChinCenter",
)  # fmt: skip
"""The 21 in the scheme's order; left means left in the image. Without the ears they are the 19."""

_PLACES = {name: place for place, name in enumerate(KEYPOINTS)}
_TABLES = ("Faces", "FaceImages", "FaceRect", "FacePose", "FeatureCoords", "FeatureCoordTypes")
_QUERY = """
    SELECT Faces.face_id, FaceImages.filepath, FaceRect.x, FaceRect.y, FaceRect.w, FaceRect.h,
           FacePose.roll, FacePose.pitch, FacePose.yaw, {size}, Marks.descr, Marks.x, Marks.y
    FROM Faces
    JOIN FaceImages ON FaceImages.file_id = Faces.file_id
    LEFT JOIN FaceRect ON FaceRect.face_id = Faces.face_id
    LEFT JOIN FacePose ON FacePose.face_id = Faces.face_id
    LEFT JOIN (SELECT face_id, descr, FeatureCoords.x AS x, FeatureCoords.y AS y
               FROM FeatureCoords JOIN FeatureCoordTypes USING (feature_id)) AS Marks
        ON Marks.face_id = Faces.face_id
    ORDER BY Faces.face_id
"""


def faces(file: Path, train: bool, notes: Notes) -> Iterator[FaceSample]:
    """The training or the test faces by number; image paths as the database has them.

    The database has no published split: about 18 % of the photographs, chosen by their names, are
    for testing, with all their faces. Raises DataError for a file that is no such database.
    """
    notes.warn(
        f"{file.name} has no published split: its test faces are not those of AFLWinfo_release.mat, "
        "and figures on them are not comparable with papers"
    )
    try:
        with closing(sqlite3.connect(f"{resolved(file).as_uri()}?mode=ro", uri=True)) as database:
            _refuse_programs(file, database)
            query = _QUERY.format(size=_size_columns(database))
            for face, rows in groupby(database.execute(query), key=itemgetter(0)):
                marks = list(rows)
                path = str(marks[0][1])
                if _is_for_testing(path) == train:
                    continue
                try:
                    sample = _face(path, marks)
                except (TypeError, ValueError) as error:
                    notes.skip(f"{file}: face {face}, {path}", error)
                    continue
                yield sample
    except sqlite3.Error as error:
        raise DataError(f"{file} cannot be read as AFLW's database ({error})") from None


def _refuse_programs(file: Path, database: sqlite3.Connection) -> None:
    """Raises DataError where a view or a virtual table, which computes, stands for a table."""
    plain = {
        str(name).lower()
        for name, made in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        if "virtual" not in str(made).lower().split("(")[0].split()[:2]
    }
    for name in _TABLES:
        if name.lower() not in plain:
            raise DataError(f"{file} cannot be read as AFLW's database: {name} is no plain table of it")


def _size_columns(database: sqlite3.Connection) -> str:
    """What to ask for a photograph's width and height, which no other table states."""
    known = {str(row[1]).lower() for row in database.execute("PRAGMA table_info(FaceImages)")}
    return ", ".join(f"FaceImages.{side}" if side in known else "NULL" for side in ("width", "height"))


def _is_for_testing(path: str) -> bool:
    return zlib.crc32(Path(path).name.encode()) % 100 < 18


def _face(path: str, marks: list[tuple[Any, ...]]) -> FaceSample:
    """One face from the query's rows, one for each of its keypoints."""
    keypoints = np.full((len(KEYPOINTS), 2), np.nan, np.float32)
    for *_, name, x, y in marks:
        if name in _PLACES:
            keypoints[_PLACES[name]] = checked((float(x), float(y)))
    visible = np.isfinite(keypoints).all(axis=1)
    if not visible.any():
        raise ValueError("none of its keypoints is annotated")
    angles = dict(zip(("roll", "pitch", "yaw"), marks[0][6:9], strict=True))
    attributes = {name: f"{math.degrees(angle):.1f}" for name, angle in angles.items() if angle is not None}
    box, size = _box(marks[0][2:6]), stated_size(*marks[0][9:11])
    return FaceSample(Path(path), keypoints, visible, box, "aflw", attributes, size)


def _box(columns: tuple[Any, ...]) -> Box | None:
    """Some faces have no rectangle."""
    if None in columns:
        return None
    x, y, width, height = (float(value) for value in columns)
    return (x, y, width, height) if width > 0 and height > 0 else None
