"""What one of BlazeFace's nets answers for a view: its anchors and decoding.

Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from facekp_train.crop import Square
from facekp_train.landmarks import Doubles, Floats

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
    sha256: str

    @property
    def least_logit(self) -> float:
        """What the threshold is before the sigmoid."""
        return math.log(self.threshold / (1 - self.threshold))

    @functools.cache  # noqa: B019 (there are two of them)
    def anchors(self) -> Doubles:
        """Centers [K, 2] in [0, 1], row by row."""
        maps = []
        for stride, count in self.cells:
            centers = (np.arange(self.size // stride) + 0.5) * stride / self.size
            grid = np.stack(np.meshgrid(centers, centers), axis=-1).reshape(-1, 2)
            maps.append(np.repeat(grid, count, axis=0))
        return np.concatenate(maps)


SHORT_RANGE = Variant(
    "face_detection_short_range.tflite", "blazeface", 128, ((8, 2), (16, 6)), 0.5,
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
)  # fmt: skip
FULL_RANGE = Variant(
    "face_detection_full_range_sparse.tflite", "blazeface-full", 192, ((4, 1),), 0.6,
    "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Glance:
    """What a net says of one view.

    Attributes:
        variant: the net.
        view: in pixels of the photograph.
        logits: float32 [K], one an anchor.
        boxes: float32 [K, 4], relative to the anchors, in pixels of the view.
    """

    variant: Variant
    view: Square
    logits: Floats
    boxes: Floats

    def candidates(self) -> Candidates:
        """Everything above the threshold, before suppression."""
        (likely,) = np.nonzero(self.logits >= self.variant.least_logit)
        logits = self.logits[likely].clip(-_LOGIT_LIMIT, _LOGIT_LIMIT).astype(np.float64)
        scores = 1 / (1 + np.exp(-logits))
        raw = self.boxes[likely].astype(np.float64) / self.variant.size
        centers = self.view.to_image(raw[:, :2] + self.variant.anchors()[likely])
        return np.hstack([centers, raw[:, 2:] * self.view.side]), scores
