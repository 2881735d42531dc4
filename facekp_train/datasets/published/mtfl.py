"""MTFL and the CUHK face alignment lists: five keypoints placed by hand.

`training.txt` and `testing.txt`: `path x1..x5 y1..y5 gender smile glasses pose`, 1-based.
`trainImageList.txt` and `testImageList.txt`: `path left right top bottom x1 y1 .. x5 y5`, 0-based,
with a detector's box. Paths are written with backslashes. Left means left in the image.
Source: http://mmlab.ie.cuhk.edu.hk/projects/TCDCN.html
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import Beside, SeenRows, first_found, numbered_lines, to_numbers
from facekp_train.samples import FaceSample

SPLITS = ("train", "validation", "test", "training")
"""`training` is `train` as MTFL's own list has it: the same images, without boxes."""
PARTS = ("train", "validation", "test")

_FILES = {
    "train": "trainImageList.txt",
    "validation": "testImageList.txt",
    "test": "testing.txt",
    "training": "training.txt",
}
_BOXED = ("train", "validation")
_LEARNT = ("train", "training")
_COLUMNS = 15
ATTRIBUTES = {
    "gender": ("male", "female"),
    "smile": ("yes", "no"),
    "glasses": ("yes", "no"),
    "pose": ("left profile", "left", "frontal", "right", "right profile"),
}


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split, in the list's order; the attributes of MTFL's own lists come along.

    A row that stands there twice counts twice where figures are reported, once where nets learn.

    `train` falls back on `training.txt`, which is all that MTFL's own archive has. `listing` names
    another file in the form of the split's. Raises FileNotFoundError, saying which file, where the
    list is absent, and DataError for a list in the form of another split.
    """
    own_archive = (root / _FILES["training"]).is_file() and not (root / _FILES["train"]).is_file()
    if split == "train" and listing is None and own_archive:
        notes.warn(f"{_FILES['train']} is missing: read from {_FILES['training']}, which has no boxes")
        split = "training"
    file = root / (listing or _FILES[split])
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; the split '{split}' of MTFL is read from it")
    attributes = Beside(_attributes(root) if split == "train" else iter(()))
    # A photograph may hold two faces; the same numbers twice are one of them, and learnt from once.
    seen = SeenRows()
    for number, line in numbered_lines(file):
        fields = line.split()
        if not fields:
            continue
        try:
            name, numbers = _parsed(fields)
            _check_form(file, split, numbers)
            if split in _LEARNT:
                seen.refuse_again((name, numbers.tobytes()), number, "line")
            yield _face(root, name, numbers, split, attributes.of(name) or {})
        except DataError:
            raise
        except ValueError as error:
            notes.skip(f"{file}:{number}", error)


def _parsed(fields: list[str]) -> tuple[str, NDArray[np.float64]]:
    """A row's image name and its fourteen numbers."""
    if len(fields) != _COLUMNS:
        raise ValueError(f"{len(fields)} columns where {_COLUMNS} belong")
    return fields[0].replace("\\", "/"), to_numbers(fields[1:])


def _check_form(file: Path, split: str, numbers: NDArray[np.float64]) -> None:
    """Both forms have fifteen columns; read as the other, a list would give wrong points."""
    ends_in_attributes = all(
        code in range(1, len(words) + 1)
        for code, words in zip(numbers[10:].tolist(), ATTRIBUTES.values(), strict=True)
    )
    if ends_in_attributes and split in _BOXED:
        raise DataError(f"{file} ends in attributes, as training.txt does; read it with --split training")


def _face(
    root: Path, name: str, numbers: NDArray[np.float64], split: str, known: dict[str, str]
) -> FaceSample:
    image = first_found(root, [""], [name])
    if image is None:
        raise ValueError(f"the image {name} is missing")
    visible = np.ones(5, bool)
    if split in _BOXED:
        left, right, top, bottom = numbers[:4].tolist()
        if right <= left or bottom <= top:
            raise ValueError("its face box is empty")
        keypoints = numbers[4:].reshape(5, 2).astype(np.float32)
        box = (left, top, right - left, bottom - top)
        return FaceSample(image, keypoints, visible, box, "mtfl", known)
    keypoints = (numbers[:10].reshape(2, 5).T - 1).astype(np.float32)
    return FaceSample(image, keypoints, visible, attributes=_named(numbers[10:]))


def _named(codes: NDArray[np.float64]) -> dict[str, str]:
    """The four attributes in words, from their codes, which count from 1."""
    named = {}
    for (attribute, words), code in zip(ATTRIBUTES.items(), codes.tolist(), strict=True):
        if code not in range(1, len(words) + 1):
            raise ValueError(f"{attribute} is {code:g}, not 1 to {len(words)}")
        named[attribute] = words[int(code) - 1]
    return named


def _attributes(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Image names and attributes for the boxed train list; MTFL gives none for its validation list."""
    file = root / _FILES["training"]
    if not file.is_file():
        return
    for _, line in numbered_lines(file):
        # A bad row is reported where that list itself is read.
        with suppress(ValueError):
            name, numbers = _parsed(line.split())
            yield name, _named(numbers[10:])
