"""COFW: 1,852 faces with 29 keypoints, many of them hidden, inside two MATLAB files of version 7.3.

`COFW_train_color.mat` has the photographs `IsTr`, the boxes `bboxesTr` (x y width height) and
`phisTr` (29 x, 29 y, 29 flags, 1 where the keypoint is hidden), one row a face;
`COFW_test_color.mat` the same as `IsT`, `bboxesT`, `phisT`. Pixels count from 1. Hidden keypoints
have a place too. Of the training faces the first 845 are LFPW's.
Source: https://data.caltech.edu/records/20099
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import SeenRows, checked, first_found
from facekp_train.images import open_mat
from facekp_train.samples import Box, FaceSample

_SUFFIXES = {"train": "Tr", "test": "T"}
SPLITS = tuple(_SUFFIXES)
PARTS = SPLITS
_STANDARD = {"train": 1345, "test": 507}
_POINTS = 29
_FOLDERS = ("", "COFW_color", "COFW")


@dataclass(frozen=True)
class _Table:
    """images: the cell array's name. phis: [F, 87]. boxes: [F, 4]; all as the file has them."""

    images: str
    phis: NDArray[np.float64]
    boxes: NDArray[np.float64]


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split, in the file's order; their images are cells of that file (`packed`).

    `listing` names another file with the split's variables. Keypoints that a face before has too are
    another photograph's all the same, and count, except in `train`. Warns where the split gives not the
    published number of faces. Raises FileNotFoundError where the file is absent, DataError for one that
    is damaged or lacks a variable, UserError where h5py is missing.
    """
    name = listing or f"COFW_{split}_color.mat"
    file = first_found(root, _FOLDERS, [name])
    if file is None:
        raise FileNotFoundError(f"{root} has no {name}, from which COFW's split '{split}' is read")
    table = _load(file, _SUFFIXES[split])
    faces, seen = 0, SeenRows()
    for face, phi in enumerate(table.phis, 1):
        try:
            sample = _face(file / table.images / str(face), phi, table.boxes[face - 1])
            if split == "train" and (same := seen.first(("", phi.tobytes()), face)) != face:
                raise ValueError(f"face {same} already has the same keypoints")
        except ValueError as error:
            notes.skip(f"{file}: face {face}", error)
            continue
        faces += 1
        yield sample
    if listing is None and faces != _STANDARD[split]:
        notes.warn(f"{file} gives {faces:,} faces where COFW has {_STANDARD[split]:,}")


def _face(image: Path, phi: NDArray[np.float64], listed: NDArray[np.float64]) -> FaceSample:
    values = checked(phi)
    flags = values[2 * _POINTS :]
    if not np.isin(flags, (0, 1)).all():
        raise ValueError("a keypoint's flag is neither 0 nor 1")
    keypoints = (values[: 2 * _POINTS].reshape(2, _POINTS).T - 1).astype(np.float32)
    x, y, width, height = checked(listed).tolist()
    if width <= 0 or height <= 0:
        raise ValueError("its face box is empty")
    box: Box = (x - 1, y - 1, width, height)
    return FaceSample(image, keypoints, flags == 0, box, "cofw")


def _load(file: Path, suffix: str) -> _Table:
    """The file's numbers; its photographs stay where they are."""
    try:
        content = open_mat(file)
    except OSError as error:
        raise DataError(str(error)) from None
    with content:
        images = f"Is{suffix}"
        phis = _numbers(content, f"phis{suffix}", 3 * _POINTS, file)
        boxes = _numbers(content, f"bboxes{suffix}", 4, file)
        cells = content.get(images)
        if not len(phis) == len(boxes) == getattr(cells, "size", None):
            raise DataError(f"{file} lacks '{images}' as a photograph for each of {len(phis):,} faces")
    return _Table(images, phis, boxes)


def _numbers(content: Any, name: str, columns: int, file: Path) -> NDArray[np.float64]:
    """A matrix [F, columns]; HDF5 has its axes reversed."""
    table = content.get(name)
    if getattr(table, "ndim", 0) != 2 or table.shape[0] != columns or table.dtype.kind not in "fiu":
        raise DataError(f"{file} lacks '{name}' as F x {columns} numbers, one row for each face")
    try:
        return np.asarray(table[()], np.float64).T
    except OSError as error:
        raise DataError(f"{file}: '{name}' cannot be read ({error})") from None
