"""Files of annotation tools with a box a face, on a photograph of 640 x 200 pixels.

Each as the tool's documentation or its own example has it; the readers' docstrings name them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# left eye, right eye, nose, left and right corner of the mouth
FIVE = np.array([(10, 11), (20, 11), (15, 16), (11, 20), (19, 20)], float)
NAMES = ("left eye", "right eye", "nose", "left mouth", "right mouth")
_WIDTH, _HEIGHT = 640, 200


@dataclass(frozen=True)
class Drawn:
    """A face: five places [5, 2], and x, y, width, height of its box."""

    places: np.ndarray
    box: tuple[float, float, float, float]


def _marks(face: Drawn) -> list[tuple[str, float, float]]:
    return [(name, x, y) for name, (x, y) in zip(NAMES, face.places.tolist(), strict=True)]


def _coco(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    stated = {"box_source": source} if source else {}
    annotations = [
        {"id": number, "image_id": 1, "category_id": 1, "bbox": face.box,
         "keypoints": [value for _, x, y in _marks(face) for value in (x, y, 2)], **stated}
        for number, face in enumerate(faces)
    ]  # fmt: skip
    image = {"id": 1, "file_name": "a.png", "width": _WIDTH, "height": _HEIGHT}
    category = {"id": 1, "name": "face", "keypoints": NAMES}
    document = {"images": [image], "annotations": annotations, "categories": [category]}
    (folder / "faces.json").write_text(json.dumps(document))


def _cvat(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    stated = f'<attribute name="box_source">{source}</attribute>' if source else ""
    shapes = ""
    for group, face in enumerate(faces, 1):
        points = "".join(
            f'<points label="{name}" source="manual" outside="0" occluded="0" points="{x},{y}"/>'
            for name, x, y in _marks(face)
        )
        x, y, width, height = face.box
        shapes += (
            f'<skeleton label="face" source="manual" z_order="0" group_id="{group}">{points}</skeleton>'
            f'<box label="box" source="manual" occluded="0" xtl="{x}" ytl="{y}" xbr="{x + width}" '
            f'ybr="{y + height}" z_order="0" group_id="{group}">{stated}</box>'
        )
    image = f'<image id="0" name="a.png" width="{_WIDTH}" height="{_HEIGHT}">{shapes}</image>'
    (folder / "annotations.xml").write_text(f"<annotations><version>1.1</version>{image}</annotations>")


def _label_studio(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    whole = {"original_width": _WIDTH, "original_height": _HEIGHT, "image_rotation": 0, "to_name": "img"}
    stated = {"meta": {"text": [f"box_source={source}"]}} if source else {}
    results: list[dict[str, Any]] = []
    for number, face in enumerate(faces):
        x, y, width, height = np.array(face.box) / ([_WIDTH, _HEIGHT] * 2) * 100
        box = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": ["face"]}
        results.append({**whole, **stated, "id": f"r{number}", "type": "rectanglelabels", "value": box})
        for name, across, down in _marks(face):
            value = {"x": across / _WIDTH * 100, "y": down / _HEIGHT * 100, "keypointlabels": [name]}
            mark = {"id": f"{number}{name}", "parentID": f"r{number}", "type": "keypointlabels"}
            results.append({**whole, **mark, "value": value})
    task = {"id": 1, "data": {"img": "a.png"}, "annotations": [{"id": 2, "result": results}]}
    (folder / "project.json").write_text(json.dumps([task]))


def _dlib(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    boxes = ""
    for face in faces:
        parts = "".join(
            f"<part name='{n}' x='{x:g}' y='{y:g}'/>" for n, (x, y) in enumerate(face.places.tolist())
        )
        left, top, width, height = (f"{value:.2f}" for value in face.box)
        boxes += f"<box top='{top}' left='{left}' width='{width}' height='{height}'>{parts}</box>"
    image = f"<image file='a.png' width='{_WIDTH}' height='{_HEIGHT}'>{boxes}</image>"
    comment = f"Created by imglab tool. box_source={source}" if source else "Created by imglab tool."
    (folder / "faces.xml").write_text(
        f"<dataset><name>imglab dataset</name><comment>{comment}</comment><images>{image}</images></dataset>"
    )


def _labelme(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    shapes: list[dict[str, Any]] = []
    for group, face in enumerate(faces):
        x, y, width, height = face.box
        # It may be drawn from any corner.
        corners = [[x + width, y], [x, y + height]]
        note = f"box_source={source}" if source else ""
        common = {"group_id": group, "flags": {}, "mask": None}
        rectangle = {"label": "face", "points": corners, "shape_type": "rectangle", "description": note}
        shapes.append(common | rectangle)
        shapes += [
            {"label": name, "points": [[x, y]], "shape_type": "point", "description": "", **common}
            for name, x, y in _marks(face)
        ]
    sizes = {"imagePath": "a.png", "imageData": None, "imageHeight": _HEIGHT, "imageWidth": _WIDTH}
    (folder / "a.json").write_text(json.dumps({"version": "5.5.0", "flags": {}, "shapes": shapes, **sizes}))


def _via(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    regions: list[dict[str, Any]] = []
    stated = {"box_source": source} if source else {}
    for number, face in enumerate(faces):
        box = dict(zip(("x", "y", "width", "height"), face.box, strict=True))
        told = {"face": str(number), **stated}
        regions.append({"shape_attributes": {"name": "rect", **box}, "region_attributes": told})
        regions += [
            {"shape_attributes": {"name": "point", "cx": x, "cy": y},
             "region_attributes": {"face": str(number), "part": name}}
            for name, x, y in _marks(face)
        ]  # fmt: skip
    image = {"filename": "a.png", "size": 9, "regions": regions, "file_attributes": {}}
    (folder / "via.json").write_text(json.dumps({"a.png9": image}))


def _yolo(folder: Path, faces: Sequence[Drawn], source: str | None) -> None:
    lines = ""
    for face in faces:
        x, y, width, height = face.box
        middle = (x + width / 2) / _WIDTH, (y + height / 2) / _HEIGHT, width / _WIDTH, height / _HEIGHT
        shares = (face.places / (_WIDTH, _HEIGHT)).ravel()
        lines += " ".join(["0", *(f"{value:.8f}" for value in (*middle, *shares))]) + "\n"
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text(lines)
    stated = f"box_source: {source}\n" if source else ""
    (folder / "data.yaml").write_text(
        f"path: .\ntrain: images\nval: images\nkpt_shape: [5, 2]\nflip_idx: [1, 0, 2, 4, 3]\n{stated}"
        "names:\n  0: face\n"
    )


FORMATS: dict[str, Callable[[Path, Sequence[Drawn], str | None], None]] = {
    "coco": _coco,
    "cvat": _cvat,
    "labelstudio": _label_studio,
    "dlib": _dlib,
    "labelme": _labelme,
    "via": _via,
    "yolo": _yolo,
}
"""(folder, faces, who made the boxes or None) -> the tool's file, the photograph being `images/a.png`."""
