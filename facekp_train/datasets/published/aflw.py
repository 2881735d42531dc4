"""AFLW: 24,386 faces in every pose, with a face box and 19 or 21 keypoints.

The same photographs are annotated twice: `AFLWinfo_release.mat`, which papers report on (19 points,
`aflw_mat`), and the data set's own database `aflw.sqlite` (21 points, `aflw_sqlite`).
Source: https://www.tugraz.at/institute/icg/research/team-bischof/lrs/downloads/aflw/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.published import aflw_mat, aflw_sqlite
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import first_found
from facekp_train.samples import FaceSample

SPLITS = ("train", "full", "frontal", "test")
"""`full`, which papers call AFLW-Full, is all of the test faces; `test` is another name for it."""
PARTS = ("train", "full")

_MAT, _SQLITE = "AFLWinfo_release.mat", "aflw.sqlite"
_LIST_FOLDERS = ("", "data", "aflw/data")
_IMAGE_FOLDERS = ("", "flickr", "data/flickr", "aflw/data/flickr", "images", "images/flickr")
_EARS_OF_21 = [12, 16]


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split: of the `.mat` list where it is there, else of the database.

    `listing` names the one to read, `AFLWinfo_release.mat` or `aflw.sqlite`. `frontal` are the test
    faces with every keypoint visible, the ears left aside. Warns where the `.mat` list gives not the
    published number of faces with their photographs. Raises FileNotFoundError where neither is there,
    DataError for a file that is not what its name says.
    """
    file, train = _source(root, listing), split == "train"
    published = file.suffix == ".mat"
    faces = aflw_mat.faces if published else aflw_sqlite.faces
    count = 0
    for sample in faces(file, train, notes):
        image = _image(root, sample.image)
        chosen = split != "frontal" or _all_visible(sample.visible)
        if image is not None:
            count += 1
            if chosen:
                yield replace(sample, image=image)
        elif chosen:
            notes.skip(f"{file}: {sample.image}", "the image is missing")
    expected = aflw_mat.TRAIN_FACES if train else aflw_mat.TEST_FACES
    if published and count != expected:
        notes.warn(f"{file} gives {count:,} {'train' if train else 'test'}ing faces, not {expected:,}")


def _source(root: Path, listing: str | None) -> Path:
    names = (_MAT, _SQLITE) if listing is None else (listing,)
    file = next(filter(None, (first_found(root, _LIST_FOLDERS, [name]) for name in names)), None)
    if file is None:
        raise FileNotFoundError(f"{root} has no {' and no '.join(names)}, from which AFLW's faces are read")
    if file.suffix not in (".mat", ".sqlite"):
        raise DataError(f"{file} is neither a .mat list nor a .sqlite database of AFLW")
    return file


def _image(root: Path, name: Path) -> Path | None:
    """A photograph, which the lists name as `0/image00002.jpg`."""
    return first_found(root, _IMAGE_FOLDERS, [str(name)])


def _all_visible(visible: NDArray[np.bool_]) -> bool:
    return bool((np.delete(visible, _EARS_OF_21) if len(visible) == 21 else visible).all())
