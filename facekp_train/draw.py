"""Keypoints and face boxes drawn on photographs, and contact sheets of them.

Everything is drawn on a copy of a uint8 [H, W, 3] RGB image, at sub-pixel positions, with strokes
that grow with the face. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.common.files import written_aside
from facekp_train.landmarks import SCHEMES, Scheme
from facekp_train.samples import Box, Image

Color = tuple[int, int, int]

DOT: Color = (64, 255, 128)
LINE: Color = (0, 176, 255)
HIDDEN: Color = (255, 96, 64)
FRAME: Color = (255, 208, 64)
LEFT: Color = (64, 255, 128)
RIGHT: Color = (255, 64, 255)
MIDDLE: Color = (240, 240, 240)
_EDGE: Color = (16, 16, 16)

# OpenCV draws at sub-pixel positions given in fixed point with this many binary digits.
_SHIFT = 6
# Beyond this its fixed-point coordinates overflow; a point that far away is off every photograph.
_FARTHEST = 30_000


def draw_keypoints(
    image: Image,
    keypoints: NDArray[np.floating],
    *,
    scheme: Scheme | None = None,
    visible: NDArray[np.bool_] | None = None,
    box: Box | None = None,
    dot: Color = DOT,
    line: Color = LINE,
    sides: bool = False,
) -> Image:
    """Draw one face's keypoints, its contours and its box.

    Args:
        image: uint8 [H, W, 3] RGB; it stays as it is.
        keypoints: [N, 2] in pixels; points that are not finite are left out.
        scheme: of the keypoints, whose lines are drawn between them; None for the default of their
            count, where there is one.
        visible: bool [N]; points that are not visible have another color.
        box: x, y, width, height in pixels.
        dot: color of the points.
        line: color of the contours.
        sides: points that are left, right and in the middle have colors of their own in place of `dot`.

    Returns:
        A copy of the image, drawn on.
    """
    canvas = np.ascontiguousarray(image).copy()
    stroke = _stroke(keypoints, canvas)
    if box is not None:
        _draw_box(canvas, box, stroke)
    scheme = scheme or SCHEMES.get(len(keypoints))
    fixed = [_fixed(point) for point in keypoints]
    for run in scheme.lines if scheme else ():
        _draw_contour(canvas, [fixed[place] for place in run], line, stroke)
    shown = np.ones(len(keypoints), bool) if visible is None else visible
    colors = _colors_of_sides(scheme) if sides and scheme else [dot] * len(fixed)
    for point, seen, color in zip(fixed, shown, colors, strict=True):
        if point is not None:
            _draw_dot(canvas, point, color if seen else HIDDEN, stroke)
    return canvas


def _colors_of_sides(scheme: Scheme) -> list[Color]:
    """Of two points that change places in the mirror image that is left whose name says so, or the first."""

    def is_left(place: int, other: int) -> bool:
        own, its = ("left" in scheme.names[each].lower() for each in (place, other))
        return own if own != its else place < other

    return [
        MIDDLE if place == other else LEFT if is_left(place, other) else RIGHT
        for place, other in enumerate(scheme.flip)
    ]


def contact_sheet(images: Sequence[Image], columns: int = 6, tile: int = 160, gap: int = 4) -> Image:
    """Lay images out in rows, on dark ground.

    Args:
        images: uint8 [H, W, 3] each.
        columns: images in a row, at most.
        tile: side in pixels of the square into which each is fitted.
        gap: pixels between and around the tiles.

    Returns:
        uint8 [H, W, 3].

    Raises:
        ValueError: for no images.
    """
    if not images:
        raise ValueError("a contact sheet needs at least one image")
    columns = min(columns, len(images))
    rows = math.ceil(len(images) / columns)
    step = tile + gap
    sheet = np.full((rows * step + gap, columns * step + gap, 3), 24, np.uint8)
    for index, image in enumerate(images):
        small = _fitted(image, tile)
        height, width = small.shape[:2]
        top = gap + index // columns * step + (tile - height) // 2
        left = gap + index % columns * step + (tile - width) // 2
        sheet[top : top + height, left : left + width] = small
    return sheet


def write_picture(target: Path, image: Image) -> None:
    """Write an RGB image, whole or not at all.

    Args:
        target: the file; its suffix says the format (.png, .jpg, ...).
        image: uint8 [H, W, 3] RGB.

    Raises:
        ValueError: for a suffix that OpenCV cannot write.
        OSError: where the folder refuses it.
    """
    check_writable(target)
    with written_aside(target) as aside:
        _, data = cv2.imencode(target.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        aside.write_bytes(data.tobytes())


def check_writable(target: Path) -> None:
    """Raise ValueError for a suffix that OpenCV cannot write, which is to be known before long work."""
    if not cv2.haveImageWriter(f"x{target.suffix}"):
        raise ValueError(
            f"{target}: no picture can be written as '{target.suffix}'; end the name in .png or .jpg"
        )


def _stroke(keypoints: NDArray[np.floating], canvas: Image) -> float:
    """Radius of a dot in pixels: 1.1 % of the face, within what the eye can still tell apart."""
    known = keypoints[np.isfinite(keypoints).all(axis=1)]
    extent = float(np.ptp(known, axis=0).max()) if len(known) > 1 else 0.0
    # Five points span the inner face only, about half of what 68 do.
    face = extent * (2 if len(keypoints) < 19 else 1)
    return min(max(0.011 * face, 1.0), 0.01 * max(canvas.shape[:2]) + 1)


def _fixed(point: NDArray[np.floating]) -> tuple[int, int] | None:
    if not np.isfinite(point).all() or np.abs(point).max() > _FARTHEST:
        return None
    return round(float(point[0]) * 2**_SHIFT), round(float(point[1]) * 2**_SHIFT)


def _draw_dot(canvas: Image, center: tuple[int, int], color: Color, radius: float) -> None:
    """A disc with a dark rim, so that it shows on skin and on hair."""
    for grown, shade in ((radius * 1.45, _EDGE), (radius, color)):
        cv2.circle(canvas, center, round(grown * 2**_SHIFT), shade, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _draw_contour(
    canvas: Image, points: Sequence[tuple[int, int] | None], color: Color, stroke: float
) -> None:
    for start, end in pairwise(points):
        if start is not None and end is not None:
            cv2.line(canvas, start, end, color, max(1, round(stroke * 0.7)), cv2.LINE_AA, _SHIFT)


def _draw_box(canvas: Image, box: Box, stroke: float) -> None:
    x, y, width, height = box
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)])
    _draw_contour(canvas, [_fixed(corner) for corner in corners], FRAME, stroke)


def _fitted(image: Image, tile: int) -> Image:
    height, width = image.shape[:2]
    ratio = tile / max(height, width)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
