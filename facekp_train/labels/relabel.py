"""A teacher labels photographs: all its keypoints, held to the points that a hand has placed.

Machine labels leave out hard faces and carry their maker's error. A careful net (averaged over
nets, boxes, tilts and the mirror) labels every face anew; where five points were placed by hand,
its answer is held to them, so that the teacher's own error there does not pass to the student
(noisy student, Xie et al., https://arxiv.org/abs/1911.04252).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.batches.face_store import Face
from facekp_train.batches.markings import fitted_offset
from facekp_train.boxes import tight_box_of
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.labels.averaging import AveragedNets
from facekp_train.labels.hold import hold_to_five, move_by_similarity
from facekp_train.metadata import FiveOffset
from facekp_train.samples import Box, FaceSample, evenly

# So few that a net's activations stay in the processor's cache: a third less time than with 32.
_BATCH = 8
# Faces that tell how a teacher's five lie to hand-placed ones.
_COMPARED = 500
# A teacher this far from the hand-placed five (share of the eye distance) has not found the face.
LARGEST_MISS = 0.25


@dataclass
class Labelled:
    """A face with the teacher's keypoints, and what is known of their quality.

    Attributes:
        sample: the face.
        size: the photograph's width and height in pixels.
        spread: standard deviation of the averaged answers, share of the crop's side.
        miss: mean distance of the teacher's five from the hand-placed five before it was held to them,
            share of the eye distance; None where there are none.
    """

    sample: FaceSample
    size: tuple[int, int]
    spread: float
    miss: float | None

    def facts(self) -> dict[str, Any]:
        """For the label file."""
        facts = {"spread": round(self.spread, 5)}
        return facts if self.miss is None else {**facts, "miss": round(self.miss, 4)}


def relabel(
    nets: AveragedNets,
    faces: Iterable[Face],
    skipped: list[dict[str, str]],
    five_offset: FiveOffset | None = None,
) -> Iterator[Labelled]:
    """Label every face.

    Args:
        nets: the teacher.
        faces: to label, in order.
        skipped: gets what cannot be read or was not found by the teacher, as {"file", "reason"}.
        five_offset: from the five that the teacher's keypoints imply to hand-placed ones
            (`teachers_offset`).

    Yields:
        The faces that were labeled.
    """
    for face, image, points, spread in answered(nets, faces, skipped):
        labelled = held(face, (image.shape[1], image.shape[0]), points, spread, five_offset)
        if not missed(labelled, skipped):
            yield labelled


def missed(labelled: Labelled, skipped: list[dict[str, str]]) -> bool:
    """Whether the teacher looked at something else than the face; then it is named.

    Args:
        labelled: the face.
        skipped: gets it.
    """
    if labelled.miss is None or labelled.miss <= LARGEST_MISS:
        return False
    reason = f"the teacher's five points are off by {labelled.miss:.0%} of the eye distance"
    skipped.append({"file": str(labelled.sample.image), "reason": reason})
    return True


def teachers_offset(nets: AveragedNets, faces: Sequence[Face]) -> FiveOffset | None:
    """The offset from the five that a teacher's keypoints imply to hand-placed ones.

    As its nets say; where one does not, as its answers on an even sample of the faces tell. The five of a
    net of five are the hand's own.

    Args:
        nets: the teacher.
        faces: with hand-placed five or without.

    Returns:
        None for a net of five, and where too few faces have hand-placed five.
    """
    if nets.five_offset is not None or nets.points == 5:
        return nets.five_offset
    by_hand = [face for face in faces if hand_placed(face) is not None]
    compared = [by_hand[i] for i in evenly(len(by_hand), _COMPARED)]
    pairs = [(hand_placed(face), points) for face, _, points, _ in answered(nets, compared, [])]
    return fitted_offset([(hand, points) for hand, points in pairs if hand is not None], nets.points)


_Answer = tuple[Face, NDArray[np.uint8], NDArray[np.float64], float]


def answered(nets: AveragedNets, faces: Iterable[Face], skipped: list[dict[str, str]]) -> Iterator[_Answer]:
    """Faces that can be read: with the photograph, the teacher's keypoints in it, and their spread.

    Args:
        nets: the teacher.
        faces: to look at, in order; a batch of photographs is in memory at a time.
        skipped: gets what cannot be read.
    """
    rest = iter(faces)
    while batch := list(islice(rest, _BATCH)):
        opened = [entry for face in batch if (entry := _open(face, skipped)) is not None]
        if not opened:
            continue
        answers, spreads = nets([image for _, image, _ in opened], [box for _, _, box in opened])
        for (face, image, _), points, spread in zip(opened, answers, spreads, strict=True):
            yield face, image, points, float(spread)


def _open(face: Face, skipped: list[dict[str, str]]) -> tuple[Face, NDArray[np.uint8], Box] | None:
    try:
        return face, read_image(face.sample.image), tight_box_of(face.sample)
    except (OSError, ValueError) as error:
        skipped.append({"file": str(face.sample.image), "reason": str(error)})
        return None


def held(
    face: Face,
    size: tuple[int, int],
    points: NDArray[np.float64],
    spread: float,
    offset: FiveOffset | None,
) -> Labelled:
    """A face with keypoints that a teacher gave it, held to what a hand has placed.

    Args:
        face: with the labels of its lists.
        size: the photograph's width and height in pixels.
        points: [N, 2] in pixels.
        spread: of the averaged answers.
        offset: from the five that `points` imply to hand-placed ones.
    """
    miss = None
    five = hand_placed(face)
    if five is not None:
        eyes = max(float(np.linalg.norm(five[1] - five[0])), 1.0)
        miss = float(np.linalg.norm(implied_five(points, offset=offset) - five, axis=1).mean()) / eyes
        points = hold_to_five(points, five, offset)
    elif face.points is not None and not face.derived:
        points = _completed(face.points.astype(np.float64), points)
    visible = np.ones(len(points), bool)
    sample = replace(face.sample, keypoints=points.astype(np.float32), visible=visible)
    return Labelled(sample, size, spread, miss)


def hand_placed(face: Face) -> NDArray[np.float64] | None:
    """The face's five [5, 2], where a list states them; the labels of a net of five are those."""
    is_stated = face.points is not None and len(face.points) == 5 and not face.derived
    stated = face.points if is_stated else face.five
    return None if stated is None or not np.isfinite(stated).all() else stated.astype(np.float64)


def _completed(stated: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The keypoints of a face of which some are known: the others by the teacher, moved onto those.

    Where all are known, it was the teacher's view that was asked for.
    """
    known = np.isfinite(stated).all(axis=1)
    if known.all() or not known.any():
        return points
    moved = move_by_similarity(points, points[known], stated[known]) if known.sum() > 1 else points
    return np.where(known[:, None], stated, moved)
