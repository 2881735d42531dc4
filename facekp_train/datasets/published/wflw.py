"""WFLW: 10,000 faces with 98 keypoints, a detector's box and six attributes.

`list_98pt_rect_attr_train.txt` and `.._test.txt`: x and y of the 98 by turns, the box's corners
x_min y_min x_max y_max, then pose, expression, illumination, make-up, occlusion and blur as 0 or 1,
and the image's name: 207 columns. The subsets' lists `list_98pt_test_*.txt` have the keypoints and
the name alone. Pixels count from 0.
Source: https://wywu.github.io/projects/LAB/WFLW.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.rows import SeenRows, first_found, numbered_lines, to_numbers
from facekp_train.samples import Box, FaceSample

ATTRIBUTES = {
    "pose": ("normal", "large"),
    "expression": ("normal", "exaggerated"),
    "illumination": ("normal", "extreme"),
    "makeup": ("no", "yes"),
    "occlusion": ("no", "yes"),
    "blur": ("no", "yes"),
}
"""In the list's order; a subset of the test faces are those with the second word."""
SUBSETS = tuple(ATTRIBUTES)
SPLITS = ("train", "test", *SUBSETS)
PARTS = ("train", "test")
_STANDARD = {
    "train": 7500, "test": 2500, "pose": 326, "expression": 314, "illumination": 698,
    "makeup": 206, "occlusion": 736, "blur": 773,
}  # fmt: skip

_POINTS = 98
_PLACES = 2 * _POINTS
_WHOLE, _BARE = _PLACES + 4 + len(ATTRIBUTES) + 1, _PLACES + 1
_ANNOTATIONS = ("", "WFLW_annotations")
_LIST_FOLDERS = tuple(
    f"{parent}/{folder}".strip("/")
    for parent in _ANNOTATIONS
    for folder in ("", "list_98pt_rect_attr_train_test", "list_98pt_test")
)
_IMAGE_FOLDERS = ("WFLW_images", "")


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split, in the list's order; a subset's are the test list's with its attribute.

    Where the test list is missing a subset's own list is read, which has no boxes. `listing` names
    another list of either form. A face that stands there twice counts twice, except in `train`. Warns
    where the split has not the published number of faces. Raises FileNotFoundError naming the list that
    is missing.
    """
    file = _list(root, split, listing, notes)
    faces, seen = 0, SeenRows()
    for number, line in numbered_lines(file):
        if not (fields := line.split()):
            continue
        try:
            sample = _face(root, fields)
            if split == "train":
                seen.refuse_again((fields[-1], sample.keypoints.tobytes()), number, "line")
        except ValueError as error:
            notes.skip(f"{file}:{number}", error)
            continue
        if _belongs(sample, split):
            faces += 1
            yield sample
    if listing is None and faces != _STANDARD[split]:
        notes.warn(f"the split '{split}' gives {faces:,} faces where WFLW has {_STANDARD[split]:,}")


def _list(root: Path, split: str, listing: str | None, notes: Notes) -> Path:
    if listing is not None:
        file = first_found(root, _LIST_FOLDERS, [listing]) or Path(listing)
        if not file.is_file():
            raise FileNotFoundError(f"the list {listing} is neither in {root} nor a path of its own")
        return file
    name = f"list_98pt_rect_attr_{'train' if split == 'train' else 'test'}.txt"
    if file := first_found(root, _LIST_FOLDERS, [name]):
        return file
    if split in SUBSETS:
        own = f"list_98pt_test_{'largepose' if split == 'pose' else split}.txt"
        if file := first_found(root, _LIST_FOLDERS, [own]):
            notes.warn(f"{name} is missing: read from {own}, which has no boxes")
            return file
    raise FileNotFoundError(
        f"{root} has no {name}, also not in WFLW_annotations; the split '{split}' of WFLW is read from it"
    )


def _belongs(sample: FaceSample, split: str) -> bool:
    """A list without attributes is a subset's own, or its reader's choice: all of it belongs."""
    return split in PARTS or sample.attributes.get(split) in (None, ATTRIBUTES[split][1])


def _face(root: Path, fields: list[str]) -> FaceSample:
    if len(fields) not in (_WHOLE, _BARE):
        raise ValueError(f"{len(fields)} columns where {_WHOLE} or, in a subset's list, {_BARE} belong")
    values = to_numbers(fields[:-1])
    image = first_found(root, _IMAGE_FOLDERS, [fields[-1]])
    if image is None:
        raise ValueError(f"the image {fields[-1]} is missing")
    keypoints = values[:_PLACES].reshape(_POINTS, 2).astype(np.float32)
    visible = np.ones(_POINTS, bool)
    if len(fields) == _BARE:
        return FaceSample(image, keypoints, visible)
    left, top, right, bottom = values[_PLACES : _PLACES + 4].tolist()
    if right <= left or bottom <= top:
        raise ValueError("its face box is empty")
    box: Box = (left, top, right - left, bottom - top)
    return FaceSample(image, keypoints, visible, box, "wflw", _named(values[_PLACES + 4 :].tolist()))


def _named(codes: list[float]) -> dict[str, str]:
    """The six attributes in words, from their codes 0 and 1."""
    for attribute, code in zip(ATTRIBUTES, codes, strict=True):
        if code not in (0, 1):
            raise ValueError(f"{attribute} is {code:g}, not 0 or 1")
    return {name: words[int(code)] for (name, words), code in zip(ATTRIBUTES.items(), codes, strict=True)}
