"""The training faces, decoded once: generous views in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.batches.views import SIDE, Views, views_of
from facekp_train.boxes import tight_box_of
from facekp_train.crop import CropRule, Square, sample_crop
from facekp_train.images import read_image
from facekp_train.landmarks import Doubles, Floats, five_matrix, implies_five, to_five
from facekp_train.samples import FaceSample, Image

# A stored view shows this many times the crop, so that shifts and turns stay inside it, at a
# resolution at which a crop of 128 loses nothing visible.
_MARGIN = 1.7


@dataclass
class Face:
    """One face with the labels of every list that knows it.

    Attributes:
        sample: the face, and its photograph.
        points: [N, 2] in pixels of the image.
        five: [5, 2] in pixels of the image.
        derived: the number of keypoints of another scheme from which `points` follow; a list that states
            them is believed more. 0 where one does.
        fives: of a net of five, what each marking says of the five, by its number of keypoints; 5 for
            those that a list states.
    """

    sample: FaceSample
    points: NDArray[np.float32] | None
    five: NDArray[np.float32] | None
    derived: int = 0
    fives: dict[int, NDArray[np.float32]] = field(default_factory=dict)


def gather_faces(samples: Iterable[FaceSample], points: int) -> list[Face]:
    """Faces for a net, where one image's labels from several lists become one face.

    Labels with `points` keypoints count whole, others through their five. A net of five learns from the
    five that other schemes imply, where none were placed. The same face is the one whose five points lie
    within 30 % of the eye distance; without a map to the five, whose keypoints lie within a tenth of their
    extent.

    Args:
        samples: of all lists.
        points: keypoints of the net.

    Raises:
        ValueError: for a scheme that cannot teach the net.
    """
    faces: list[Face] = []
    by_image: dict[Path, list[Face]] = {}
    for sample in samples:
        face = _labelled(sample, points)
        known = next((f for f in by_image.get(sample.image, ()) if _same(f, face)), None)
        if known is None:
            faces.append(face)
            by_image.setdefault(sample.image, []).append(face)
            continue
        if known.points is None and face.points is not None:
            # The tight box comes from the whole face where it is labelled.
            boxed = known.sample if known.sample.box is not None else face.sample
            known.sample = replace(face.sample, box=boxed.box, box_source=boxed.box_source)
            known.points = face.points
        elif known.derived and face.points is not None and not face.derived:
            known.points, known.derived = face.points, 0
        elif known.sample.box is None and face.sample.box is not None:
            known.sample = replace(known.sample, box=face.sample.box, box_source=face.sample.box_source)
        known.five = face.five if known.five is None else known.five
        known.fives = face.fives | known.fives
    return faces


def _labelled(sample: FaceSample, points: int) -> Face:
    count = len(sample.keypoints)
    if count == points:
        fives = {5: sample.keypoints} if points == 5 else {}
        return Face(sample, sample.keypoints, None, fives=fives)
    try:
        if points == 5:
            implied = np.asarray(to_five(sample.keypoints), np.float32)
            return Face(sample, implied, None, derived=count, fives={count: implied})
        if count != 5:
            raise ValueError("no map between these markings is known")
        five_matrix(points)
    except ValueError:
        raise ValueError(
            f"{sample.image}: a net of {points} points cannot learn from {count} points; train one of {count}"
        ) from None
    return Face(sample, None, sample.keypoints)


def _same(a: Face, b: Face) -> bool:
    counts = len(a.sample.keypoints), len(b.sample.keypoints)
    if not all(map(implies_five, counts)):
        return counts[0] == counts[1] and _alike(a.sample.keypoints, b.sample.keypoints)
    first, second = (f.five if f.five is not None else to_five(f.sample.keypoints) for f in (a, b))
    eyes = max(float(np.linalg.norm(first[1] - first[0])), 1.0)
    return float(np.linalg.norm(first - second, axis=1).mean()) < 0.3 * eyes


def _alike(first: Floats, second: Floats) -> bool:
    """Whether the keypoints that both know lie within a tenth of their extent."""
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if not known.any():
        return False
    extent = max(float(np.ptp(first[known], axis=0).max()), 1.0)
    return float(np.linalg.norm(first[known] - second[known], axis=1).mean()) < 0.1 * extent


class FaceStore:
    """Views and labels of many faces as arrays.

    Args:
        faces: what to read.
        points: keypoints N of the net.
        rule: how faces are cropped.
        prefer_listed: crop around the data set's boxes where there are some.
        on_face: called after each face that was read, or could not be.

    Attributes:
        views: of the faces, on disk.
        points: float32 [F, N, 2], [0, 1] of the plain crop; known where points_known [F, N] says so.
        five: float32 [F, 5, 2], [0, 1] of the plain crop; known where five_known [F, 5] says so.
        skipped: what could not be used.
        size: faces that could; the arrays' rows beyond it are empty.
    """

    def __init__(
        self,
        faces: list[Face],
        points: int,
        rule: CropRule,
        prefer_listed: bool = False,
        on_face: Callable[[], None] = lambda: None,
    ) -> None:
        self.rule = rule
        self.skipped: list[dict[str, str]] = []
        self.views: Views = views_of(len(faces))
        self.points = np.zeros((len(faces), points, 2), np.float32)
        self.five = np.zeros((len(faces), 5, 2), np.float32)
        self.points_known = np.zeros((len(faces), points), bool)
        self.five_known = np.zeros((len(faces), 5), bool)
        count = 0
        for face, loaded in _in_order(faces, lambda f: _load(f, rule, prefer_listed)):
            on_face()
            if isinstance(loaded, Exception):
                self.skipped.append({"file": str(face.sample.image), "reason": str(loaded)})
                continue
            self.views[count], square = loaded
            for labels, known, target in (
                (face.points, self.points_known, self.points),
                (face.five, self.five_known, self.five),
            ):
                if labels is not None:
                    finite = np.isfinite(labels).all(axis=1)
                    known[count] = finite
                    target[count][finite] = square.to_crop(labels[finite])
            count += 1
        self.size = count

    def view(self, index: int, matrix: Doubles) -> Image:
        """Read a crop of one face.

        Args:
            index: its place in the store.
            matrix: [2, 3] from the crop's [0, 1] to the plain crop's [0, 1].

        Returns:
            uint8 [S, S, 3].
        """
        # The stored view spans the plain crop's middle +- margin / 2.
        into = np.array(matrix)
        into[:, 2] += (_MARGIN - 1) / 2
        into *= SIDE / _MARGIN
        into[:, 2] -= 0.5
        return sample_crop(self.views[index], into, self.rule.size, self.rule.border)


def _load(face: Face, rule: CropRule, prefer_listed: bool) -> tuple[Image, Square]:
    image = read_image(face.sample.image)
    square = rule.square(tight_box_of(face.sample, prefer_listed))
    wide = Square(square.x, square.y, square.side * _MARGIN)
    return sample_crop(image, wide.matrix(), SIDE, rule.border), square


_View = tuple[Image, Square]


def _in_order(faces: list[Face], load: Callable[[Face], _View]) -> Iterator[tuple[Face, _View | Exception]]:
    """Load with a few threads (OpenCV lets go of Python's lock), few in flight, in order."""

    def attempt(face: Face) -> _View | Exception:
        try:
            return load(face)
        except (OSError, ValueError, cv2.error) as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        rest = iter(faces)
        while chunk := list(islice(rest, 256)):
            yield from zip(chunk, pool.map(attempt, chunk), strict=True)
