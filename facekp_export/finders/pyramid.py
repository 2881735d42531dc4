"""A photograph at every scale, so that many views of it are cheap to read."""

from __future__ import annotations

import cv2
import numpy as np

from facekp_train.crop import Square, sample_crop
from facekp_train.samples import Image

# Halving ends below twice this side: no net's view is smaller.
_SMALLEST = 128


class Pyramid:
    """A photograph and its halvings, made once.

    Args:
        image: uint8 [H, W, 3].
    """

    def __init__(self, image: Image) -> None:
        self._levels = [image]
        while max(self._levels[-1].shape[:2]) >= 2 * _SMALLEST:
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

    def shrunk(self, ratio: float) -> Image:
        """The whole photograph, each side `ratio` times as long, at least a pixel."""
        size = max(1, round(ratio * self.width)), max(1, round(ratio * self.height))
        level = int(np.clip(np.log2(1 / ratio), 0, len(self._levels) - 1))
        # Between one and two of the level's pixels become one: bilinear reading leaves none out.
        return np.asarray(cv2.resize(self._levels[level], size, interpolation=cv2.INTER_LINEAR), np.uint8)
