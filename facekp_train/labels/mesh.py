"""MediaPipe's face landmarker as a labeller: 68 of its 478 points.

The crop follows its own rule: a square of 1.5 times the box of all its points, turned so that the
outer eye corners lie level. The first one comes from points that are known already, the second from
its own answer (https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker).
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.console import UserError, require
from facekp_train.common.files import sha256_of
from facekp_train.common.guarded import refuse_harmful
from facekp_train.crop import apply_affine, sample_crop
from facekp_train.labels.level import level_square
from facekp_train.landmarks import Doubles, Floats
from facekp_train.samples import Image

# The mesh's points that stand where the 300W mark-up has its own, in its order; of two, their mean.
_JAW = (127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356)
_BROWS = (
    (70, 46),
    (63, 53),
    (105, 52),
    (66, 65),
    (107, 55),
    (336, 285),
    (296, 295),
    (334, 282),
    (293, 283),
    (300, 276),
)
_NOSE = (168, 197, (5, 195), 4, 75, 97, 2, 326, 305)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, (405, 321), 314, 17, 84, (181, 91))
_INNER_LIPS = (78, 82, 13, 312, 308, 317, 14, 87)
_PLACES = (*_JAW, *_BROWS, *_NOSE, *_EYES, *_OUTER_LIPS, *_INNER_LIPS)
MESH_OF_68 = np.array([place if isinstance(place, tuple) else (place, place) for place in _PLACES])
"""int [68, 2]: indices of the mesh."""

_POINTS, _MEMBER = 478, "face_landmarks_detector.tflite"
_CROP_SCALE = 1.5
# The mesh reaches up to the hair: its box over that of 68 points, in sides of the latter's longer one.
_GROWTH, _RISE = 1.16, 0.11
_OUTER_CORNERS_OF_68, _OUTER_CORNERS = (36, 45), (33, 263)
# Below this the landmarker itself holds that there is no face.
_LEAST_PRESENCE = 0.5


class MeshLabeller:
    """A landmarker's file, opened.

    Args:
        path: its .tflite, or MediaPipe's .task that holds it.

    Attributes:
        kind: as `--also` names it.
        path: its file.
        sha256: of the file.
        sees_jaw: False: its outline follows another definition than the 300W mark-up's.
        is_reference: False: its points are not the 300W mark-up's.
        counts_where_it_agrees: False: it fails rarely, and says so.

    Raises:
        UserError: where the file is missing, or is no such model.
    """

    kind = "mesh"
    sees_jaw = False
    is_reference = False
    counts_where_it_agrees = False

    def __init__(self, path: Path) -> None:
        require("train", "ai_edge_litert")
        self.path = path
        self.sha256 = sha256_of(path)
        try:
            refuse_harmful(path, f"{__name__}:open_once", ("ai-edge-litert", "numpy"))
        except ValueError as error:
            raise UserError(str(error)) from None
        self._interpreter = _opened(path)
        self._input = self._interpreter.get_input_details()[0]
        outputs = self._interpreter.get_output_details()
        self._landmarks = next(o["index"] for o in outputs if np.prod(o["shape"]) == _POINTS * 3)
        self._presence = next(
            o["index"] for o in outputs if len(o["shape"]) == 4 and np.prod(o["shape"]) == 1
        )

    def __call__(self, image: Image, points: Floats) -> Doubles:
        """Its 68 points of one face.

        Args:
            image: uint8 [H, W, 3] RGB.
            points: [68, 2] in pixels, where the face was found.

        Returns:
            float64 [68, 2] in pixels; NaN where it sees no face.
        """
        first = self._look(image, level_square(points, _OUTER_CORNERS_OF_68, _GROWTH * _CROP_SCALE, _RISE))
        if not np.isfinite(first).all():
            return first[:68]
        return self._look(image, level_square(first, _OUTER_CORNERS, _CROP_SCALE))[MESH_OF_68].mean(axis=1)

    def _look(self, image: Image, matrix: Doubles) -> Doubles:
        """All its points [478, 2] in pixels, through one crop."""
        size = int(self._input["shape"][1])
        crop = sample_crop(image, matrix, size).astype(np.float32) / 255
        self._interpreter.set_tensor(self._input["index"], crop[None])
        self._interpreter.invoke()
        presence = float(self._interpreter.get_tensor(self._presence).ravel()[0])
        if 1 / (1 + np.exp(-presence)) < _LEAST_PRESENCE:
            return np.full((_POINTS, 2), np.nan)
        found = self._interpreter.get_tensor(self._landmarks).reshape(_POINTS, 3)[:, :2]
        return apply_affine(matrix, found / size)


def open_once(path: Path) -> None:
    """Open a landmarker and run it on a gray crop. Raises UserError where it is none."""
    interpreter = _opened(path)
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.full(detail["shape"], 0.5, detail["dtype"]))
    interpreter.invoke()


def _opened(path: Path) -> Any:
    """An interpreter with its tensors allocated."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=_content(path), num_threads=1)
        interpreter.allocate_tensors()
        sizes = {int(np.prod(o["shape"])) for o in interpreter.get_output_details()}
        if not {1, _POINTS * 3} <= sizes:
            raise ValueError("outputs")
    except (ValueError, RuntimeError, zipfile.BadZipFile):
        raise UserError(
            f"{path} is not MediaPipe's face landmarker of {_POINTS} points; give face_landmarker.task or "
            f"the {_MEMBER} inside"
        ) from None
    return interpreter


def _content(path: Path) -> bytes:
    """The model's bytes, taken out of a .task where it is one; a .tflite with metadata is a zip too."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            if _MEMBER in bundle.namelist():
                return bundle.read(_MEMBER)
    return path.read_bytes()
