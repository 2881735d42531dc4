"""`AFLWinfo_release.mat`: AFLW with 19 keypoints, 20,000 training and 4,386 test faces.

`nameList` the images, `data` x1..x19 y1..y19, `mask_new` 1 where a keypoint is visible, `bbox`
left right top bottom, `ra` a permutation of the faces, counted from 1, whose first 20,000 are
trained on. Hidden keypoints have an estimated place. Pixels are taken as they stand, from 0.
Source: http://mmlab.ie.cuhk.edu.hk/projects/compositional.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.console import require
from facekp_train.common.guarded import refuse_harmful
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.samples import FaceSample

_POINTS = 19
TRAIN_FACES, TEST_FACES = 20_000, 4_386
_COLUMNS = {"data": 2 * _POINTS, "mask_new": _POINTS, "bbox": 4}


@dataclass(frozen=True)
class _Table:
    """The file's content: names of images, data [F, 38], mask [F, 19], boxes [F, 4], order [F] from 0."""

    names: list[str]
    data: NDArray[np.float64]
    mask: NDArray[np.float64]
    boxes: NDArray[np.float64]
    order: NDArray[np.intp]


def faces(file: Path, train: bool, notes: Notes) -> Iterator[FaceSample]:
    """The training or the test faces, in the file's order; image paths as the file has them.

    Raises DataError for a file that is damaged or lacks a table, UserError where scipy is missing.
    """
    table = _load(file)
    faces = table.order[:TRAIN_FACES] if train else table.order[TRAIN_FACES:]
    for face in faces.tolist():
        if reason := _defect(table, face):
            notes.skip(f"{file}: face {face + 1}, {table.names[face]}", reason)
        else:
            yield _sample(table, face)


def _defect(table: _Table, face: int) -> str | None:
    places = table.data[face].reshape(2, _POINTS)[:, table.mask[face] == 1]
    left, right, top, bottom = box = table.boxes[face].tolist()
    if not table.names[face]:
        return "it names no image"
    if not (np.isfinite(box).all() and right > left and bottom > top):
        return "its face box is empty"
    return None if np.isfinite(places).all() else "a visible keypoint has no finite coordinates"


def _sample(table: _Table, face: int) -> FaceSample:
    keypoints = table.data[face].reshape(2, _POINTS).T.astype(np.float32)
    visible = table.mask[face] == 1
    # Zero or below in both is where a keypoint was not placed at all.
    keypoints[~visible & (keypoints <= 0).all(axis=1)] = np.nan
    left, right, top, bottom = table.boxes[face].tolist()
    box = (left, top, right - left, bottom - top)
    return FaceSample(Path(table.names[face]), keypoints, visible, box, "aflw")


def load(file: Path) -> dict[str, Any]:
    """The variables of the file. Raises DataError where scipy cannot read them."""
    from scipy.io import loadmat

    try:
        return loadmat(file, variable_names=(*_COLUMNS, "nameList", "ra"))
    # scipy's parser meets damage with whatever it stumbles over.
    except Exception as error:
        raise DataError(f"{file} cannot be read as a .mat file ({type(error).__name__}: {error})") from None


def _load(file: Path) -> _Table:
    require("train", "scipy")
    try:
        refuse_harmful(file, f"{__name__}:load", ("scipy", "numpy"))
    except ValueError as error:
        raise DataError(str(error)) from None
    content = load(file)
    names = [_text(cell) for cell in np.ravel(content.get("nameList", ()))]
    data, mask, boxes = (_numbers(content, name, len(names), file) for name in _COLUMNS)
    return _Table(names, data, mask, boxes, _order(content, len(names), file))


def _numbers(content: dict[str, Any], name: str, rows: int, file: Path) -> NDArray[np.float64]:
    table = np.asarray(content.get(name, ()))
    if table.shape != (rows, _COLUMNS[name]) or table.dtype.kind not in "fiub" or not rows:
        raise DataError(
            f"{file} lacks '{name}' as {rows or 'F'} x {_COLUMNS[name]} numbers, one row for each of nameList"
        )
    return table.astype(np.float64)


def _order(content: dict[str, Any], rows: int, file: Path) -> NDArray[np.intp]:
    order = np.ravel(content.get("ra", ()))
    if order.dtype.kind not in "fiu" or not np.array_equal(np.sort(order), np.arange(1, rows + 1)):
        raise DataError(
            f"{file} lacks 'ra' as a permutation of 1 to {rows}, which says which faces are for training"
        )
    return order.astype(np.intp) - 1


def _text(cell: object) -> str:
    """A MATLAB cell holds an array of one string, or of none."""
    return "".join(str(part) for part in np.ravel(np.asarray(cell))).replace("\\", "/")
