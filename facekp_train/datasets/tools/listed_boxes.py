"""Faces' boxes in the files of annotation tools: whose they are, and how they lie around the keypoints.

A box whose maker the file names has that maker's mapping. Any other has the mapping that the file's own faces
show (`facekp_train.boxes.fit_mapping`), and comes as the tight box that it stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from facekp_train.boxes import FEWEST_PAIRS, BoxMapping, fit_mapping, tight_box_of
from facekp_train.common.console import faces_in_words
from facekp_train.datasets.reading.box_check import far_from_box
from facekp_train.datasets.reading.notes import Notes
from facekp_train.samples import Box, FaceSample

UNNAMED = ""
"""The source of a box that nothing tells of."""

ReadBox = tuple[str, Box, str]
"""Its group, "" for none, the box in pixels, and its source."""

Shape = TypeVar("Shape")

_STATED = "box_source="
# Smaller ones stand for none, or are shares of the picture.
_SMALLEST = 2.0
# Standard deviations beyond every known source's: such boxes are not around faces.
_WIDEST_SHIFT, _WIDEST_GROWTH = 0.25, 0.35
# Boxes that are the keypoints' own but for rounding say nothing new.
_OWN = 0.02


def stated_source(*notes: object) -> str:
    """Who made a box by a free text of the file, `box_source=NAME`; UNNAMED where none says so."""
    for word in (word for note in notes for word in str(note or "").split()):
        if word.startswith(_STATED) and word != _STATED:
            return word.removeprefix(_STATED)
    return UNNAMED


def one_each(faces: Sequence[str], boxes: Sequence[ReadBox]) -> list[tuple[Box | None, str]]:
    """The box and source of each face of a photograph: of groups that have one face and one box.

    Args:
        faces: the group of each, "" for none.
        boxes: group, box and source.
    """
    counts = Counter(faces)
    found: dict[str, list[tuple[Box, str]]] = {}
    for group, box, source in boxes:
        found.setdefault(group, []).append((box, source))
    return [
        found[group][0] if counts[group] == 1 and len(found.get(group, ())) == 1 else (None, UNNAMED)
        for group in faces
    ]


def readable(shapes: Iterable[Shape], read: Callable[[Shape], ReadBox | None]) -> list[ReadBox]:
    """What `read` makes of each shape: one that is damaged is no box, and its face stays."""
    found = []
    for shape in shapes:
        try:
            box = read(shape)
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        if box is not None:
            found.append(box)
    return found


def usable(box: Sequence[float]) -> bool:
    """Whether x, y, width and height are a box."""
    return len(box) == 4 and bool(np.isfinite(box).all()) and min(box[2:]) > 0


def settled(root: Path, faces: list[FaceSample], notes: Notes) -> list[FaceSample]:
    """The faces with boxes that have a mapping: those of UNNAMED become tight boxes, or none.

    What lies far from its box is left to `LabelCheck`, which names it.

    Args:
        root: the file, for the notes.
        faces: all of it.
        notes: takes what became of the boxes.
    """
    unnamed = [face for face in faces if face.box is not None and face.box_source == UNNAMED]
    if not unnamed:
        return faces
    mapping = _measured(root, [face for face in unnamed if not far_from_box(face)], notes)
    return [_settled(face, mapping) if face.box_source == UNNAMED else face for face in faces]


def _settled(face: FaceSample, mapping: BoxMapping | None) -> FaceSample:
    if face.box is not None and max(face.box[2:]) >= _SMALLEST and far_from_box(face):
        return replace(face, box_source="tight")
    box = None if face.box is None or mapping is None else mapping.to_tight(face.box)
    return replace(face, box=box, box_source="tight")


def _measured(root: Path, faces: Sequence[FaceSample], notes: Notes) -> BoxMapping | None:
    """How the boxes lie, by the faces all of whose keypoints are labeled; None where they are of no use."""
    whole = [face for face in faces if np.isfinite(face.keypoints).all()]
    pairs = [(face.box, tight_box_of(face)) for face in whole if face.box is not None and _spans(face)]
    if pairs and all(_are_one(*pair) for pair in pairs):
        return None
    if len(pairs) < FEWEST_PAIRS:
        return None
    mapping = fit_mapping(pairs, str(root))
    if max(mapping.sd_dx, mapping.sd_dy) > _WIDEST_SHIFT or mapping.sd_scale > _WIDEST_GROWTH:
        notes.warn(
            f"{root}: boxes of {faces_in_words(len(faces))} are not used: no box_source says who made them, "
            "and they lie around the keypoints in too many ways to be of faces alone"
        )
        return None
    notes.warn(
        f"{root}: no box_source says who made its boxes; how they lie around the keypoints is measured on "
        f"{faces_in_words(len(pairs))} of its own"
    )
    return mapping


def _spans(face: FaceSample) -> bool:
    return bool(np.ptp(face.keypoints, axis=0).any())


def _are_one(box: Box, tight: Box) -> bool:
    """Whether a box is the keypoints' own."""
    side = max(tight[2:])
    middles = (np.array(each[:2]) + np.array(each[2:]) / 2 for each in (box, tight))
    apart = np.abs(np.subtract(*middles)).max()
    return bool(apart <= _OWN * side and abs(max(box[2:]) - side) <= _OWN * side)
