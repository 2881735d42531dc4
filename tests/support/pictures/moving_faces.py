"""Frames of moving faces, cut from the demo photo that travels with the project."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from facekp_export.demo import demo_face
from facekp_train.samples import Image

SIDE = 80
"""Pixels from one side of a pasted face to the other."""


@lru_cache(maxsize=1)
def face_cutout() -> Image:
    """The demo photo's face with some room around it, uint8 [S, S, 3], SIDE being the tight box's."""
    photo, (x, y, width, height) = demo_face()
    side = max(width, height)
    left, top, span = round(x - 0.35 * side), round(y - 0.6 * side), round(1.7 * side)
    cut = photo[top : top + span, left : left + span]
    size = round(1.7 * SIDE)
    return np.asarray(cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def scene(*places: tuple[float, float], size: tuple[int, int] = (240, 360), noise: int = 0) -> Image:
    """A frame [H, W, 3] with a face at each center (x, y), the last in front; elsewhere a soft pattern."""
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    frame = np.stack([90 + 30 * np.sin(rows / 17), 100 + 30 * np.cos(columns / 23), 80 + rows * 0.2], -1)
    cutout = face_cutout().astype(np.float32)
    span = len(cutout)
    across = np.linspace(-1, 1, span)
    mask = np.clip(6 * (1 - np.hypot(across[:, None], across)), 0, 1).astype(np.float32)
    for x, y in places:
        move = np.array([[1, 0, x - span / 2], [0, 1, y - span / 2]], np.float64)
        alpha = cv2.warpAffine(mask, move, (width, height))[..., None]
        frame = frame * (1 - alpha) + cv2.warpAffine(cutout, move, (width, height)) * alpha
    if noise:
        frame += np.random.default_rng(noise).normal(0, 4, frame.shape)
    return np.clip(frame, 0, 255).astype(np.uint8)


def write_video(path: Path, frames: list[Image], rate: float = 25.0, codec: str = "mp4v") -> Path:
    """Write frames as a video."""
    size = frames[0].shape[1::-1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), rate, size)  # type: ignore[attr-defined]
    assert writer.isOpened()
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()
    return path


def numbered(count: int) -> list[np.ndarray]:
    """Frames [48, 256, 3] with a bright bar whose place says their number."""
    frames = [np.full((48, 256, 3), 40, np.uint8) for _ in range(count)]
    for number, frame in enumerate(frames):
        frame[:, 6 * number : 6 * number + 6] = 220
    return frames
