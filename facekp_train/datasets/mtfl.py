"""MTFL and the CUHK face alignment lists: five keypoints placed by hand.

`training.txt` and `testing.txt`: `path x1..x5 y1..y5 gender smile glasses pose`, 1-based.
`trainImageList.txt` and `testImageList.txt`: `path left right top bottom x1 y1 .. x5 y5`, 0-based,
with a detector's box. Paths are written with backslashes. Left means left in the image.
Source: http://mmlab.ie.cuhk.edu.hk/projects/TCDCN.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from facekp_train.samples import FaceSample

SPLITS = ("train", "validation", "training", "test")
_FILES = {
    "train": "trainImageList.txt",
    "validation": "testImageList.txt",
    "training": "training.txt",
    "test": "testing.txt",
}
_BOXED = ("train", "validation")
_ATTRIBUTES = {
    "gender": ("male", "female"),
    "smile": ("yes", "no"),
    "glasses": ("yes", "no"),
    "pose": ("left profile", "left", "frontal", "right", "right profile"),
}


def read(
    root: Path, split: str, listing: str | None, skip: Callable[[str, str], None]
) -> Iterator[FaceSample]:
    """Faces of one split, in the list's order; the attributes of MTFL's own lists come along.

    `listing` names another file of the split's format. Raises FileNotFoundError, saying which
    file, where the list is absent.
    """
    file = root / (listing or _FILES[split])
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing; the split '{split}' of MTFL is read from it")
    attributes = {} if split not in _BOXED else _attributes(root, split)
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.split()
            if not fields:
                continue
            try:
                yield _face(root, fields, split in _BOXED, attributes)
            except ValueError as error:
                skip(f"{file}:{number}", str(error))


def _face(root: Path, fields: list[str], boxed: bool, known: dict[str, dict[str, str]]) -> FaceSample:
    wanted = 15
    if len(fields) != wanted:
        raise ValueError(f"{len(fields)} columns where {wanted} belong")
    name = fields[0].replace("\\", "/")
    numbers = np.array([float(field) for field in fields[1:]])
    if not np.isfinite(numbers).all():
        raise ValueError("a coordinate is not a finite number")
    image = root / name
    if not image.is_file():
        raise ValueError(f"the image {name} is missing")
    visible = np.ones(5, bool)
    if boxed:
        left, right, top, bottom = numbers[:4].tolist()
        if right <= left or bottom <= top:
            raise ValueError("its face box is empty")
        keypoints = numbers[4:].reshape(5, 2).astype(np.float32)
        box = (left, top, right - left, bottom - top)
        return FaceSample(image, keypoints, visible, box, "mtfl", known.get(name, {}))
    keypoints = (numbers[:10].reshape(2, 5).T - 1).astype(np.float32)
    return FaceSample(image, keypoints, visible, attributes=_named(numbers[10:]))


def _named(codes: np.ndarray) -> dict[str, str]:
    named = {}
    for (attribute, words), code in zip(_ATTRIBUTES.items(), codes, strict=True):
        if not 1 <= code <= len(words) or code != int(code):
            raise ValueError(f"{attribute} is {code:g}, not 1 to {len(words)}")
        named[attribute] = words[int(code) - 1]
    return named


def _attributes(root: Path, split: str) -> dict[str, dict[str, str]]:
    """Image name -> attributes, for the boxed train list; MTFL gives none for its validation list."""
    file = root / _FILES["training"]
    if split != "train" or not file.is_file():
        return {}
    found = {}
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        fields = line.split()
        if len(fields) == 15:
            try:
                found[fields[0].replace("\\", "/")] = _named(np.array([float(f) for f in fields[11:]]))
            except ValueError:
                continue
    return found
