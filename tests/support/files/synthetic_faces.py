"""Faces that need no trained model: five colored discs, and a model that finds them in a crop."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.metadata import ModelInfo
from facekp_train.boxes import box_mappings
from facekp_train.crop import CropRule
from facekp_train.landmarks import flip_keypoints, scheme_of

# Each disc lights its own part of the color cube, so that a crop's pixel belongs to one at most.
COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))
# Eyes, nose tip, mouth corners, in units of the eye distance around the nose.
SHAPE = np.array([(-0.5, -0.6), (0.5, -0.6), (0.0, 0.0), (-0.4, 0.5), (0.4, 0.5)])


def draw_face(image: NDArray[np.uint8], center: tuple[float, float], eyes: float) -> NDArray[np.float64]:
    """Draw one face of that eye distance; its keypoints [5, 2] in pixels."""
    points = SHAPE * eyes + center
    for (x, y), color in zip(points, COLORS, strict=True):
        place = round(float(x) * 256), round(float(y) * 256)
        cv2.circle(image, place, round(eyes * 0.12 * 256), color, cv2.FILLED, cv2.LINE_AA, 8)
    return points


def _info(name: str, points: int) -> ModelInfo:
    mappings = dict(box_mappings())
    return ModelInfo(name, scheme_of(points), "float32", CropRule(), mappings, "0" * 64, "none")


class DiscModel:
    """Stands in for a KeypointModel: each keypoint is the centroid of its color in the crop."""

    def __init__(self) -> None:
        self.info = ModelInfo(
            "discs", scheme_of(5), "float32", CropRule(), dict(box_mappings()), "0" * 64, "none"
        )
        self.calls = 0

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += 1
        return np.array([[_centroid(crop, color) for color in COLORS] for crop in crops], np.float32)


class OvalModel:
    """Stands in for a 68-point model: all points on the ellipse inside the crop's white rectangle.

    Where the rectangle fills less than 60 % of the crop the answer is off by 4 % of the crop, as a
    net is less sure of a face that it was not trained to see that small.
    """

    def __init__(self) -> None:
        self.info = ModelInfo(
            "oval", scheme_of(68), "float32", CropRule(), dict(box_mappings()), "0" * 64, "none"
        )

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        circle = np.column_stack([np.cos(angles), np.sin(angles)]) / 2
        answers = []
        for crop in crops:
            rows, columns = np.nonzero(crop.min(axis=2) > 127)
            low = np.array([columns.min(initial=128), rows.min(initial=128)])
            high = np.array([columns.max(initial=0), rows.max(initial=0)]) + 1
            off = 0.04 if (high - low).max() < 0.6 * len(crop) else 0.0
            answers.append((low + high) / 2 / len(crop) + circle * (high - low) / len(crop) + off)
        return np.array(answers, np.float32)


class UnsureModel:
    """Stands in for a 68-point model that is asked about one face after another, two looks each.

    It answers with one and the same shape, which is its own mirror image, each point of each look thrown
    off by that face's own noise (standard deviation, in crops), so that errors are planted.
    """

    def __init__(self, noise: Sequence[float] | NDArray[np.float64], looks: int = 2, seed: int = 0) -> None:
        self.info = _info("unsure", 68)
        self.noise, self.looks, self.calls = noise, looks, 0
        self._random = np.random.default_rng(seed)
        shape = np.random.default_rng(0).random((68, 2))
        shape += flip_keypoints(shape, scheme=self.info.scheme)
        # Filling the crop as the rule has it, so that a second look is at the same square.
        shape -= (shape.max(axis=0) + shape.min(axis=0)) / 2
        self.shape = 0.5 + shape / np.ptp(shape, axis=0) / self.info.crop.scale

    def predict(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        noise = self.noise[self.calls // self.looks]
        self.calls += 1
        return (self.shape + self._random.normal(0, noise, (len(crops), 68, 2))).astype(np.float32)


def _centroid(crop: NDArray[np.uint8], color: tuple[int, int, int]) -> tuple[float, float]:
    """In [0, 1] of the crop; its middle where the color is absent, as a net also answers something."""
    lit = np.array(color) > 0
    weights = crop[:, :, lit].min(axis=2).astype(float) - crop[:, :, ~lit].max(axis=2)
    weights = np.clip(weights, 0, None)
    if weights.sum() == 0:
        return 0.5, 0.5
    share = (np.arange(len(crop)) + 0.5) / len(crop)
    return float(weights.sum(0) @ share / weights.sum()), float(weights.sum(1) @ share / weights.sum())
