"""Pictures and annotations in the true formats, made on the spot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from facekp_train.landmarks import scheme_of

# Of the demo photo, cut to 256 x 256.
FACE_68 = np.array(
    [
        (82, 99), (81, 111), (82, 124), (83, 137), (87, 149), (95, 159),
        (104, 168), (114, 176), (126, 179), (138, 177), (148, 170), (158, 162),
        (166, 152), (171, 140), (173, 128), (175, 116), (176, 103), (91, 93),
        (98, 88), (106, 87), (114, 89), (121, 93), (139, 93), (147, 90),
        (155, 89), (162, 91), (168, 96), (130, 102), (129, 111), (129, 119),
        (129, 128), (118, 130), (123, 132), (128, 134), (133, 133), (138, 131),
        (100, 100), (106, 97), (112, 98), (117, 102), (111, 102), (106, 101),
        (142, 103), (147, 99), (154, 99), (159, 102), (154, 103), (148, 104),
        (105, 139), (113, 138), (122, 138), (128, 140), (134, 139), (142, 139),
        (150, 141), (142, 152), (134, 156), (127, 156), (120, 155), (112, 150),
        (107, 140), (121, 141), (128, 142), (134, 142), (148, 142), (134, 150),
        (127, 150), (121, 149),
    ],
    float,
)  # fmt: skip


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


# Where the demo photo's face has what a keypoint's name begins with, the first that fits.
_AT = {
    "left_brow": 19, "right_brow": 24, "left_eye": 37, "right_eye": 44, "left_pupil": 37, "right_pupil": 44,
    "left_mouth": 48, "right_mouth": 54, "left_ear": 0, "right_ear": 16, "left_nos": 31, "right_nos": 35,
    "nos": 30, "chin": 8, "jaw": 8, "mouth": 62, "upper_lip": 51, "lower_lip": 57, "inner_lips": 62,
}  # fmt: skip
_CORNERS = {"outer_lips_0": 48, "outer_lips_6": 54}


def face_like(points: int, seed: int = 0) -> np.ndarray:
    """Keypoints [N, 2] of any scheme within 0 to 1, roughly the demo photo's, each time others."""
    rng = np.random.default_rng(seed)
    whole = (FACE_68 - FACE_68.min(axis=0)) / np.ptp(FACE_68, axis=0).max()
    if points != 68:
        corners = [_CORNERS.get(name) for name in scheme_of(points).names]
        known = [
            next((at for start, at in _AT.items() if name.startswith(start)), 62)
            for name in scheme_of(points).names
        ]
        whole = whole[[at if corner is None else corner for corner, at in zip(corners, known, strict=True)]]
    return whole * 0.9 + rng.random((points, 2)) * 0.04 + rng.random(2) * 0.05


def face(points: int = 68, seed: int = 0) -> np.ndarray:
    return (face_like(points, seed) * 30).round(3)


def annotated(folder: Path, name: str, points: int = 68, seed: int = 0) -> None:
    picture(folder / name)
    points_file((folder / name).with_suffix(".pts"), face(points, seed))


def spec_of(name: str, root: Path) -> str:
    return f"{name}:{root}"
