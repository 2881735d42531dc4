"""Pictures that people may pick: huge, turned by their EXIF orientation, animated, with several faces."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from tests.android.library.given import several
from tests.support.pictures.animated import KINDS, write_animated

_CORNERS = (30, 100, 170, 240)


def write_pictures(folder: Path) -> None:
    """Everything that PhotoTest picks."""
    several(folder / "several.png")
    cv2.imwrite(str(folder / "huge.png"), np.full((6250, 8000), 90, np.uint8))
    for kind in (*KINDS, "avif"):
        for name, frames in (("animated", 2), ("still", 1)):
            write_animated(folder / f"{name}.{kind}", frames)
    corners = np.array(_CORNERS, np.uint8).reshape(2, 2)
    picture = cv2.cvtColor(np.kron(corners, np.ones((16, 24), np.uint8)), cv2.COLOR_GRAY2BGR)
    plain = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    for orientation in range(1, 9):
        file = folder / f"turned-{orientation}.jpg"
        file.write_bytes(_with_orientation(plain, orientation))
        meant = cv2.imread(str(file))  # OpenCV heeds the orientation, as the toolkit does
        assert meant is not None
        cv2.imwrite(str(folder / f"meant-{orientation}.png"), meant)


def _with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
