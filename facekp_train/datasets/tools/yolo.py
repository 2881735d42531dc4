"""YOLO's form for poses: `data.yaml`, folders of photographs, and a text file of labels for each.

https://docs.ultralytics.com/datasets/pose: `kpt_shape` says how many keypoints a line has and whether each
states its visibility, `kpt_names` what they are called, `flip_idx` which change places in the mirror image. A
line has the class, the box's middle and size, and the keypoints, as shares of the upright photograph.
`box_source` may say who made the boxes. The labels of `images/train/a.jpg` are `labels/train/a.txt`. A
visibility of 0 means not labeled, 1 hidden where the data set also has 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.yaml_text import parse_yaml
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import numbered_lines, read_text, to_numbers
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED
from facekp_train.datasets.tools.marks import LeftOut, Mark, MarkedFace, samples, seen_by_twos, take_told
from facekp_train.pictures.decoding import read_header
from facekp_train.pictures.folders import folders_below
from facekp_train.pictures.kinds import looks_like_picture
from facekp_train.samples import FaceSample
from facekp_train.schemes import FEWEST_POINTS, MOST_POINTS

SPLITS, PARTS = ("train", "val", "test"), ("train", "val")
_BOX = 5
"""Class, middle and size of the box, before the keypoints of a line."""
_ROUNDED = 1e-4
"""Shares have four digits and more behind the point."""


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    if file.suffix.lower() not in (".yaml", ".yml"):
        return False
    try:
        data = parse_yaml(read_text(file))
    except (ValueError, OSError):
        return False
    return isinstance(data, dict) and {"kpt_shape", "train"} <= data.keys()


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of a split of the file `root`.

    Raises DataError for another file, FileNotFoundError for a split that it does not have.
    """
    try:
        data = parse_yaml(read_text(root))
    except ValueError as error:
        raise DataError(f"{root} is not YOLO's data.yaml: {error}") from None
    shape = _shape(root, data)
    names, source = _names(root, data, shape[0]), str(data.get("box_source") or UNNAMED)
    if (pairs := _pairs(root, data, shape[0])) is not None:
        named = names if all(names) else [str(place) for place in range(shape[0])]
        take_told(root, named, notes, pairs)
    faces: list[MarkedFace] = []
    bare = 0
    for image in _images(root, data, split, notes):
        own: list[MarkedFace] = []
        labels = _labels(image)
        if labels.is_file():
            own = [replace(face, box_source=source) for face in _faces(image, labels, shape, names, notes)]
        bare += not own
        faces += own
    yield from samples(root, seen_by_twos(faces), Places(root, listing, "yolo"), notes, LeftOut(bare))


def _shape(root: Path, data: Any) -> tuple[int, int]:
    """Keypoints a face, and numbers a keypoint: 2 or 3."""
    shape = data.get("kpt_shape") if isinstance(data, dict) else None
    good = isinstance(shape, list) and len(shape) == 2 and all(isinstance(each, int) for each in shape)
    if not isinstance(shape, list) or not good or shape[1] not in (2, 3):
        raise DataError(f"{root} is not YOLO's data.yaml for poses: it has no kpt_shape: [COUNT, 2 or 3]")
    if not FEWEST_POINTS <= shape[0] <= MOST_POINTS:
        raise DataError(f"{root}: kpt_shape states no count of {FEWEST_POINTS} to {MOST_POINTS} points")
    return shape[0], shape[1]


def _names(root: Path, data: dict[str, Any], points: int) -> list[str]:
    """Of the keypoints: a list, one for each class, or by number; none where classes differ."""
    told = data.get("kpt_names")
    if not told:
        return [""] * points
    names = list(told.values()) if isinstance(told, dict) else told
    if isinstance(names, list) and isinstance(names[0], list):
        if any(each != names[0] for each in names):
            return [""] * points
        names = names[0]
    if not isinstance(names, list) or len(names) != points:
        raise DataError(f"{root}: kpt_names are not the {points} names that kpt_shape asks for")
    return [str(name) for name in names]


def _pairs(root: Path, data: dict[str, Any], points: int) -> list[tuple[int, int]] | None:
    """Keypoints that change places in the mirror image, by `flip_idx`; None where it is left out."""
    order = data.get("flip_idx")
    if not order:
        return None
    places = list(range(points))
    if not isinstance(order, list) or {*map(type, order)} != {int} or sorted(order) != places:
        raise DataError(f"{root}: flip_idx does not name each of the {points} keypoints once, from 0")
    if [order[place] for place in order] != places:
        raise DataError(f"{root}: flip_idx is no exchange of pairs: it leads a keypoint elsewhere than back")
    return [(place, other) for place, other in enumerate(order) if place < other]


def _images(root: Path, data: dict[str, Any], split: str, notes: Notes) -> Iterator[Path]:
    """The photographs of a split: those of a folder, of a list, or of several of these."""
    base = root.parent / str(data.get("path") or "")
    base = base if base.is_dir() else root.parent
    told = data.get(split)
    if not told:
        raise FileNotFoundError(f"{root} names no '{split}'")
    for name in told if isinstance(told, list) else [told]:
        place = next((p for p in (base / str(name), root.parent / str(name)) if p.exists()), None)
        if place is None:
            raise FileNotFoundError(f"{base / str(name)} does not exist, which {root} names as '{split}'")
        if place.is_dir():
            for _, files in folders_below(place, closed=notes.skip):
                yield from filter(looks_like_picture, files)
            continue
        for _, line in numbered_lines(place):
            if line.strip():
                yield base / line.strip()


def _labels(image: Path) -> Path:
    """The last folder called `images` becomes `labels`; without one the file lies beside the photograph."""
    parts = list(image.parts)
    if "images" in parts[:-1]:
        parts[len(parts) - 2 - parts[-2::-1].index("images")] = "labels"
    return Path(*parts).with_suffix(".txt")


def _faces(
    image: Path, labels: Path, shape: tuple[int, int], names: Iterable[str], notes: Notes
) -> Iterator[MarkedFace]:
    size = None
    for number, line in numbered_lines(labels):
        words = line.split()
        if len(words) <= _BOX:
            continue
        try:
            size = size or read_header(image).upright_size
            marks = _marks(words[_BOX:], shape, size, names)
            x, y, width, height = (to_numbers(words[1:_BOX]) * [*size, *size]).tolist()
        except (ValueError, OSError) as error:
            notes.skip(f"{labels}:{number}", error)
            continue
        box = x - width / 2, y - height / 2, width, height
        yield MarkedFace(str(image.absolute()), marks, f"line {number} of {labels.name}", box=box)


def _marks(
    words: list[str], shape: tuple[int, int], size: tuple[int, int], names: Iterable[str]
) -> tuple[Mark, ...]:
    points, numbers = shape
    values = to_numbers(words)
    if len(values) != points * numbers:
        raise ValueError(f"it has {len(values)} keypoint numbers where kpt_shape makes {points * numbers}")
    rows = values.reshape(points, numbers)
    states = rows[:, 2:].ravel()
    if (wrong := states[~np.isin(states, (0, 1, 2))]).size:
        raise ValueError(f"a keypoint's visibility is {wrong[0]:g}, not 0, 1 or 2")
    # -1 -1 stands for a point that was not placed, in shares and in pixels that a program made shares of.
    places = rows[:, :2] * size
    absent = (rows[:, :2] == -1) | (np.abs(places + 1) < _ROUNDED * np.array(size))
    places = np.where(absent.all(axis=1, keepdims=True), -1, places)
    return tuple(
        Mark(float(x), float(y), name, numbers == 2 or row[2] >= 2, numbers == 2 or row[2] > 0)
        for name, row, (x, y) in zip(names, rows, places, strict=True)
    )
