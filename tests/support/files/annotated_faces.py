"""Pictures and annotations in the true formats, made on the spot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def picture(path: Path, width: int = 40, height: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix may be one that OpenCV does not know in capitals.
    good, data = cv2.imencode(path.suffix.lower(), np.full((height, width, 3), 90, np.uint8))
    assert good
    path.write_bytes(data.tobytes())
    return path


def points_file(
    path: Path, keypoints: np.ndarray, form: str = "version: 1\nn_points: {}\n{{\n{}\n}}\n"
) -> Path:
    """A `.pts` file of keypoints that count from 0; the file counts from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"{x + 1:.6f} {y + 1:.6f}" for x, y in keypoints.tolist())
    path.write_text(form.format(len(keypoints), rows))
    return path


def face(points: int = 68, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((points, 2)) * 30).round(3)


def annotated(folder: Path, name: str, points: int = 68, seed: int = 0) -> None:
    picture(folder / name)
    points_file((folder / name).with_suffix(".pts"), face(points, seed))


def spec_of(name: str, root: Path) -> str:
    return f"{name}:{root}"
