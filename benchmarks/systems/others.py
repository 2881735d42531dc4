"""dlib's predictor and MediaPipe's mesh as what is measured: crops to points, one look a crop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.runtimes import open_runtime
from facekp_train.crop import CropRule
from facekp_train.labels.mesh import MESH_OF_68
from facekp_train.labels.shape_predictor import opened_predictor, predictor_box
from facekp_train.landmarks import Scheme, scheme_of
from facekp_train.metadata import FiveOffset
from facekp_train.samples import Crops, Predict

_DLIB = CropRule(size=320, scale=2.0)
_MESH_POINTS = (468, 478)
_MESH_SCALE, _MARGIN = 1.74, 1 / 16
"""Side of the mesh's crop over the 68 points' box; it lies higher by the margin."""


@dataclass(frozen=True)
class Looks:
    """What measuring takes: points of crops, how these are cut, the mark-up, its way to hand-placed five.

    refine: whether a second crop is looked at, around the first answer.
    """

    predict: Predict
    rule: CropRule
    scheme: Scheme
    five_offset: FiveOffset | None
    refine: bool = True


def predict_of_dlib(path: Path, five_offset: FiveOffset | None) -> Looks:
    """From a box as its own detector gives it around a face in the crop's middle.

    One look: around its own answer a second one errs by more than 10 % on three times as many of MTFL's
    validation faces (10.1 % for 3.0 %), and the mean by 7.03 % for 3.75 %.
    """
    predictor, size = opened_predictor(path), _DLIB.size
    reach = size / _DLIB.scale / 2
    box = predictor_box(np.array([[size / 2 - reach] * 2, [size / 2 + reach] * 2]))

    def predict(crops: Crops) -> NDArray[np.float32]:
        shapes = [[(part.x, part.y) for part in predictor(crop, box).parts()] for crop in crops]
        return (np.array(shapes, np.float32) + 0.5) / size

    return Looks(predict, _DLIB, scheme_of(68), five_offset, refine=False)


def predict_of_mesh(path: Path, five_offset: FiveOffset | None) -> Looks | None:
    """68 of its points; None for a file that is no mesh of faces."""
    runtime = open_runtime(path)
    (given,) = runtime.inputs
    sizes = [int(np.prod(spec.shape)) for spec in runtime.outputs]
    at = next((place for place, size in enumerate(sizes) if size in [3 * n for n in _MESH_POINTS]), None)
    if at is None:
        return None
    side = given.shape[1]
    margin = round(_MARGIN * side)
    size = side + 2 * margin

    def predict(crops: Crops) -> NDArray[np.float32]:
        answers = []
        for crop in crops:
            view = crop[:side, margin : margin + side].astype(np.float32) / 255
            runtime.set_inputs([view[None]])
            runtime.invoke()
            points = runtime.results()[at].reshape(-1, 3)[MESH_OF_68, :2].mean(axis=1)
            answers.append((points + np.array([margin, 0])) / size)
        return np.array(answers, np.float32)

    return Looks(predict, CropRule(size=size, scale=_MESH_SCALE * size / side), scheme_of(68), five_offset)
