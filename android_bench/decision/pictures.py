"""The faces that a model errs on most, with its keypoints and the labelled ones, small enough for a page."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from android_bench.decision.accuracy import WorstFace
from android_bench.reports.svg import text_of
from facekp_train.crop import CropRule, cut
from facekp_train.draw import draw_keypoints
from facekp_train.images import read_image
from facekp_train.samples import Box

_SIDE = 240
_LABEL = (255, 96, 64)


def overlay(face: WorstFace) -> str:
    """The picture as HTML: labeled keypoints orange, the model's green. OSError for a lost photograph."""
    truth = face.sample.keypoints.astype(np.float64)
    known = truth[np.isfinite(truth).all(axis=1)]
    both = np.concatenate([known, face.predicted])
    rule = CropRule(size=_SIDE, scale=1.3)
    square = rule.square(_around(both))
    canvas = cut(read_image(face.sample.image), square, rule)
    canvas = draw_keypoints(canvas, square.to_crop(truth) * _SIDE, dot=_LABEL, line=_LABEL)
    canvas = draw_keypoints(canvas, square.to_crop(face.predicted) * _SIDE, scheme=face.scheme)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    words = f"{face.error:.1f} %, {face.sample.image.name}"
    code = base64.b64encode(data.tobytes()).decode("ascii")
    return (
        f'<figure><img src="data:image/jpeg;base64,{code}" width="{_SIDE}" height="{_SIDE}" '
        f'alt="{text_of(words)}"><figcaption>{text_of(words)}</figcaption></figure>'
    )


def _around(points: NDArray[np.float64]) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
