"""Composed scenes for face finders: faces of known places and sizes on drawn backgrounds.

    python -m benchmarks.around.finder_scenes --data mtfl:PATH --split validation --name after --out FILE.json

Photographs of data sets show one large face; these show up to 20 of 20 to 600 pixels, or none, on
photographs' shapes, panoramas and strips. Everything follows from the data and a seed; no image is kept.
The table goes to docs/results/detection.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.progress import track

from facekp_export.finders.base import FaceFinder, overlap
from facekp_export.finders.registry import open_finder
from facekp_train.boxes import mapping_of, tight_box_of
from facekp_train.common.console import err, new_app, run
from facekp_train.common.files import write_json
from facekp_train.crop import Square, sample_crop
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.samples import Box, FaceSample, Image, evenly

SIZES = (20, 30, 50, 100, 200, 400, 601)
"""Ends of the groups of face sides in pixels."""
KINDS: dict[str, tuple[tuple[int, int], ...]] = {
    "photograph": ((640, 480), (1280, 720), (1080, 1920), (1920, 1080), (512, 512), (4000, 3000)),
    "panorama": ((4000, 1000), (3000, 900)),
    "strip": ((6000, 320), (256, 7680)),
}
"""Width and height of the scenes by kind."""
# A face counts as found where a box shares this much of their union; beyond this it is in no way one.
FOUND, _TOUCHED = 0.4, 0.1
# Sides of the cut around a tight box: hair, ears and neck come along, the rest fades out.
_ROOM = 1.7
_NOISE = 2.5


@dataclass
class Scene:
    """A picture and the tight boxes of the faces on it; `kind` is for counting."""

    kind: str
    image: Image
    faces: list[Box]


def scene(samples: Sequence[FaceSample], number: int, seed: int) -> Scene:
    """One of the scenes: kinds and shapes take turns, each eighth is empty."""
    shapes = [(kind, shape) for kind, shapes in KINDS.items() for shape in shapes]
    random = np.random.default_rng((seed, number))
    kind, (width, height) = shapes[number % len(shapes)]
    image = background(width, height, random)
    empty = number % 8 == 7
    faces = [] if empty else _placed(image, samples, random)
    noise = random.normal(0, _NOISE, (256, 256)).repeat(3).reshape(256, 256, 3)
    tiled = np.tile(noise, (height // 256 + 1, width // 256 + 1, 1))[:height, :width]
    return Scene("empty" if empty else kind, np.clip(image + tiled, 0, 255).astype(np.uint8), faces)


def background(width: int, height: int, random: np.random.Generator) -> Image:
    """Clouds of every scale, then ellipses, blocks, lines, leaves and writing in any color."""
    image = np.full((height, width, 3), random.uniform(40, 200, 3), np.float32)
    strength = random.uniform(5, 30)
    for cells in (2, 5, 13, 34, 89):
        grid = random.normal(0, strength, (max(2, cells * height // max(width, height)), cells, 3))
        image += cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        strength *= 0.7
    canvas = np.clip(image, 0, 255).astype(np.uint8)
    side = min(width, height)
    for _ in range(random.integers(5, 120)):
        color = random.uniform(0, 255, 3).tolist()
        at = (int(random.integers(width)), int(random.integers(height)))
        size = int(np.exp(random.uniform(np.log(4), np.log(side / 2))))
        other = (at[0] + int(size * random.uniform(0.3, 2)), at[1] + int(size * random.uniform(0.3, 2)))
        match random.integers(5):
            case 0:
                axes = (size, max(2, int(size * random.uniform(0.5, 1))))
                cv2.ellipse(canvas, at, axes, random.uniform(0, 180), 0, 360, color, -1, cv2.LINE_AA)
            case 1:
                cv2.rectangle(canvas, at, other, color, -1 if random.random() < 0.5 else 2)
            case 2:
                cv2.line(canvas, at, other, color, int(random.integers(1, 9)), cv2.LINE_AA)
            case 3:
                for _ in range(40):
                    leaf = (at[0] + int(random.normal(0, size)), at[1] + int(random.normal(0, size)))
                    axes = (max(1, size // 8), max(1, size // 16))
                    shade = (np.array(color) * random.uniform(0.6, 1)).tolist()
                    cv2.ellipse(canvas, leaf, axes, random.uniform(0, 180), 0, 360, shade, -1, cv2.LINE_AA)
            case _:
                cv2.putText(canvas, "Street 8", at, cv2.FONT_HERSHEY_DUPLEX, size / 40, color, 2, cv2.LINE_AA)
    return canvas


def _placed(image: Image, samples: Sequence[FaceSample], random: np.random.Generator) -> list[Box]:
    """Put 1 to 20 faces on the image, none near another; gives their tight boxes."""
    height, width = image.shape[:2]
    taken, faces = np.zeros((0, 4)), []
    for _ in range(int(np.exp(random.uniform(0, np.log(20.99))))):
        largest = min(600, min(width, height) / _ROOM)
        side = float(np.exp(random.uniform(np.log(20), np.log(largest))))
        half = _ROOM * side / 2
        for _ in range(30):
            x, y = random.uniform(half, width - half), random.uniform(half, height - half)
            apart = np.abs(taken[:, :2] - (x, y)).max(axis=1, initial=0) if len(taken) else np.zeros(0)
            if (apart > half + taken[:, 2]).all():
                taken = np.vstack([taken, (x, y, half, 0)])
                faces.append(_pasted(image, samples[int(random.integers(len(samples)))], x, y, side))
                break
    return faces


def _pasted(image: Image, sample: FaceSample, x: float, y: float, side: float) -> Box:
    """Fade a sample's face into the image, its tight box centered at x, y with that longer side."""
    left, top, width, height = tight_box_of(sample, prefer_listed=True)
    ratio = side / max(width, height)
    size = round(_ROOM * side)
    square = Square(left + width / 2, top + height / 2, size / ratio)
    crop = sample_crop(read_image(sample.image), square.matrix(), size).astype(np.float32)
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    mask = np.clip((1 - np.hypot(axis[:, None], axis[None])) / 0.25, 0, 1)[..., None].astype(np.float32)
    column, row = round(x - size / 2), round(y - size / 2)
    part = image[row : row + size, column : column + size]
    mask, crop = mask[: part.shape[0], : part.shape[1]], crop[: part.shape[0], : part.shape[1]]
    part[:] = np.round(mask * crop + (1 - mask) * part)
    center = column + size / 2 - 0.5, row + size / 2 - 0.5
    width, height = width * ratio, height * ratio
    return center[0] - width / 2, center[1] - height / 2, width, height


def whole_faces(samples: Sequence[FaceSample]) -> list[FaceSample]:
    """Those whose cut lies inside their photograph, of at least 80 pixels."""
    kept = []
    for sample in samples:
        left, top, width, height = tight_box_of(sample, prefer_listed=True)
        half = _ROOM * max(width, height) / 2 / np.sqrt(2)
        rows, columns = read_image(sample.image).shape[:2]
        x, y = left + width / 2, top + height / 2
        if min(x - half, y - half, columns - x - half, rows - y - half) >= 0 and max(width, height) >= 80:
            kept.append(sample)
    return kept


@dataclass
class Look:
    """What a finder gave for a scene: tight boxes, and the CPU time that it took."""

    kind: str
    faces: list[Box]
    boxes: list[Box]
    milliseconds: float


def looked(finder: FaceFinder, at: Scene) -> Look:
    """Look at a scene once."""
    start = time.thread_time()
    found = finder.find(at.image)
    passed = 1e3 * (time.thread_time() - start)
    to_tight = mapping_of(finder.box_source).to_tight
    return Look(at.kind, at.faces, [to_tight(face.box) for face in found], passed)


def figures(looks: Sequence[Look]) -> dict[str, Any]:
    """Faces found of those there, boxes on no face, by size and kind, and CPU milliseconds a picture."""
    groups = [f"{low} to {high - high % 10}" for low, high in pairwise(SIZES)]
    by_size = {group: {"known": 0, "found": 0, "false": 0} for group in ("smaller", *groups, "larger")}
    by_kind: dict[str, dict[str, Any]] = {}
    for look in looks:
        new = {"scenes": 0, "known": 0, "found": 0, "false": 0}
        kind = by_kind.setdefault(look.kind, new)
        kind["scenes"] += 1
        for face in look.faces:
            found = any(overlap(box, face) >= FOUND for box in look.boxes)
            for counts in (kind, by_size[_group_of(face, by_size)]):
                counts["known"] += 1
                counts["found"] += found
        for box in look.boxes:
            if all(overlap(box, face) < _TOUCHED for face in look.faces):
                for counts in (kind, by_size[_group_of(box, by_size)]):
                    counts["false"] += 1
    for name, kind in by_kind.items():
        times = [look.milliseconds for look in looks if look.kind == name]
        kind["median_cpu_ms"] = round(float(np.median(times)), 1)
    return {"by_size": by_size, "by_kind": by_kind}


def _group_of(box: Box, groups: Iterable[str]) -> str:
    return list(groups)[int(np.digitize(max(box[2:]), SIZES))]


app = new_app("finder_scenes", "Faces found and false ones on composed scenes.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with one annotated face a photograph")],
    out: Annotated[Path, typer.Option(help="JSON to add the figures to")],
    split: Annotated[str | None, typer.Option()] = None,
    name: Annotated[str, typer.Option(help="the figures' key in the JSON")] = "after",
    finder: Annotated[str, typer.Option()] = "blazeface",
    count: Annotated[int, typer.Option(min=1)] = 240,
    seed: Annotated[int, typer.Option(min=0)] = 16,
) -> None:
    """Look at every scene once."""
    cv2.setNumThreads(1)
    everyone = list(open_dataset(data, split))
    samples = whole_faces([everyone[place] for place in evenly(len(everyone), 600)])
    opened = open_finder(finder)
    numbers = track(range(count), name, console=err, transient=True)
    looks = [looked(opened, scene(samples, number, seed)) for number in numbers]
    document = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    recipe = {"data": data.partition(":")[0], "split": split, "scenes": count, "seed": seed}
    document |= recipe | {name: figures(looks)}
    write_json(out, document)


if __name__ == "__main__":
    run(app)
