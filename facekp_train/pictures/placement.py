"""How a video's container says that its pictures are to be shown, and in which codec they are.

FFmpeg knows both; OpenCV hands on the angle alone, so that a mirrored video comes out turned.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from facekp_train.landmarks import Doubles
from facekp_train.pictures.containers import (
    MATROSKA,
    element,
    elements,
    index_of,
    inside,
    matroska_segment,
    picture_tracks,
)

# By the signs of a display matrix, what x and y each become: EXIF's number of the same turn.
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}
# A matrix's entry that is smaller than this against its largest is no turn but rounding.
_NOTHING = 1e-3
_TRACKS, _TRACK, _VIDEO, _CODEC = 0x1654AE6B, 0xAE, 0xE0, 0x86
_PROJECTION, _POSE_YAW, _POSE_ROLL = 0x7670, 0x7673, 0x7675
# Where the matrix stands in a header of version 0 and 1; a track's is one field further on.
_MOVIE_MATRIX, _TRACK_MATRIX = {0: 36, 1: 48}, {0: 40, 1: 52}
_CODECS = {"av01": "AV1", "V_AV1": "AV1", "AV01": "AV1", "vvc1": "VVC", "vvi1": "VVC", "apv1": "APV"}
"""Names of codecs that not every OpenCV decodes, by the container's mark."""


def orientation_of(path: Path) -> int | None:
    """EXIF's number of how a video's pictures are shown.

    Args:
        path: a video file.

    Returns:
        1 to 8; None where the container is none that says it.

    Raises:
        OSError: where the file cannot be read.
        ValueError: without the path, for a turn by no quarter.
    """
    with path.open("rb") as file:
        matroska = file.read(4) == MATROSKA
        index = b"" if matroska else index_of(file)
    matrix = _pose(path) if matroska else _display_matrix(index)
    if matrix is None:
        return None
    largest = np.abs(matrix).max()
    signs = np.sign(np.where(np.abs(matrix) < _NOTHING * largest, 0, matrix)).astype(int)
    turn = _ORIENTATIONS.get((*map(int, signs.ravel()),))  # type: ignore[arg-type]
    if turn is None:
        raise ValueError("it is to be shown aslant, not turned by quarters; ffmpeg -i IN OUT.mp4 turns it")
    return turn


def codec_of(path: Path) -> str:
    """The name of the codec of a video's pictures, or the container's mark for it; "" where it has none."""
    with path.open("rb") as file:
        matroska = file.read(4) == MATROSKA
        index = b"" if matroska else index_of(file)
    if matroska:
        mark = element(_picture_element(path), _CODEC).rstrip(b"\0")
    else:
        track = next(iter(picture_tracks(index)), b"")
        mark = inside(track, b"mdia", b"minf", b"stbl", b"stsd")[12:16]
    text = mark.decode("ascii", "replace")
    return _CODECS.get(text, text if text.isprintable() else "")


def _display_matrix(index: bytes) -> Doubles | None:
    """The first picture track's 2 x 2 matrix of an MP4, the whole movie's applied after it."""
    track = next(iter(picture_tracks(index)), None)
    if track is None:
        return None
    own = _matrix(inside(track, b"tkhd"), _TRACK_MATRIX)
    whole = _matrix(inside(index, b"mvhd"), _MOVIE_MATRIX)
    return np.asarray(own @ whole, np.float64)


def _matrix(header: bytes, places: dict[int, int]) -> Doubles:
    """What stands in a header; that of an upright picture where it is cut short or all zero."""
    place = places.get(header[0] if header else 0, 40)
    rows = header[place : place + 20]
    if len(rows) < 20:
        return np.eye(2)
    a, b, _, c, d = struct.unpack(">5i", rows)
    matrix = np.array([[a, b], [c, d]], np.float64)
    return matrix if matrix.any() else np.eye(2)


def _pose(path: Path) -> Doubles | None:
    """The 2 x 2 matrix of a Matroska file: a yaw of 180 degrees mirrors, then roll turns to the left."""
    projection = element(_picture_element(path), _VIDEO, _PROJECTION)
    if not projection:
        return None
    yaw, roll = _float(element(projection, _POSE_YAW)), _float(element(projection, _POSE_ROLL))
    if abs(yaw) not in (0, 180) or not math.isfinite(roll):
        return np.eye(2)  # a panorama's pose, which is no turn of the picture
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    turned = np.array([[cosine, -sine], [sine, cosine]])
    mirrored = np.diag([-1.0 if yaw else 1.0, 1.0])
    return np.asarray(mirrored @ turned, np.float64)


def _picture_element(path: Path) -> bytes:
    """The first track of a Matroska file that has pictures; empty where there is none."""
    tracks = elements(element(matroska_segment(path), _TRACKS))
    return next((body for mark, body in tracks if mark == _TRACK and element(body, _VIDEO)), b"")


def _float(data: bytes) -> float:
    return float(struct.unpack(">f" if len(data) == 4 else ">d", data)[0]) if len(data) in (4, 8) else 0.0
