"""What every data set yields: one annotated face. Imports neither torch nor tensorflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.images import read_packed

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels; x, y is the top-left corner."""


@dataclass(frozen=True)
class FaceSample:
    """One face of one photograph.

    image: the photograph's path, which may lead into a file that holds many (`facekp_train.images`).
    keypoints: float32 [N, 2], pixels from 0, x then y. visible: bool [N]; False where the annotator
    said hidden. box: where a detector (or the list) saw the face, None where the data set has no
    boxes; box_source names who made it (`facekp_train.boxes`). attributes: further facts of the list,
    such as MTFL's pose.
    """

    image: Path
    keypoints: NDArray[np.float32]
    visible: NDArray[np.bool_]
    box: Box | None = None
    box_source: str = "tight"
    attributes: dict[str, str] = field(default_factory=dict)


def read_image(path: Path) -> NDArray[np.uint8]:
    """The photograph as uint8 [H, W, 3] RGB, turned upright by its EXIF orientation.

    Raises OSError, in one sentence, for a file that is missing, empty or no image; UserError where
    a library to read the file that it lies in is missing.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        if isinstance(error, NotADirectoryError) and (packed := read_packed(path)) is not None:
            return packed
        raise OSError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        raise OSError(f"{path}: states a size beyond what can be read") from None
    if image is None:
        raise OSError(f"{path}: not an image that can be read, or cut short")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
