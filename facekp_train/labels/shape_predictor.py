"""dlib's 68-point shape predictor as a labeller.

It starts from a face box as dlib's own detector gives it. That box follows from points that are known
already, in a view that is turned so that the eyes lie level; the answers from two such boxes, one of
them in the mirror, are averaged (http://dlib.net/face_landmark_detection.py.html).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.console import UserError, require
from facekp_train.common.files import sha256_of
from facekp_train.crop import apply_affine, invert_affine, sample_crop, tight_box
from facekp_train.labels.level import level_square
from facekp_train.landmarks import Doubles, Floats, flip_keypoints
from facekp_train.samples import Image

_POINTS = 68
_OUTER_CORNERS = (36, 45)
# The view's side over the longer side of the points' box, and in pixels.
_VIEW_SCALE, _VIEW = 2.0, 320
# dlib's detector on faces of MTFL's training list: its box over the box of the 68 points, and how far
# its center lies above theirs, in the longer side of the latter.
_BOX_SCALE, _RISE = 1.04, 0.09
# Two starts: the box a little smaller, and a little larger in the mirror.
_STARTS = ((0.96, False), (1.04, True))


class ShapePredictor:
    """A predictor's file, opened.

    Args:
        path: the .dat file of 68 points.

    Attributes:
        kind: as `--also` names it.
        path: its file.
        sha256: of the file.
        sees_jaw: True: its outline is the 300W mark-up's.
        is_reference: True: it was trained on 300W.
        counts_where_it_agrees: True: its median is the best and its tail heavy.

    Raises:
        UserError: where dlib is not installed, or the file is missing or no such predictor.
    """

    kind = "dlib"
    sees_jaw = True
    is_reference = True
    counts_where_it_agrees = True

    def __init__(self, path: Path) -> None:
        require("labels", "dlib")
        self.path = path
        self.sha256 = sha256_of(path)
        self._predictor = opened_predictor(path)

    def __call__(self, image: Image, points: Floats) -> Doubles:
        """Its 68 points of one face.

        Args:
            image: uint8 [H, W, 3] RGB.
            points: [68, 2] in pixels, where the face was found.

        Returns:
            float64 [68, 2] in pixels.
        """
        matrix = level_square(points, _OUTER_CORNERS, _VIEW_SCALE)
        view = sample_crop(image, matrix, _VIEW)
        known = apply_affine(invert_affine(matrix), points) * _VIEW - 0.5
        answers = [self._look(view, known, scale, mirror) for scale, mirror in _STARTS]
        return apply_affine(matrix, (np.mean(answers, axis=0) + 0.5) / _VIEW)

    def _look(self, view: Image, known: Doubles, scale: float, mirror: bool) -> Doubles:
        """Its points [68, 2] in pixels of the view, from one box."""
        if mirror:
            view, known = np.ascontiguousarray(view[:, ::-1]), flip_keypoints(known, _VIEW - 1)
        found = self._predictor(view, predictor_box(known, scale))
        points = np.array([(part.x, part.y) for part in found.parts()], np.float64)
        return flip_keypoints(points, _VIEW - 1) if mirror else points


def predictor_box(known: Doubles, scale: float = 1.0) -> Any:
    """dlib's rectangle as its detector gives it around known points [N, 2], times a scale."""
    x, y, width, height = tight_box(known)
    longer = max(width, height)
    half = longer * _BOX_SCALE * scale / 2
    center_x, center_y = x + width / 2, y + height / 2 - _RISE * longer
    sides = (center_x - half, center_y - half, center_x + half, center_y + half)
    return rectangle(sides)


def rectangle(sides: tuple[float, float, float, float]) -> Any:
    """dlib's rectangle of left, top, right and bottom, in pixels."""
    return _dlib().rectangle(*(round(float(side)) for side in sides))


def opened_predictor(path: Path) -> Any:
    """dlib's predictor. Raises UserError for a file that is none of 68 points."""
    refusal = f"{path} is not dlib's predictor of 68 points; give shape_predictor_68_face_landmarks.dat"
    try:
        predictor = _dlib().shape_predictor(str(path))
    except RuntimeError:
        raise UserError(refusal) from None
    blank = predictor(np.zeros((8, 8, 3), np.uint8), _dlib().rectangle(0, 0, 7, 7))
    if blank.num_parts != _POINTS:
        raise UserError(refusal)
    return predictor


def _dlib() -> Any:
    """The package, which tells type checkers nothing of what is in it."""
    return import_module("dlib")
