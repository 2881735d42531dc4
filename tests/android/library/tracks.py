"""Faces that move, cross, vanish and come back, as Python's tracker follows them, look by look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from facekp_export.finders.base import FoundFace
from facekp_export.tracking import VideoTracker
from facekp_train.boxes import BoxMapping, mapping_of
from facekp_train.landmarks import scheme_of
from facekp_train.samples import Box, Image

_FRAMES, _WIDTH, _HEIGHT = 24, 320, 240
# The shares of a face's box at which the points of a small scheme lie.
_SHAPE = np.array([[0.0, 0.1], [1.0, 0.1], [0.5, 0.5], [0.1, 1.0], [0.9, 1.0]])

Faces = list[tuple[float, float, float]]
"""Center x, center y and side of each face on a frame."""


def _crossing(step: int) -> Faces:
    if 11 <= step <= 14:  # one behind the other
        return [(60 + 8 * step, 110, 60)]
    return [(60 + 8 * step, 110, 60), (260 - 8 * step, 118 + step, 56)]


def _vanishing(step: int) -> Faces:
    return [(90 + 2 * step, 100 + step, 70)] if not 8 <= step < 15 else []


def _leaving(step: int) -> Faces:
    return [(200 + 9 * step, 120, 64), (70, 60 + 3 * step, 40 + step)]


def _swapping(step: int) -> Faces:
    return [(100, 120, 60)] if step < 10 else [] if step < 13 else [(150 + step, 130, 66), (60, 70, 50)]


_SCENES: dict[str, Callable[[int], Faces]] = {
    "crossing": _crossing, "vanishing": _vanishing, "leaving": _leaving, "swapping": _swapping,
}  # fmt: skip


class _Detector:
    """Answers a look with the nearest face's points and a little noise, and writes both down."""

    def __init__(self, seed: int) -> None:
        self.scheme, self.finder = scheme_of(19), self
        self.box_source = "blazeface"
        self.faces: Faces = []
        self.asked: list[dict[str, Any]] = []
        self.found: list[FoundFace] = []
        self._random = np.random.default_rng(seed)

    def mapping(self, source: str) -> BoxMapping:
        return mapping_of(source)

    def look(self, image: Image, boxes: Sequence[Box], *, mirrored: bool = False) -> list[np.ndarray]:
        answers = []
        for box in boxes:
            center = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2])
            away = [np.hypot(*(center - face[:2])) for face in self.faces] or [np.inf]
            near = int(np.argmin(away))
            lost = away[near] > 0.8 * box[2]
            x, y, side = (*center, box[2]) if lost else self.faces[near]
            noise = self._random.normal(0, 0.2 if lost else 0.004, _SHAPE.shape) * side
            points = ((_SHAPE - 0.5) * side + (x, y) + noise).round(3).astype(np.float32)
            answers.append(points)
            self.asked.append({"box": box, "mirrored": mirrored, "answer": points.ravel()})
        return answers

    def confidence(self, image: Image, answers: np.ndarray, box: Box) -> float:
        return 0.5

    def find(self, image: Image) -> list[FoundFace]:
        self.found = [FoundFace((x - s / 2, y - s / 2 - 2.5, s * 1.05, s), 0.9) for x, y, s in self.faces]
        return self.found


def tracks() -> list[dict[str, Any]]:
    """Every scene: by frame its time, the looks, the finder's faces where it was asked, the tracked faces."""
    frame = np.zeros((_HEIGHT, _WIDTH, 3), np.uint8)
    scenes = []
    for number, (name, faces_at) in enumerate(_SCENES.items()):
        detector = _Detector(number)
        tracker = VideoTracker(detector)  # type: ignore[arg-type]
        frames = []
        for step in range(_FRAMES):
            detector.faces, detector.asked, detector.found = faces_at(step), [], []
            seconds = step * 0.08 + (0.02 if step % 3 == 1 else 0)
            faces = [
                {"track": f.track, "keypoints": f.keypoints.ravel(), "score": f.score, "may_be": f.may_be}
                for f in tracker.update(frame, seconds)
            ]
            found = [[*face.box, face.score] for face in detector.found]
            frames.append({"seconds": seconds, "asked": detector.asked, "found": found, "faces": faces})
        scenes.append({"name": name, "width": _WIDTH, "height": _HEIGHT, "frames": frames})
    return scenes
