"""OpenCV's bundled face cascades, for comparison and where BlazeFace is not wanted.

The frontal cascade looks first; where it sees nothing, the profile cascade looks at the photograph
and at its mirror image. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facekp_export.finders.base import FoundFace, suppressed
from facekp_train.common.console import UserError
from facekp_train.landmarks import Doubles
from facekp_train.samples import Image

# Larger photographs are shrunk to this side: the cascade's time grows with the area.
_LARGEST = 1024
_SMALLEST_FACE = 24
_STEP = 1.1
_NEIGHBORS = 4


class HaarFaces:
    """Frontal, then profile faces. Upright ones only; scores are no probabilities, but rank."""

    box_source = "haar"

    def __init__(self) -> None:
        """Raises UserError where this OpenCV was built without its data files."""
        self._frontal = _cascade("haarcascade_frontalface_alt2.xml")
        self._profile = _cascade("haarcascade_profileface.xml")

    def __reduce__(self) -> tuple[type[HaarFaces], tuple[()]]:
        """Pickled and copied as what opens OpenCV's files anew."""
        return type(self), ()

    def find(self, image: Image) -> list[FoundFace]:
        """See `FaceFinder.find`."""
        ratio = min(1.0, _LARGEST / max(image.shape[:2]))
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if ratio < 1:
            gray = cv2.resize(gray, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        gray = cv2.equalizeHist(gray)
        boxes, scores = _seen(self._frontal, gray)
        if not len(boxes):
            boxes, scores = self._turned(gray)
        rows = (boxes / ratio).tolist()
        faces = [FoundFace((x, y, w, h), score) for (x, y, w, h), score in zip(rows, scores, strict=True)]
        return suppressed(faces)

    def _turned(self, gray: cv2.typing.MatLike) -> tuple[Doubles, list[float]]:
        """The profile cascade knows one side only."""
        boxes, scores = _seen(self._profile, gray)
        mirrored, more = _seen(self._profile, np.ascontiguousarray(gray[:, ::-1]))
        mirrored[:, 0] = gray.shape[1] - mirrored[:, 0] - mirrored[:, 2]
        return np.concatenate([boxes, mirrored]), scores + more


def _cascade(name: str) -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    cascade = cv2.CascadeClassifier(str(Path(folder, name))) if folder else cv2.CascadeClassifier()
    if cascade.empty():
        raise UserError(f"this OpenCV lacks {name}; install the wheel: pip install opencv-python")
    return cascade


def _seen(cascade: cv2.CascadeClassifier, gray: cv2.typing.MatLike) -> tuple[Doubles, list[float]]:
    """Boxes [K, 4] in the picture's pixels, and the last stage's margin squeezed into 0 to 1."""
    smallest = (_SMALLEST_FACE, _SMALLEST_FACE)
    boxes, _, margins = cascade.detectMultiScale3(
        gray, _STEP, _NEIGHBORS, minSize=smallest, outputRejectLevels=True
    )
    scores = [max(float(margin), 0.0) / (abs(float(margin)) + 10) for margin in np.ravel(margins)]
    return np.array(boxes, np.float64).reshape(-1, 4), scores
