"""Labels from several systems: the nets' answers, others' beside them, one shape held to the hand's five.

Labels by one net inherit its errors, and systems that were trained apart err apart. What is fused is the
shape alone: where five points were placed by hand, it is moved onto them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.batches.face_store import Face
from facekp_train.batches.markings import fitted_offset
from facekp_train.labels.averaging import AveragedNets
from facekp_train.labels.fuse import FEWEST_FACES, GROUPS, POINTS, Fusion, fuse, moved, point_offset
from facekp_train.labels.labellers import Labeller
from facekp_train.labels.relabel import LARGEST_MISS, Labelled, answered, hand_placed, held, missed
from facekp_train.landmarks import Doubles, to_five
from facekp_train.metadata import FiveOffset

_NETS = "nets"


@dataclass(frozen=True)
class FusedLabels:
    """The labels, and what is known of those who gave them.

    Attributes:
        labelled: the faces, in order.
        facts: for the label file: the labellers with their files, constant differences (right and down
            in eye distances) and the share of the faces in which each group of theirs was heard; from
            whom the differences were measured; the fused labels' five_offset.
    """

    labelled: list[Labelled]
    facts: dict[str, Any]


@dataclass
class _Answers:
    """Of all faces that could be read."""

    faces: list[Face]
    sizes: list[tuple[int, int]]
    spreads: list[float]
    points: dict[str, list[NDArray[np.float32]]]

    def of(self, kind: str) -> Doubles:
        """[F, 68, 2]."""
        return np.array(self.points[kind], np.float64).reshape(-1, POINTS, 2)


def fused_labels(
    nets: AveragedNets,
    others: Sequence[Labeller],
    faces: Sequence[Face],
    skipped: list[dict[str, str]],
    advance: Callable[[], None] = lambda: None,
) -> FusedLabels:
    """Label every face by all of them.

    Args:
        nets: of 68 points; they find the face for the others.
        others: at least one.
        faces: to label.
        skipped: gets what cannot be read or was not found, as {"file", "reason"}.
        advance: called after each face.
    """
    answers = _look(nets, others, faces, skipped, advance)
    hands = [hand_placed(face) for face in answers.faces]
    names = [_NETS, *(labeller.kind for labeller in others)]
    given = {name: _without_misses(answers.of(name), hands) for name in names}
    source, reference = _reference(answers, given, others)
    offsets = {name: point_offset(points, reference) for name, points in given.items()}
    shapes = {name: moved(points, offsets[name]) for name, points in given.items()}
    for labeller in others:
        if not labeller.sees_jaw:
            shapes[labeller.kind][:, GROUPS["jaw"]] = np.nan
    fusion = fuse(list(shapes.values()), [False, *(labeller.counts_where_it_agrees for labeller in others)])
    pairs = [(hand, shape) for hand, shape in zip(hands, fusion.points, strict=True) if hand is not None]
    five_offset = fitted_offset(pairs, POINTS)
    facts = {
        "labellers": [
            {
                "kind": name,
                **({"file": known.path.name, "sha256": known.sha256} if known else {}),
                "heard": _shares(fusion, place),
                "offset": offsets[name].round(5).tolist(),
            }
            for place, (name, known) in enumerate(zip(names, [None, *others], strict=True))
        ],
        "offsets_from": source,
        "five_offset": None if five_offset is None else [list(pair) for pair in five_offset],
    }
    return FusedLabels(_held(answers, fusion.points, five_offset, skipped), facts)


def _look(
    nets: AveragedNets,
    others: Sequence[Labeller],
    faces: Sequence[Face],
    skipped: list[dict[str, str]],
    advance: Callable[[], None],
) -> _Answers:
    """What everyone says of every face; photographs are read once and not kept."""
    names = (_NETS, *(labeller.kind for labeller in others))
    seen = _Answers([], [], [], {name: [] for name in names})
    for face, image, points, spread in answered(nets, faces, skipped):
        seen.faces.append(face)
        seen.sizes.append((image.shape[1], image.shape[0]))
        seen.spreads.append(spread)
        seen.points[_NETS].append(points.astype(np.float32))
        for labeller in others:
            seen.points[labeller.kind].append(labeller(image, points).astype(np.float32))
        advance()
    return seen


def _without_misses(points: Doubles, hands: Sequence[Doubles | None]) -> Doubles:
    """Answers, NaN where their five are so far from the hand's that another face was looked at."""
    elsewhere = [
        hand is not None and _miss(p, hand) > LARGEST_MISS for p, hand in zip(points, hands, strict=True)
    ]
    return np.where(np.array(elsewhere, bool)[:, None, None], np.nan, points)


def _miss(points: Doubles, five: Doubles) -> float:
    """Mean distance of the five that points imply from a hand's, share of the eye distance."""
    eyes = max(float(np.linalg.norm(five[1] - five[0])), 1.0)
    return float(np.linalg.norm(to_five(points) - five, axis=1).mean()) / eyes


def _reference(
    answers: _Answers, given: dict[str, Doubles], others: Sequence[Labeller]
) -> tuple[str, Doubles]:
    """Whose mark-up the labels are in, and its points [F, 68, 2]: a labeller of it, the data, or the nets."""
    for labeller in others:
        if labeller.is_reference:
            return labeller.kind, given[labeller.kind]
    stated = np.full_like(given[_NETS], np.nan)
    for row, face in zip(stated, answers.faces, strict=True):
        if face.points is not None and len(face.points) == POINTS:
            row[:] = face.points
    if np.isfinite(stated).all(axis=(1, 2)).sum() >= FEWEST_FACES:
        return "data", stated
    return _NETS, given[_NETS]


def _shares(fusion: Fusion, system: int) -> dict[str, float]:
    """In how many of the faces each group was heard."""
    heard = fusion.counted[system].mean(axis=0)
    return {group: round(float(share), 4) for group, share in zip(GROUPS, heard, strict=True)}


def _held(
    answers: _Answers, fused: Doubles, five_offset: FiveOffset | None, skipped: list[dict[str, str]]
) -> list[Labelled]:
    """The shapes, held to what a hand has placed; where nobody looked at the face, it is named."""
    labelled = []
    for face, size, spread, shape in zip(answers.faces, answers.sizes, answers.spreads, fused, strict=True):
        if not np.isfinite(shape).all():
            reason = f"every labeler's five points are off by over {LARGEST_MISS:.0%} of the eye distance"
            skipped.append({"file": str(face.sample.image), "reason": reason})
        elif not missed(one := held(face, size, shape, spread, five_offset), skipped):
            labelled.append(one)
    return labelled
