"""What annotators leave of a face: marks, with a name each or in order. The tools' readers share it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from facekp_train.datasets.reading.notes import DataError, Notes, in_short
from facekp_train.datasets.reading.rows import SeenRows, checked
from facekp_train.datasets.tools.coco_names import order_of
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED, settled, usable
from facekp_train.landmarks import SCHEMES, adopt, scheme_of
from facekp_train.own_schemes import told_scheme
from facekp_train.samples import Box, FaceSample

_QUOTED = 12


@dataclass(frozen=True)
class Mark:
    """One keypoint as a file has it: pixels from 0, and the name, "" where marks stand in order.

    labeled: False where the annotator said that it is not in the picture. visible: False where hidden.
    """

    x: float
    y: float
    name: str = ""
    visible: bool = True
    labeled: bool = True


@dataclass(frozen=True)
class MarkedFace:
    """The marks of one face.

    Attributes:
        image: the photograph's name in the file.
        marks: in the file's order.
        where: the face's place in the file, for who looks for it.
        size: width and height of the photograph, where the file states them.
        other_names: that the photograph may have here.
        box: of the face, where the file has one.
        box_source: who made it, UNNAMED where the file does not say.
    """

    image: str
    marks: tuple[Mark, ...]
    where: str
    size: tuple[int, int] | None = None
    other_names: tuple[str, ...] = ()
    box: Box | None = None
    box_source: str = UNNAMED


@dataclass
class LeftOut:
    """What a file has beside faces of keypoints: photographs without any, and shapes by their kinds."""

    photographs: int = 0
    shapes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """The shapes, to end a sentence; empty where there is none."""
        kinds = ", ".join(f"{count:,} {kind[:40]}" for kind, count in self.shapes.most_common())
        return kinds and f"shapes that are no points: {kinds}; draw each keypoint as a point"


def seen_by_twos(faces: Sequence[MarkedFace]) -> Sequence[MarkedFace]:
    """The faces of a file whose marks are hidden where it says 1: where 2 stands nowhere, that means seen."""
    if any(mark.visible for face in faces for mark in face.marks):
        return faces
    return [
        replace(face, marks=tuple(replace(mark, visible=mark.labeled) for mark in face.marks))
        for face in faces
    ]


def samples(
    root: Path, faces: Sequence[MarkedFace], places: Places, notes: Notes, left: LeftOut | None = None
) -> Iterator[FaceSample]:
    """The faces whose marks are a scheme's; what is no such face is noted as skipped.

    The names of all faces together say which keypoints there are: a face may lack some. Without names every
    face has as many marks as the first, in the scheme's order.

    Args:
        root: the file, for the notes.
        faces: all of it.
        places: where its photographs lie.
        notes: takes what is left out.
        left: what else is in it, for the notes.

    Raises:
        DataError: for a file without a face, and for names that are not those of a face.
    """
    left = left or LeftOut()
    if not faces:
        beside = f", but {left}" if left.shapes else ""
        raise DataError(f"{root} holds no face with keypoints{beside}{in_short(notes.skipped)}")
    names = _names(root, faces)
    take_told(root, names, notes)
    order = _order(root, names)
    seen, points, found = SeenRows(), len(names), list[FaceSample]()
    for number, face in enumerate(faces, 1):
        try:
            marks = _placed(face.marks, order) if order else face.marks
            points = points or len(marks)
            if len(marks) != points:
                raise ValueError(f"it has {len(marks)} keypoints where the others have {points}")
            scheme_of(points)
            sample = _sample(places.of(face.image, *face.other_names), marks, face)
            first = seen.first((face.image, sample.keypoints.tobytes()), number)
            if first != number:
                raise ValueError(f"the same face of {face.image} is {faces[first - 1].where} already")
        except ValueError as error:
            notes.skip(f"{root.name}: {face.where}", error)
            continue
        found.append(sample)
    yield from settled(root, found, notes)
    if missing := places.warning():
        notes.warn(missing)
    if order and order != names:
        notes.warn(
            f"{root}: keypoints are put in order by their names, which the file has as {_quoted(names)}"
        )
    if left.photographs:
        notes.warn(f"{root}: photographs without keypoints are left out: {left.photographs:,}")
    if left.shapes:
        notes.warn(f"{root}: left out are {left}")


def _names(root: Path, faces: Sequence[MarkedFace]) -> list[str]:
    """Every name once in the order of the file; none where the marks of each face share one.

    Raises DataError where some marks have names, and others stand in an order that is not known.
    """
    names = dict.fromkeys(mark.name for face in faces if not _is_in_order(face) for mark in face.marks)
    if names and ("" in names or any(map(_is_in_order, faces))):
        known = _quoted(list(filter(None, names)))
        raise DataError(
            f"{root}: some keypoints have names of their own ({known}) and others none; name each, or none"
        )
    return list(names)


def _is_in_order(face: MarkedFace) -> bool:
    """Whether its marks have no name, or that of the face."""
    names = {mark.name for mark in face.marks}
    return names == {""} or (len(names) == 1 and len(face.marks) > 1)


def take_told(
    root: Path, names: Sequence[str], notes: Notes, pairs: Sequence[tuple[int, int]] | None = None
) -> None:
    """Take the scheme that names tell where nothing else has as many points, and say what was taken.

    pairs: those that the file states beside names.

    Raises:
        DataError: for names that do not say which are left and right.
    """
    if not names or len(names) in SCHEMES:
        return
    try:
        scheme = adopt(told_scheme(names, pairs))
    except ValueError as error:
        raise DataError(
            f"{root}: {error}; describe the points in a file, given with --scheme (docs/guides/keypoints.md)"
        ) from None
    moved = [f"{names[i]} and {names[j]}" for i, j in enumerate(scheme.flip) if i < j]
    more = f", ... ({len(moved)} pairs)" if len(moved) > _QUOTED else ""
    told = "the names" if pairs is None else "the pairs"
    notes.warn(
        f"{root}: a scheme of its own is told from {told} of {len(names)} keypoints; in the mirror image "
        f"{', '.join(moved[:_QUOTED]) or 'none'}{more} change places; --scheme FILE.yaml adds lines and "
        "normalizers"
    )


def _order(root: Path, names: list[str]) -> list[str]:
    """The names in the scheme's order. Raises DataError where they are not a face's."""
    try:
        order = order_of(names, len(names)) if names else None
    except ValueError as error:
        raise DataError(f"{root}: {error}") from None
    return [names[place] for place in order] if order else names


def _placed(marks: Sequence[Mark], order: Sequence[str]) -> list[Mark]:
    own = {mark.name: mark for mark in marks}
    if len(own) < len(marks):
        names = [mark.name for mark in marks]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has '{twice[:40]}' twice; draw each face's points as a group of their own")
    return [own.get(name, Mark(0, 0, name, labeled=False)) for name in order]


def _sample(image: Path, marks: Sequence[Mark], face: MarkedFace) -> FaceSample:
    places = np.array([(mark.x, mark.y) for mark in marks], np.float64)
    labeled = np.array([mark.labeled for mark in marks])
    if not labeled.any():
        raise ValueError("no labeled keypoint")
    checked(places[labeled])
    keypoints = np.where(labeled[:, None], places, np.nan).astype(np.float32)
    visible = labeled & np.array([mark.visible for mark in marks])
    boxed = face.box is not None and usable(face.box)
    box = {"box": face.box, "box_source": face.box_source} if boxed else {}
    return FaceSample(image, keypoints, visible, stated_size=face.size, **box)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(name[:40] for name in names[:_QUOTED]) + (", ..." if len(names) > _QUOTED else "")
