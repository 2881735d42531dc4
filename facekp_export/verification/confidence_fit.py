"""The scale of a model's confidence, from labelled faces that it looks at as the detector does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from facekp_export.detector import Face, KeypointDetector
from facekp_export.inference.confidence import fit_scale, scatter_at
from facekp_export.inference.metadata import ModelInfo
from facekp_export.inference.runtimes import KeypointModel
from facekp_export.quantization.calibration import Faces
from facekp_train.boxes import tight_box_of
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import Answers
from facekp_train.images import read_image
from facekp_train.samples import FaceSample, Predict, evenly

FACES = 400


@dataclass(frozen=True)
class _Net:
    """All of a model that a detector with given boxes needs."""

    info: ModelInfo
    predict: Predict


def fitted_scale(predict: Predict, info: ModelInfo, faces: Faces) -> float | None:
    """The scale of confidence that holds on a data set's faces, each refined once from its listed box.

    Errors are over the data's first normaliser, as everywhere in `evaluate`.

    Args:
        predict: from crops to keypoints.
        info: of the model.
        faces: the data set, open or as `FORMAT:PATH`; up to 400 of its faces, spread over it.

    Returns:
        The scale; None where too few faces are usable, all are good or none is, their markup cannot be
        compared with the model's, or its keypoints do not tell a box to refine.
    """
    detector = KeypointDetector(cast(KeypointModel, _Net(info, predict)))
    samples = list(open_dataset(faces) if isinstance(faces, str) else faces)
    answers, scatters = Answers(scheme=info.scheme), []
    for place in evenly(len(samples), FACES):
        try:
            face = _look(detector, samples[place])
        except (OSError, ValueError):
            # A few unreadable photographs do no harm; too few faces fit nothing.
            continue
        if face.confidence is None:
            return None
        answers.samples.append(samples[place])
        answers.predicted.append(face.keypoints.astype(np.float64))
        answers.sides.append(1.0)
        scatters.append(scatter_at(face.confidence, info.confidence_scale))
    try:
        evaluation = answers.score()
    except ValueError:
        return None
    return fit_scale([scatters[place] for place in evaluation.counted], evaluation.errors.tolist())


def _look(detector: KeypointDetector, sample: FaceSample) -> Face:
    image = read_image(sample.image)
    if sample.box is not None:
        return detector.detect(image, [sample.box], sample.box_source)[0]
    return detector.detect(image, [tight_box_of(sample)])[0]
