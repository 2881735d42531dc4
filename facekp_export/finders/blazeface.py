"""BlazeFace, MediaPipe's face detectors, through LiteRT.

The nets lie in `nets`, whose NOTICE says where they come from. Anchors, decoding and weighted
suppression follow the published graphs face_detection.pbtxt, face_detection_short_range.pbtxt and
face_detection_full_range.pbtxt of
https://github.com/google-ai-edge/mediapipe/tree/master/mediapipe/modules/face_detection and the
paper https://arxiv.org/abs/1907.05047. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facekp_export.finders.base import FoundFace, overlap, overlapping, suppressed
from facekp_export.finders.pyramid import Pyramid
from facekp_export.finders.tiles import TILE_ON_MASK, Mask, covering, hiding_places, least_score, tile_sides
from facekp_export.inference.flatbuffer import BLAZEFACE
from facekp_export.inference.runtimes import open_runtime
from facekp_train.boxes import mapping_of
from facekp_train.common.console import UserError
from facekp_train.common.files import package_file, sha256_of
from facekp_train.crop import Square
from facekp_train.landmarks import Doubles
from facekp_train.samples import Image

# Candidates that overlap by more than this share of their union are one face.
_SAME_FACE = 0.3
# Beyond this the sigmoid is flat; a damaged file's scores cannot overflow it.
_LOGIT_LIMIT = 100.0

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

    @property
    def least_logit(self) -> float:
        """What the threshold is before the sigmoid."""
        return math.log(self.threshold / (1 - self.threshold))

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


class BlazeNet:
    """One net, looking at one square view of a photograph at a time."""

    def __init__(self, variant: Variant, threads: int = 1) -> None:
        """Raises UserError where the net's file is missing, ValueError where it is another net's."""
        self.variant = variant
        file = blazeface_file(variant.file)
        if sha256_of(file) != BLAZEFACE[variant.file]:
            raise ValueError(f"{file}: not the BlazeFace net of that name; reinstall facekp")
        self._runtime = open_runtime(file, threads)
        self._anchors = variant.anchors()
        wanted = [(1, len(self._anchors), 16), (1, len(self._anchors), 1)]
        shapes = [spec.shape for spec in self._runtime.outputs]
        self._boxes, self._scores = (shapes.index(shape) for shape in wanted)

    def look(self, photo: Pyramid, view: Square) -> Candidates:
        """Everything above the threshold in a view of the photograph, before suppression."""
        return self.see(photo.read(view, self.variant.size), view)

    def see(self, crop: Image, view: Square) -> Candidates:
        """Everything above the threshold in a view that was read."""
        self._runtime.set_inputs([(crop.astype(np.float32) / 127.5 - 1)[None]])
        self._runtime.invoke()
        results = self._runtime.results()
        logits = results[self._scores][0, :, 0]
        (likely,) = np.nonzero(logits >= self.variant.least_logit)
        if not len(likely):
            return np.empty((0, 4)), np.empty(0)
        logits = logits[likely].clip(-_LOGIT_LIMIT, _LOGIT_LIMIT).astype(np.float64)
        scores = 1 / (1 + np.exp(-logits))
        raw = results[self._boxes][0, likely, :4].astype(np.float64) / self.variant.size
        centers = view.to_image(raw[:, :2] + self._anchors[likely])
        return np.hstack([centers, raw[:, 2:] * view.side]), scores


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
    """Both nets: looks at the whole photograph, from farther away, and at tiles where small faces could hide.

    Boxes of both come in the short-range net's convention.

    Attributes:
        smallest_face: the side in pixels of faces to be found for sure, on tiles as small as they need;
            None looks as far as most photographs warrant (`finders.tiles`).
    """

    box_source = SHORT_RANGE.box_source
    parts = 3

    def __init__(self, threads: int = 1) -> None:
        """Raises UserError where BlazeFace's files are missing."""
        self._short, self._full = BlazeNet(SHORT_RANGE, threads), BlazeNet(FULL_RANGE, threads)
        self.smallest_face: float | None = None

    def find(self, image: Image) -> list[FoundFace]:
        """See `FaceFinder.find`."""
        return self._find(image, (0, 1))

    def find_part(self, image: Image, part: int) -> list[FoundFace]:
        """See `FindsInParts.find_part`: the whole is looked at each time, tiles around one strip of it."""
        return self._find(image, (part / self.parts, (part + 1) / self.parts))

    def _find(self, image: Image, strip: tuple[float, float]) -> list[FoundFace]:
        """Look at tiles around a strip across the image, from and to shares of its longer side."""
        photo, whole = Pyramid(image), whole_view(image)
        looks = [
            self._short.look(photo, whole),
            # A face that fills the frame is seen only with some room around it.
            self._short.look(photo, Square(whole.x, whole.y, 2 * whole.side)),
        ]
        for side in tile_sides(photo.width, photo.height, self.smallest_face):
            found = [(face.box, face.score) for face in _merged_looks(looks)]
            mask = hiding_places(photo, side, found)
            _keep_strip(mask, strip)
            looks += self._looks_at_tiles(photo, side, mask)
        faces = _merged_looks(looks)
        # The short-range net's boxes vary less around the keypoints: the other only adds faces.
        added = merged(*as_short_range(self._full.look(photo, whole)))
        known = [face.box for face in faces]
        faces += [face for face in added if not overlapping(face.box, known)]
        return sorted(faces, key=lambda face: -face.score)

    def _looks_at_tiles(self, photo: Pyramid, side: float, mask: Mask) -> list[Candidates]:
        """Looks at tiles of one side that cover the places of a mask."""
        size = SHORT_RANGE.size
        places = list(covering(mask))
        if not places:
            return []
        level = photo.shrunk(size / side)
        least = least_score(max(photo.width, photo.height), side)
        looks = []
        for place in places:
            left, top = (round(edge * size / TILE_ON_MASK) for edge in place)
            view = level_view(photo, level, left, top, size)
            seen = self._short.see(part_of(level, left, top, size), view)
            if len(seen[1]):  # most tiles show none
                looks.append(sure_and_inside(seen, view, least))
        return looks


def _keep_strip(mask: Mask, strip: tuple[float, float]) -> None:
    """Clear a mask beyond a strip across it, from and to shares of its longer side."""
    along = mask if mask.shape[0] >= mask.shape[1] else mask.T
    start, end = (round(share * len(along)) for share in strip)
    along[:start] = 0
    along[end:] = 0


def blazeface_file(name: str) -> Path:
    """Where a net's file lies. Raises UserError where the installation has lost it."""
    file = package_file("facekp_export.finders", "nets", name)
    if not file.is_file():
        raise UserError(f"BlazeFace's file {file} is missing; reinstall facekp")
    return file


def whole_view(image: Image) -> Square:
    """The smallest square around the photograph."""
    height, width = image.shape[:2]
    return Square((width - 1) / 2, (height - 1) / 2, float(max(height, width)))


def part_of(level: Image, left: int, top: int, size: int) -> Image:
    """A square of a picture as uint8 [size, size, 3], black where it reaches beyond."""
    height, width = level.shape[:2]
    part = np.zeros((size, size, 3), np.uint8)
    x, y = max(left, 0), max(top, 0)
    right, bottom = min(left + size, width), min(top + size, height)
    part[y - top : bottom - top, x - left : right - left] = level[y:bottom, x:right]
    return part


def level_view(photo: Pyramid, level: Image, left: int, top: int, size: int) -> Square:
    """Where a square of a shrunk copy lies on the photograph."""
    across, down = photo.width / level.shape[1], photo.height / level.shape[0]
    side = size * max(photo.width, photo.height) / max(level.shape[:2])
    return Square((left + size / 2) * across - 0.5, (top + size / 2) * down - 0.5, side)


def sure_and_inside(candidates: Candidates, view: Square, least: float) -> Candidates:
    """A tile's candidates of at least that score, without those that its edge cuts."""
    boxes, scores = candidates
    reach = np.abs(boxes[:, :2] - (view.x, view.y)) + boxes[:, 2:] / 2
    good = (reach <= view.side / 2).all(axis=1) & (scores >= least)
    return boxes[good], scores[good]


def as_short_range(candidates: Candidates) -> Candidates:
    """The full-range net's boxes as the short-range net would have drawn them."""
    full, short = mapping_of(FULL_RANGE.box_source), mapping_of(SHORT_RANGE.box_source)
    boxes, scores = candidates[0].copy(), candidates[1]
    growth = full.scale / short.scale
    boxes[:, :2] += boxes[:, 2:] * (full.dx - growth * short.dx, full.dy - growth * short.dy)
    boxes[:, 2:] *= growth
    return boxes, scores


def _merged_looks(looks: Sequence[Candidates]) -> list[FoundFace]:
    boxes, scores = (np.concatenate(column) for column in zip(*looks, strict=True))
    return merged(boxes, scores)


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
