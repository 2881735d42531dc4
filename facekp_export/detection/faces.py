"""One picture's faces: drawn on it, and as what JSON documents say of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facekp_train.draw import draw_keypoints
from facekp_train.landmarks import Scheme
from facekp_train.samples import Image

if TYPE_CHECKING:
    from facekp_export.detector import Face
    from facekp_export.tracking import TrackedFace


def drawn(image: Image, faces: Sequence[Face | TrackedFace], scheme: Scheme) -> Image:
    """A copy of the image with every face's box, the scheme's lines and its keypoints."""
    for face in faces:
        image = draw_keypoints(image, face.keypoints, scheme=scheme, box=face.box)
    return image


def face_document(face: Face | TrackedFace) -> dict[str, Any]:
    """Box, score, confidence and keypoints of a face; coordinates to 1/1000 pixel."""
    return {
        "box": [round(value, 3) for value in face.box],
        "score": round(face.score, 4),
        "confidence": None if face.confidence is None else round(face.confidence, 4),
        "keypoints": [[round(x, 3), round(y, 3)] for x, y in face.keypoints.tolist()],
    }
