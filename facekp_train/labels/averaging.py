"""The best answer that nets can give when time does not matter: over several nets and crops.

Each face is seen through several boxes, tilts and in the mirror; the answers, brought back to the
photograph, are averaged. Used by the teacher that labels photographs, not on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facekp_train.boxes import refined_box
from facekp_train.crop import CropRule, apply_affine, sample_crop
from facekp_train.landmarks import flip_keypoints
from facekp_train.metadata import FiveOffset
from facekp_train.networks.checkpoint import Checkpoint
from facekp_train.samples import Box


@dataclass(frozen=True)
class CropVariant:
    """One way to crop a face.

    Attributes:
        scale: the crop's side as a share of the rule's.
        tilt: in degrees.
    """

    scale: float = 1.0
    tilt: float = 0.0


VARIANTS = (
    CropVariant(),
    CropVariant(scale=0.93),
    CropVariant(scale=1.08),
    CropVariant(tilt=8.0),
    CropVariant(tilt=-8.0),
)


class AveragedNets:
    """Several checkpoints of one scheme as one careful predictor.

    Args:
        checkpoints: at least one.
        variants: the ways in which each face is cropped.

    Attributes:
        scheme: of the answers.
        points: number of its keypoints.
        five_offset: from the five that the answers imply to hand-placed ones; None where a net has none.

    Raises:
        ValueError: where their schemes differ, or there is none.
    """

    def __init__(self, checkpoints: Sequence[Checkpoint], variants: Sequence[CropVariant] = VARIANTS) -> None:
        schemes = {checkpoint.header.scheme.name for checkpoint in checkpoints}
        if len(schemes) != 1:
            stated = " and ".join(sorted(schemes)) or "none"
            raise ValueError(f"averaged nets must share one scheme, not {stated}; give nets of one scheme")
        self.scheme = checkpoints[0].header.scheme
        self.points = self.scheme.points
        self.five_offset = _mean_offset([checkpoint.header.five_offset for checkpoint in checkpoints])
        self._checkpoints = checkpoints
        self._variants = variants

    def __call__(
        self, images: Sequence[NDArray[np.uint8]], tights: Sequence[Box]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The averaged keypoints of faces.

        A plain first look takes the boxes anew, as the detector's refinement does; the second sees every
        variant.

        Args:
            images: uint8 [H, W, 3] RGB, a face each.
            tights: their tight boxes, x, y, width, height in pixels.

        Returns:
            Keypoints [F, N, 2] in pixels, and their spread [F]: the answers' standard deviation as a
            share of the crop's side, a measure of doubt.
        """
        points, _ = self._average(images, tights, (CropVariant(),))
        boxes = [refined_box(p, box) for p, box in zip(points, tights, strict=True)]
        return self._average(images, boxes, self._variants)

    def _average(
        self, images: Sequence[NDArray[np.uint8]], tights: Sequence[Box], variants: Sequence[CropVariant]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        answers, sides = [], np.ones(len(tights))
        for checkpoint in self._checkpoints:
            rule = checkpoint.header.crop_rule
            sides = np.array([rule.square(tight).side for tight in tights])
            for variant in variants:
                matrices = [_matrix(rule, tight, variant) for tight in tights]
                crops = np.stack(
                    [sample_crop(i, m, rule.size, rule.border) for i, m in zip(images, matrices, strict=True)]
                )
                answers += [
                    [apply_affine(m, p) for m, p in zip(matrices, points, strict=True)]
                    for points in _both_ways(checkpoint, crops)
                ]
        stacked = np.array(answers)
        spread = stacked.std(axis=0).mean(axis=(1, 2)) / sides
        return stacked.mean(axis=0), spread


def _mean_offset(offsets: Sequence[FiveOffset | None]) -> FiveOffset | None:
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(offsets):
        return None
    return tuple((float(right), float(down)) for right, down in np.mean(known, axis=0))


def _matrix(rule: CropRule, tight: Box, variant: CropVariant) -> NDArray[np.float64]:
    """2 x 3 map from the variant's [0, 1] to pixels of the photograph."""
    square = rule.square(tight)
    side, angle = square.side * variant.scale, np.radians(variant.tilt)
    turn = side * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, np.array([square.x, square.y]) - turn @ (0.5, 0.5)])


def _both_ways(checkpoint: Checkpoint, crops: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Answers [F, N, 2] in [0, 1] of the crops, from them and from their mirror images."""
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    plain, mirror = checkpoint.predict(crops), checkpoint.predict(mirrored)
    return [plain, np.asarray(flip_keypoints(mirror, scheme=checkpoint.header.scheme), np.float32)]
