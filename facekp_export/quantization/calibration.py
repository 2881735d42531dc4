"""Crops to measure with: some set the ranges of quantized files, others verify every file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facekp_export.demo import demo_face
from facekp_export.quantization.distilled_crops import distilled_crops
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import UserError, warn
from facekp_train.crop import CropRule, apply_affine, cut, sample_crop
from facekp_train.datasets import Dataset, open_dataset
from facekp_train.datasets.reading.notes import in_short, print_skipped
from facekp_train.images import read_image
from facekp_train.samples import Crops, evenly

Faces = str | Dataset
"""A data set as `FORMAT:PATH`, or open, which may be limited."""

CALIBRATION_CROPS = 200
VERIFICATION_CROPS = 64
_FEWEST = 20


@dataclass(frozen=True)
class CropSets:
    """Crops to measure with, uint8 [B, S, S, 3] RGB.

    Attributes:
        calibration: they set the ranges of quantized files.
        verification: others.
        source: where they come from, for the manifest.
    """

    calibration: Crops
    verification: Crops
    source: str


def crop_sets(faces: Faces | None, rule: CropRule) -> CropSets:
    """Crops of a data set's faces, spread over it; without one, crops that anyone may have.

    Those are views of the demo photo and, for calibration alone, the distilled crops.

    Args:
        faces: the data set, open or as `FORMAT:PATH`, or None.
        rule: how faces are cropped.

    Raises:
        ValueError: for an unknown data set.
        UserError: for one with too few readable faces.
    """
    wanted = CALIBRATION_CROPS + VERIFICATION_CROPS
    distilled = distilled_crops(rule.size)[: 0 if faces else CALIBRATION_CROPS // 8]
    if faces is None:
        crops = demo_views(rule, wanted - len(distilled))
        source = "views of the demo photo and distilled crops"
    else:
        dataset = open_dataset(faces) if isinstance(faces, str) else faces
        crops, source = _face_crops(dataset, rule, wanted), f"{dataset.spec.partition(':')[0]} faces"
    verifies = np.zeros(len(crops), bool)
    share = VERIFICATION_CROPS / (wanted - len(distilled))
    verifies[evenly(len(crops), max(1, round(share * len(crops))))] = True
    calibration = np.concatenate([crops[~verifies], distilled])
    return CropSets(with_full_range(calibration), crops[verifies], source)


def demo_views(rule: CropRule, count: int) -> Crops:
    """Seeded augmented views of the demo photo's face: turned, shifted, recolored, blurred, covered.

    Args:
        rule: how the face is cropped.
        count: how many views.

    Returns:
        uint8 [count, S, S, 3] RGB.
    """
    from facekp_train.batches.augment import Augmentation, photometric, random_view
    from facekp_train.common.recipes import preset

    augmentation = Augmentation(**preset("modern")["augmentation"])
    image, tight = demo_face()
    square = rule.square(tight).matrix()
    random = np.random.default_rng(0)
    views = []
    for index in range(count):
        view = random_view(random, augmentation, rule.scale)
        # First into the plain crop's [0, 1], then into the photograph.
        corner = apply_affine(square, view[:, 2])
        matrix = np.column_stack([square[:, :2] @ view[:, :2], corner])
        crop = photometric(sample_crop(image, matrix, rule.size, rule.border), random, augmentation)
        views.append(crop[:, ::-1] if index % 2 else crop)
    return np.stack(views)


def _face_crops(dataset: Dataset, rule: CropRule, wanted: int) -> Crops:
    samples = list(dataset)
    for warning in dataset.warnings:
        warn(warning)
    crops = []
    for index in evenly(len(samples), wanted):
        sample = samples[index]
        try:
            crops.append(cut(read_image(sample.image), rule.square(tight_box_of(sample)), rule))
        except (OSError, ValueError) as error:
            # A few unreadable images do no harm; too many are counted below.
            dataset.skip(str(sample.image), str(error))
    if len(crops) < _FEWEST:
        raise UserError(
            f"{dataset.spec} gave {len(crops)} usable faces and calibration needs {_FEWEST} or more; name a "
            "larger data set, or leave --calibration out to use views of the demo photo"
            f"{in_short(dataset.skipped)}"
        )
    print_skipped(dataset.skipped)
    return np.stack(crops)


def with_full_range(crops: Crops) -> Crops:
    """The same crops with a black and a white pixel: an int8 input's scale is then exactly 1 / 128."""
    crops = crops.copy()
    crops[0, 0, 0], crops[0, 0, 1] = 0, 255
    return crops
