"""How many annotated faces each finder finds: as photographed, tilted, filling the frame, in crowds.

    python -m benchmarks.face_finders --data mtfl:PATH --split validation --every 10

A face counts as found where some box, brought to the tight keypoint box by its source's mapping,
shares at least 40 % of their union with the tight box of the annotated face. Every other box is
counted as `other`: a false find, or a face that nobody annotated.
The table goes to docs/results/detection.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

from benchmarks.around.finder_scenes import FOUND, Scene, looked
from facekp_export.finders.base import FaceFinder, overlap
from facekp_export.finders.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFace, BlazeNetFaces, whole_view
from facekp_export.finders.haar import HaarFaces
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import err, new_app, run
from facekp_train.crop import Square, apply_affine, invert_affine, sample_crop
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.samples import Box, FaceSample

_CELL = 200

FINDERS: dict[str, Callable[[], FaceFinder]] = {
    "BlazeFace, all looks (default)": BlazeFace,
    "BlazeFace short-range, one look": lambda: BlazeNetFaces(SHORT_RANGE),
    "BlazeFace full-range, one look": lambda: BlazeNetFaces(FULL_RANGE),
    "OpenCV cascade": HaarFaces,
}


def as_photographed(sample: FaceSample) -> Scene:
    return Scene("", read_image(sample.image), [tight_box_of(sample, prefer_listed=True)])


def tilted(scene: Scene, degrees: float) -> Scene:
    """The photograph turned about its center, on a canvas 1.2 times as large."""
    whole = whole_view(scene.image)
    side = 1.2 * whole.side
    turn, size = np.radians(degrees), round(side)
    linear = side * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = np.array([[whole.x], [whole.y]]) - linear @ [[0.5], [0.5]]
    matrix = np.hstack([linear, shift])
    ((x, y, width, height),) = scene.faces
    center = apply_affine(invert_affine(matrix), np.array([x + width / 2, y + height / 2])) * size - 0.5
    turned = (float(center[0]) - width / 2, float(center[1]) - height / 2, width, height)
    return Scene("", sample_crop(scene.image, matrix, size), [turned])


def filling_the_frame(scene: Scene, share: float) -> Scene:
    """Cut so that the picture's side is `share` times the face's."""
    ((x, y, width, height),) = scene.faces
    side = share * max(width, height)
    left, top = (max(0, round(c - side / 2)) for c in (x + width / 2, y + height / 2))
    right, bottom = round(x + width / 2 + side / 2), round(y + height / 2 + side / 2)
    cut = np.ascontiguousarray(scene.image[top:bottom, left:right])
    return Scene("", cut, [(x - left, y - top, width, height)])


def crowds(scenes: list[Scene], across: int) -> Iterator[Scene]:
    """Photographs side by side, `across` a row, each shrunk or grown to a square cell."""
    for first in range(0, len(scenes) - across**2 + 1, across**2):
        image = np.zeros((across * _CELL, across * _CELL, 3), np.uint8)
        faces = []
        for index, scene in enumerate(scenes[first : first + across**2]):
            top, left = (_CELL * place for place in divmod(index, across))
            whole = whole_view(scene.image)
            image[top : top + _CELL, left : left + _CELL] = sample_crop(scene.image, whole.matrix(), _CELL)
            faces.append(_in_cell(scene.faces[0], whole, left, top))
        yield Scene("", image, faces)


def _in_cell(face: Box, whole: Square, left: int, top: int) -> Box:
    x, y, width, height = face
    ratio = _CELL / whole.side
    corner = whole.to_crop(np.array([x, y])) * _CELL - 0.5
    return left + float(corner[0]), top + float(corner[1]), width * ratio, height * ratio


def row(finder: FaceFinder, scenes: list[Scene]) -> str:
    """found %, missed faces, boxes on none of them per 100 pictures, median ms: one look at every scene."""
    looks = [looked(finder, scene) for scene in scenes]
    hits = [[[overlap(box, face) >= FOUND for box in look.boxes] for face in look.faces] for look in looks]
    known = sum(map(len, hits))
    found = sum(any(boxes) for faces in hits for boxes in faces)
    other = sum(not any(faces) for look in hits for faces in zip(*look, strict=True))
    middle = np.median([look.milliseconds for look in looks])
    shares = f"{100 * found / known:.2f} % | {known - found} of {known} | {100 * other / len(looks):.0f}"
    return f"{shares} | {middle:.0f}"


app = new_app("face_finders", "The share of annotated faces that each finder finds.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with one annotated face a photograph")],
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="use each Nth photograph")] = 1,
    stress: Annotated[bool, typer.Option(help="also tilted, filling the frame, in crowds")] = True,
) -> None:
    """Print a Markdown table for docs/results/detection.md."""
    cv2.setNumThreads(1)
    samples = [sample for index, sample in enumerate(open_dataset(data, split)) if index % every == 0]
    plain = [as_photographed(sample) for sample in samples]
    sets = {"as photographed": plain}
    if stress:
        for degrees in (30, 60):
            sets[f"tilted by {degrees} degrees"] = [
                tilted(scene, degrees * (-1) ** index) for index, scene in enumerate(plain)
            ]
        sets["face as wide as the frame"] = [filling_the_frame(scene, 1.0) for scene in plain]
        sets |= {f"crowd, {n} x {n} photographs": list(crowds(plain, n)) for n in (3, 6, 10)}
    print("| pictures | finder | found | missed | other boxes a 100 pictures | ms (CPU) |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, open_one in FINDERS.items():
        finder = open_one()
        for title, scenes in track(sets.items(), name, console=err, transient=True):
            if scenes:
                print(f"| {title} | {name} | {row(finder, scenes)} |", flush=True)


if __name__ == "__main__":
    run(app)
