"""CelebA: 202,599 photographs of celebrities with five keypoints each.

`list_landmarks_align_celeba` belongs to the aligned 178 x 218 pictures (`img_align_celeba`),
`list_landmarks_celeba` and `list_bbox_celeba` to the photographs as found (`img_celeba`). Each list
is the authors' `.txt`, which begins with its count and its columns' names, or Kaggle's `.csv`. Pixels
count from 0; left means left in the image.
Source: http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import Beside, first_found, numbered_lines, to_numbers
from facekp_train.samples import Box, FaceSample

_PARTITIONS = {"train": ("0",), "validation": ("1",), "test": ("2",), "heldout": ("1", "2")}
SPLITS = tuple(_PARTITIONS)
"""`heldout` is `validation` and `test` together: the paper's 20 %."""
PARTS = ("train", "validation", "test")
_STANDARD = {"train": 162_770, "validation": 19_867, "test": 19_962, "heldout": 39_829}

_PARTITION_LIST = "list_eval_partition"
_PARTITION_COLUMNS = ("partition",)
_BOX_LIST = "list_bbox_celeba"
_BOX_COLUMNS = ("x_1", "y_1", "width", "height")
_POINT_COLUMNS = tuple(
    f"{place}_{axis}" for place in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"
)

_LONGEST_COUNT = 20
"""Digits; more of them say no count."""

_LIST_FOLDERS = ("", "Anno", "Eval")
_IMAGE_FOLDERS = ("", "Img")


@dataclass(frozen=True)
class _Edition:
    """One of the two sets of pictures, with the list of its keypoints."""

    points: str
    images: tuple[str, ...]
    boxed: bool


_ALIGNED = _Edition("list_landmarks_align_celeba", ("img_align_celeba", "img_align_celeba_png"), boxed=False)
_WILD = _Edition("list_landmarks_celeba", ("img_celeba", "img_celeba.7z/img_celeba"), boxed=True)

Row = tuple[str, str, list[str]]
"""Where a row stands (file:line), its image's name, its other columns."""


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split, streamed in the list's order: memory stays flat.

    Reads the aligned pictures where their list is there, else the photographs as found. `listing`
    names the list of keypoints to read instead, such as `list_landmarks_celeba.txt`. Warns where
    the split has not the standard number of faces. Raises FileNotFoundError naming the list or the
    folder that is missing, DataError for a list with other columns.
    """
    points, edition = _points_list(root, listing)
    images = _images(root, edition)
    partition_list = _required(root, _PARTITION_LIST, f"the split '{split}' is read from it")
    partitions = _beside(partition_list, _PARTITION_COLUMNS, notes)
    box_list = _list(root, _BOX_LIST) if edition.boxed else None
    boxes = _beside(box_list, _BOX_COLUMNS, notes) if box_list else None
    faces = 0
    for where, name, columns in _rows(points, _POINT_COLUMNS, notes):
        box_row, partition = boxes.of(name) if boxes else None, partitions.of(name)
        try:
            if not _belongs(partition, split, partition_list):
                continue
            sample = _face(images, name, columns, box_row)
        except ValueError as error:
            notes.skip(where, error)
            continue
        faces += 1
        yield sample
    if listing is None and faces != _STANDARD[split]:
        notes.warn(f"the split '{split}' gives {faces:,} faces where CelebA has {_STANDARD[split]:,}")


def _beside(file: Path, columns: tuple[str, ...], notes: Notes) -> Beside[list[str]]:
    return Beside((name, values) for _, name, values in _rows(file, columns, notes))


def _belongs(columns: list[str] | None, split: str, file: Path) -> bool:
    if columns is None:
        raise ValueError(f"{file.name} does not name its image")
    if columns[0] not in ("0", "1", "2"):
        raise ValueError(f"its partition in {file.name} is '{columns[0]}', not 0, 1 or 2")
    return columns[0] in _PARTITIONS[split]


def _face(images: Path, name: str, columns: list[str], box_row: list[str] | None) -> FaceSample:
    keypoints = to_numbers(columns).astype(np.float32).reshape(5, 2)
    image = images / name
    if images.name.endswith("_png"):
        # The lists say .jpg for both packages.
        image = image.with_suffix(".png")
    if first_found(images, [""], [image.name]) is None:
        raise ValueError(f"the image {image.name} is missing")
    box = None if box_row is None else _box(to_numbers(box_row))
    return FaceSample(image, keypoints, np.ones(5, bool), box, "celeba")


def _box(numbers: NDArray[np.float64]) -> Box | None:
    """Some published boxes are empty: such a face has none."""
    x, y, width, height = numbers.tolist()
    return (x, y, width, height) if width > 0 and height > 0 else None


def _rows(file: Path, columns: tuple[str, ...], notes: Notes) -> Iterator[Row]:
    """Rows of a list, `.txt` or `.csv`, one at a time; bad ones are noted.

    Warns where the list's first line states another count of images. Raises DataError where the
    list names other columns.
    """
    stated, count = None, 0
    for number, line in numbered_lines(file):
        fields = line.replace(",", " ").split()
        if number == 1 and len(fields) == 1 and fields[0].isdecimal():
            stated = int(fields[0][:_LONGEST_COUNT])
        elif number <= 2 and columns[0] in fields:
            _check_columns(file, fields, columns)
        elif fields:
            count += 1
            if len(fields) == len(columns) + 1:
                yield f"{file}:{number}", fields[0], fields[1:]
            else:
                notes.skip(f"{file}:{number}", f"{len(fields)} columns where {len(columns) + 1} belong")
    if stated is not None and count != stated:
        notes.warn(f"{file} says {stated:,} images but holds {count:,}: it is cut short or was changed")


def _check_columns(file: Path, fields: list[str], columns: tuple[str, ...]) -> None:
    named = tuple(field for field in fields if field != "image_id")
    if named != columns:
        raise DataError(f"{file} has the columns {' '.join(named)} where {' '.join(columns)} belong")


def _points_list(root: Path, listing: str | None) -> tuple[Path, _Edition]:
    """The list of keypoints to read, and the pictures that it is about."""
    if listing is not None:
        file = _list(root, listing) or Path(listing)
        if not file.is_file():
            raise FileNotFoundError(f"the list {listing} is neither in {root} nor a path of its own")
        return file, _ALIGNED if "align" in file.name else _WILD
    for edition in (_ALIGNED, _WILD):
        file = _list(root, edition.points)
        if file is not None:
            return file, edition
    return _required(root, _ALIGNED.points, "CelebA's keypoints are read from it"), _ALIGNED


def _list(root: Path, name: str) -> Path | None:
    return first_found(root, _LIST_FOLDERS, (name, f"{name}.txt", f"{name}.csv"))


def _required(root: Path, name: str, purpose: str) -> Path:
    file = _list(root, name)
    if file is None:
        raise FileNotFoundError(f"{root} has no {name}.txt or {name}.csv; {purpose}")
    return file


def _images(root: Path, edition: _Edition) -> Path:
    """The folder of an edition's pictures; Kaggle nests it twice."""
    for name in edition.images:
        for parent in _IMAGE_FOLDERS:
            for place in (root / parent / name / name, root / parent / name):
                if place.is_dir():
                    return place
    raise FileNotFoundError(
        f"{root} has no folder {edition.images[0]}, where the images of {edition.points} lie"
    )
