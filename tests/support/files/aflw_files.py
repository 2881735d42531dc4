"""AFLW's two sources, tiny and in their true forms."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facekp_train.datasets.published.aflw_sqlite import KEYPOINTS
from tests.support.files.annotated_faces import face_like

MAT, DATABASE = "AFLWinfo_release.mat", "aflw.sqlite"
BOX = (10.0, 20.0, 120.0, 130.0)
NAMES = ["0/image00002.jpg", "0/image00013.jpg", "2/image00013.jpg", "3/image00001.jpg", "3/image00004.jpg"]


def pictures(folder: Path, names: Sequence[str] = NAMES) -> None:
    data = cv2.imencode(".jpg", np.full((160, 170, 3), 90, np.uint8))[1].tobytes()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def face(points: int, seed: int = 0) -> np.ndarray:
    return face_like(points, seed) * (90, 110) + (20, 30)


def write_mat(file: Path, count: int, **changed: Any) -> np.ndarray:
    """A list of that many faces; the last five have pictures. The faces' keypoints [F, 19, 2]."""
    keypoints = np.stack([face(19, seed) for seed in range(count)])
    names = np.empty((count, 1), object)
    names[:, 0] = [f"9/image{i:05}.jpg" for i in range(count - 5)] + NAMES
    x, y, width, height = BOX
    content = {
        "nameList": names,
        "data": np.concatenate([keypoints[..., 0], keypoints[..., 1]], axis=1),
        "mask_new": np.ones((count, 19), np.uint8),
        "bbox": np.tile([x, x + width, y, y + height], (count, 1)),
        "ra": np.arange(1, count + 1, dtype=np.float64).reshape(-1, 1),
    }
    from scipy.io import savemat

    savemat(file, content | changed)
    return keypoints


def write_database(file: Path, faces: Sequence[dict[str, Any]]) -> None:
    """aflw.sqlite with the tables that it is shipped with."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as database:
        database.executescript("""
            CREATE TABLE Faces (face_id INTEGER PRIMARY KEY, file_id TEXT, db_id TEXT);
            CREATE TABLE FaceImages (image_id INTEGER PRIMARY KEY, db_id TEXT, file_id TEXT, filepath TEXT,
                                     bw INTEGER, width INTEGER, height INTEGER);
            CREATE TABLE FaceRect (face_id INTEGER, x INTEGER, y INTEGER, w INTEGER, h INTEGER,
                                   annot_type_id INTEGER);
            CREATE TABLE FacePose (face_id INTEGER, roll REAL, pitch REAL, yaw REAL, annot_type_id INTEGER);
            CREATE TABLE FeatureCoordTypes (feature_id INTEGER PRIMARY KEY, descr TEXT, code TEXT,
                                            x REAL, y REAL, z REAL);
            CREATE TABLE FeatureCoords (face_id INTEGER, feature_id INTEGER, x REAL, y REAL,
                                        annot_type_id INTEGER);
        """)
        kinds = [*KEYPOINTS, "LeftTemple", "HeadCenter"]
        database.executemany(
            "INSERT INTO FeatureCoordTypes VALUES (?, ?, '', 0, 0, 0)", list(enumerate(kinds, start=1))
        )
        for number, row in enumerate(faces):
            face_id, path = 39341 + number, row["path"]
            file_id = Path(path).name
            database.execute("INSERT INTO Faces VALUES (?, ?, 'flickr')", (face_id, file_id))
            if not database.execute("SELECT 1 FROM FaceImages WHERE filepath = ?", (path,)).fetchone():
                database.execute(
                    "INSERT INTO FaceImages (db_id, file_id, filepath) VALUES ('flickr', ?, ?)",
                    (file_id, path),
                )
            if row.get("box"):
                database.execute("INSERT INTO FaceRect VALUES (?, ?, ?, ?, ?, 3)", (face_id, *row["box"]))
            if row.get("pose"):
                database.execute("INSERT INTO FacePose VALUES (?, ?, ?, ?, 1)", (face_id, *row["pose"]))
            points = [(face_id, place + 1, *row["points"][place]) for place in row["placed"]]
            database.executemany("INSERT INTO FeatureCoords VALUES (?, ?, ?, ?, 2)", points)
        database.commit()
