"""Drawn faces with two markings: 68 points, lids among them, and five by hand, whose pupils lie elsewhere."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.pose import face_frame
from facekp_train.published_schemes import FIVE_OF_68

HAND_OFFSET = ((0.01, -0.03), (-0.01, -0.03), (0.0, 0.025), (0.01, -0.014), (-0.01, -0.014))
"""From the means of the 68 points to the hand's five, right and down in eye distances."""


def _arc(
    count: int, size: tuple[float, float], center: tuple[float, float], whole: bool = False
) -> NDArray[np.float64]:
    """Points of an ellipse from its left end over the upper half (lower, of negative height), or around."""
    angles = np.pi + np.linspace(0, 2 * np.pi if whole else np.pi, count, endpoint=not whole)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * size / 2 + center


def _face() -> NDArray[np.float64]:
    """68 points in eye distances around the point between the eyes."""
    brows = [_arc(5, (0.6, 0.2), (x, -0.25)) for x in (-0.5, 0.5)]
    eyes = [_arc(6, (0.4, 0.2), (x, 0), whole=True) for x in (-0.5, 0.5)]
    nose = [np.linspace((0, 0), (0, 0.6), 4), np.linspace((-0.2, 0.7), (0.2, 0.7), 5)]
    mouth = [_arc(12, (0.8, 0.4), (0, 1.1), whole=True), _arc(8, (0.6, 0.15), (0, 1.1), whole=True)]
    return np.concatenate([_arc(17, (2.2, -3.2), (0, 0.1)), *brows, *nose, *eyes, *mouth])


def hand_placed(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The five [5, 2] that a hand places on a face of 68 points."""
    means = np.array([points[list(group)].mean(axis=0) for group in FIVE_OF_68])
    axes, eyes = face_frame(means)
    return means + np.array(HAND_OFFSET) @ axes * eyes


def lidded_faces(folder: Path, count: int, by_hand: int | None = None) -> NDArray[np.float64]:
    """Photographs `0.png` and so on: as `.pts` files, and as `trainImageList.txt` in MTFL's form.

    Each has its number in its corner's pixel.

    Args:
        folder: where they are written.
        count: number of faces, at most 256.
        by_hand: how many of them the list has; None for all.

    Returns:
        Their 68 points [count, 68, 2] in pixels, as precise as the files.
    """
    random = np.random.default_rng(8)
    folder.mkdir(parents=True, exist_ok=True)
    shape, faces, rows = _face(), [], []
    for number in range(count):
        angle, eyes = random.uniform(-0.4, 0.4), random.uniform(30, 38)
        turn = eyes * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        points = ((shape + random.normal(0, 0.01, shape.shape)) @ turn + random.uniform(72, 80, 2)).round(4)
        five = hand_placed(points)
        _draw(folder / f"{number}.png", number, points, five)
        lines = "\n".join(f"{x + 1:.4f} {y + 1:.4f}" for x, y in points)
        (folder / f"{number}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
        low, high = points.min(axis=0), points.max(axis=0)
        box = (low[0], high[0], low[1], high[1])
        rows.append(f"{number}.png " + " ".join(f"{value:.4f}" for value in (*box, *five.flatten())))
        faces.append(points)
    (folder / "trainImageList.txt").write_text("\n".join(rows[:by_hand]) + "\n")
    return np.array(faces)


def _draw(path: Path, number: int, points: NDArray[np.float64], five: NDArray[np.float64]) -> None:
    image = np.full((160, 160, 3), 60, np.uint8)
    outlines = ((0, 27, (150, 170, 190)), (36, 42, (240, 240, 240)), (42, 48, (240, 240, 240)))
    for first, end, color in (*outlines, (48, 60, (90, 90, 200))):
        cv2.fillPoly(image, [cv2.convexHull(points[first:end].round().astype(np.int32))], color)
    for x, y in five[:3]:
        cv2.circle(image, (round(float(x)), round(float(y))), 2, (20, 20, 20), cv2.FILLED)
    image[0, 0] = number
    cv2.imwrite(str(path), image)
