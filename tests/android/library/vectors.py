"""Inputs and Python's answers for the Kotlin library's tests: `make app-vectors` writes tests/vectors/.

Drawn from fixed seeds, so that a change of either side alone fails.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facekp_export.demo import demo_face
from facekp_export.finders import blazeface
from facekp_export.finders.pyramid import Pyramid
from facekp_export.finders.tiles import covering, hiding_places, least_score, tile_sides
from facekp_export.inference.confidence import confidence_of, scatter_of, texture_of
from facekp_export.video.one_euro import OneEuro, OneEuroFilter
from facekp_train.boxes import box_mappings, mapping_of, refined_box, refines
from facekp_train.crop import CropRule, Square, cut
from facekp_train.landmarks import SCHEMES
from facekp_train.samples import Image
from tests.android.library import published
from tests.android.library.documents import documents
from tests.android.library.tracks import tracks
from tests.support.places import TESTS

FOLDER = TESTS / "vectors"
_DIGITS = 9


def rounded(value: Any) -> Any:
    """Plain data whose numbers have nine digits, so that the files stay small."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def schemes() -> list[Any]:
    """Every published scheme: what a mirrored look takes from it."""
    return [
        {"points": scheme.points, "name": scheme.name, "flip": scheme.flip, "lines": scheme.lines}
        for scheme in SCHEMES.values()
    ]


def boxes() -> dict[str, Any]:
    """Tight boxes of every source, and second boxes of first answers, trusted or not."""
    random = np.random.default_rng(1)
    tight = []
    for source in sorted(box_mappings()):
        box = random.uniform([-50, -50, 5, 5], [500, 500, 300, 300]).tolist()
        tight.append({"source": source, "box": box, "tight": mapping_of(source).to_tight(tuple(box))})
    refined = []
    for number in range(24):
        mapping = mapping_of(("tight", "tight19", "tight29", "tight5")[number % 4])
        first = (100.0, 90.0, 80.0, 80.0)
        growth, shift = random.choice([0.3, 0.6, 1.0, 1.5, 3.0]), random.uniform(-40, 40, 2)
        points = random.uniform(-0.5, 0.5, (6, 2)) * 80 * growth + (140, 130) + shift
        if number == 20:
            points[:] = points[0]
        box = refined_box(points, first, mapping)
        refined.append({"mapping": [mapping.dx, mapping.dy, mapping.scale], "points": points.ravel(),
                        "first": first, "refined": box, "refines": refines(mapping)})  # fmt: skip
    return {"tight": tight, "refined": refined}


# Beside x, y and side: within, at 2, 3 and 16 times finer grids, magnified, across the edges, beyond.
_CROPS = [
    (225.13, 130.57, 117.9, 128, 0), (230.7, 140.2, 180.4, 96, 0), (250.31, 200.77, 250.2, 112, 7),
    (255.5, 255.5, 512.0, 32, 0), (255.5, 255.5, 4400.0, 24, 128), (228.4, 119.6, 31.7, 48, 0),
    (3.3, 507.9, 150.0, 64, 200), (-300.0, 20.0, 100.0, 8, 33),
]  # fmt: skip


def crops() -> list[tuple[dict[str, Any], Image]]:
    """Crops of the demo photo: what was cut, and its pixels."""
    image, _ = demo_face()
    made = []
    for number, (x, y, side, size, border) in enumerate(_CROPS):
        crop = cut(image, Square(x, y, side), CropRule(size=size, border=border))
        entry = {"x": x, "y": y, "side": side, "size": size, "border": border, "file": f"crop-{number}.png"}
        made.append((entry, crop))
    return made


_PARTS = [(512, 512), (511, 509), (300, 512)]
"""Width and height of the demo photo's upper left parts that are looked at whole: even and odd edges."""


def _part(width: int, height: int) -> Image:
    image, _ = demo_face()
    return np.ascontiguousarray(image[:height, :width])


def views() -> list[tuple[dict[str, Any], Image]]:
    """The whole of photographs as a finder reads it, through their halvings."""
    made = []
    for number, (width, height) in enumerate(_PARTS):
        part = _part(width, height)
        crop = Pyramid(part).read(blazeface.whole_view(part), 48)
        made.append(({"width": width, "height": height, "size": 48, "file": f"view-{number}.png"}, crop))
    return made


# Width, height and how much smaller: from the photo itself, from a halving, to a pixel.
_SHRUNK = [(97, 113, 0.61), (511, 509, 0.2173), (300, 512, 0.002)]


def shrunk() -> list[tuple[dict[str, Any], Image]]:
    """Whole photographs made smaller."""
    made = []
    for number, (width, height, ratio) in enumerate(_SHRUNK):
        entry = {"width": width, "height": height, "ratio": ratio, "file": f"shrunk-{number}.png"}
        made.append((entry, Pyramid(_part(width, height)).shrunk(ratio)))
    return made


# A sure face, one beyond the edges, one that is not sure and hides nothing.
_FOUND = [(177.1, 87.7, 96.2, 90.5, 0.93), (-40.0, 430.3, 90.0, 130.0, 0.7), (300.0, 300.0, 80.0, 80.0, 0.69)]
_SIDES = [204.8, 131.3, 75.5]


def hiding() -> list[tuple[dict[str, Any], Image]]:
    """Where small faces could hide beside those that are found, white, and the tiles that cover it."""
    made = []
    for number, ((width, height), side) in enumerate(zip(_PARTS, _SIDES, strict=True)):
        found = _FOUND[: 2 * number]
        mask = hiding_places(Pyramid(_part(width, height)), side, [(face[:4], face[4]) for face in found])
        entry = {"width": width, "height": height, "side": side, "found": found,
                 "tiles": list(covering(mask)), "file": f"hiding-{number}.png"}  # fmt: skip
        made.append((entry, cv2.cvtColor(255 * mask, cv2.COLOR_GRAY2RGB)))
    return made


class _Answers:
    """In place of a net: answers that were drawn."""

    def __init__(self, outputs: list[np.ndarray]) -> None:
        self._outputs = outputs

    def set_inputs(self, arrays: object) -> None: ...

    def invoke(self) -> None: ...

    def results(self) -> list[np.ndarray]:
        return self._outputs


def finder() -> dict[str, Any]:
    """Anchors, decoding, merging and tiles of BlazeFace."""
    random = np.random.default_rng(2)
    photo, view = Pyramid(np.zeros((64, 64, 3), np.uint8)), Square(100.5, 80.25, 333.3)
    decoded = []
    for variant in (blazeface.SHORT_RANGE, blazeface.FULL_RANGE):
        anchors = variant.anchors()
        raw = np.zeros((1, len(anchors), 16), np.float32)
        logits = np.full((1, len(anchors), 1), -9, np.float32)
        chosen = np.sort(random.choice(len(anchors), 40, replace=False))
        raw[0, chosen, :4] = random.uniform([-20, -20, 20, 20], [20, 20, 60, 60], (40, 4)).astype(np.float32)
        logits[0, chosen, 0] = random.uniform(-1, 4, 40).astype(np.float32)
        net = object.__new__(blazeface.BlazeNet)
        net.variant, net._anchors, net._boxes, net._scores = variant, anchors, 0, 1
        net._runtime = _Answers([raw, logits])  # type: ignore[assignment]
        found = net.look(photo, view)
        inside = blazeface.sure_and_inside(found, view, 0.7)
        decoded.append({
            "variant": variant.box_source, "anchors": anchors[::97], "count": len(anchors), "chosen": chosen,
            "raw": raw[0, chosen, :4], "logits": logits[0, chosen, 0], "boxes": found[0], "scores": found[1],
            "merged": _faces(found), "inside": _faces(inside),
            "short": _faces(blazeface.as_short_range(found)),
        })  # fmt: skip
    sizes = [(300, 200), (512, 512), (1280, 720), (720, 1281), (4000, 500), (3, 900), (40000, 900)]
    levels = []
    for (width, height), smallest in itertools.product(sizes, (None, 5.0, 24.0, 130.0)):
        sides = tile_sides(width, height, smallest)
        least = [least_score(max(width, height), side) for side in sides]
        levels.append(
            {"width": width, "height": height, "smallest": smallest, "sides": sides, "least": least}
        )
    return {"view": [view.x, view.y, view.side], "decoded": decoded, "levels": levels}


def _faces(candidates: blazeface.Candidates) -> list[Any]:
    return [[*face.box, face.score] for face in blazeface.merged(*candidates)]


def one_euro() -> list[Any]:
    """Signals of uneven frames, and what is left of them."""
    random = np.random.default_rng(3)
    cases = []
    for settings in (OneEuro(), OneEuro(0.5, 0.0, 1.0), OneEuro(3, 100, 0.7)):
        smoother, frames, seconds = OneEuroFilter(settings), [], 0.0
        for step in range(12):
            seconds += random.uniform(0.005, 0.1)
            values, scale = random.normal(step * 3, 2, 4), random.uniform(20, 90)
            # What Kotlin reads is what Python is asked with.
            values, seconds, scale = rounded(values), rounded(seconds), rounded(scale)
            smooth = smoother.smooth(np.array(values), seconds, scale)
            frames.append({"values": values, "seconds": seconds, "scale": scale, "smooth": smooth})
        cases.append(
            {"settings": [settings.min_cutoff, settings.beta, settings.speed_cutoff], "frames": frames}
        )
    return cases


def confidence() -> dict[str, Any]:
    """Scatters, chances, and how much there is to see in parts of the demo photo."""
    random = np.random.default_rng(4)
    image, _ = demo_face()
    box = (10.0, 20.0, 70.0, 60.0)
    scattered = []
    for count in (2, 3, 4):
        answers = rounded(random.uniform(10, 70, (count, 5, 2)).astype(np.float32))
        scatter = scatter_of(np.array(answers, np.float32), box)
        scattered.append({"answers": [np.ravel(a) for a in answers], "box": box, "scatter": scatter})
    chances = [
        {"scatter": s, "scale": c, "chance": confidence_of(s, c)}
        for s in (0.0, 0.004, 0.015, 0.2, 1e7)
        for c in (None, 0.03)
    ]
    places = [
        (177.1, 87.7, 96.2, 90.5),
        (0.0, 0.0, 60.0, 60.0),
        (480.0, 480.0, 90.0, 90.0),
        (5.0, 300.0, 9.0, 9.0),
    ]
    textures = [{"box": place, "texture": texture_of(image, place, CropRule())} for place in places]
    return {"scattered": scattered, "chances": chances, "textures": textures}


PICTURES: dict[str, Callable[[], list[tuple[dict[str, Any], Image]]]] = {
    "crops": crops, "views": views, "shrunk": shrunk, "hiding": hiding,
}  # fmt: skip
"""What was done to the demo photo, and what came of it: tables with a PNG for each entry."""

TABLES: dict[str, Callable[[], Any]] = {
    "schemes": schemes,
    "boxes": boxes,
    "finder": finder,
    "one-euro": one_euro,
    "confidence": confidence,
    "documents": documents,
    "tracks": tracks,
    **{name: lambda made=made: [entry for entry, _ in made()] for name, made in PICTURES.items()},
}
"""What each file holds."""


def pictures() -> Iterator[tuple[dict[str, Any], Image]]:
    """The entries that have a picture, and the pictures."""
    for made in PICTURES.values():
        yield from made()


def written(name: str) -> str:
    """The content of a table's file."""
    return json.dumps(rounded(TABLES[name]()), ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Write everything anew."""
    FOLDER.mkdir(exist_ok=True)
    for name in TABLES:
        Path(FOLDER, f"{name}.json").write_text(written(name), encoding="utf-8")
    for entry, pixels in pictures():
        cv2.imwrite(str(FOLDER / entry["file"]), pixels[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    published.FILE.write_text(published.published(), encoding="utf-8")


if __name__ == "__main__":
    main()
