"""A small sound annotation of every format that is text: two faces of five keypoints on a picture."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.files.annotated_faces import picture

NAMES = ("left eye", "right eye", "nose", "left mouth", "right mouth")
PLACES = ((10.0, 11.0), (20.0, 10.5), (15.0, 16.0), (11.0, 20.0), (19.0, 21.0))
POINTS = tuple(zip(NAMES, PLACES, strict=True))
FLAT = [value for place in PLACES for value in (*place, 2)]


def _cvat() -> str:
    points = "".join(f'<points label="{n}" occluded="0" points="{x},{y}"/>' for n, (x, y) in POINTS)
    skeletons = f'<skeleton label="face">{points}</skeleton>' * 2
    return (
        '<annotations><version>1.1</version><image id="0" name="a.png" width="40" height="30">'
        f"{skeletons}</image></annotations>"
    )


def _dlib() -> str:
    parts = "".join(f"<part name='{n}' x='{x}' y='{y}'/>" for n, (x, y) in enumerate(PLACES))
    boxes = f"<box top='5' left='5' width='20' height='20'>{parts}</box>" * 2
    return f"<dataset><images><image file='a.png' width='40' height='30'>{boxes}</image></images></dataset>"


def _label_studio() -> str:
    results = [
        {
            "original_width": 40, "original_height": 30, "image_rotation": 0, "id": name,
            "value": {"x": x / 0.4, "y": y / 0.3, "width": 0.6, "keypointlabels": [name]},
            "type": "keypointlabels",
        }
        for name, (x, y) in POINTS
    ]  # fmt: skip
    return json.dumps([{"id": 1, "data": {"img": "a.png"}, "annotations": [{"id": 2, "result": results}]}])


def _labelme() -> str:
    shapes = [
        {"label": name, "points": [place], "group_id": 1, "shape_type": "point", "flags": {}}
        for name, place in POINTS
    ]
    sizes = {"imagePath": "a.png", "imageData": None, "imageHeight": 30, "imageWidth": 40}
    return json.dumps({"version": "5.5.0", "flags": {}, "shapes": shapes, **sizes})


def _via() -> str:
    regions = [
        {"shape_attributes": {"name": "point", "cx": x, "cy": y}, "region_attributes": {"part": name}}
        for name, (x, y) in POINTS
    ]
    entry = {"filename": "a.png", "size": 9, "regions": regions, "file_attributes": {}}
    return json.dumps({"_via_settings": {}, "_via_img_metadata": {"a.png9": entry}})


def _coco() -> str:
    faces = [
        {"id": n, "image_id": 1, "category_id": 1, "bbox": [5, 5, 20, 20], "keypoints": FLAT} for n in (1, 2)
    ]
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
            "categories": [{"id": 1, "name": "face", "keypoints": list(NAMES)}],
            "annotations": faces,
        }
    )


def _csv() -> str:
    header = ",".join(f"{name}_{axis}".replace(" ", "_") for name in NAMES for axis in "xy")
    row = ",".join(f"{value}" for place in PLACES for value in place)
    return f"image,{header}\na.png,{row}\na.png,{row}\n"


def _pts() -> str:
    return "version: 1\nn_points: 5\n{\n" + "\n".join(f"{x + 1} {y + 1}" for x, y in PLACES) + "\n}\n"


def _yolo_labels() -> str:
    shares = " ".join(f"{x / 40:.4f} {y / 30:.4f} 2" for x, y in PLACES)
    return f"0 0.4 0.5 0.3 0.4 {shares}\n" * 2


_YOLO = (
    "path: .\ntrain: images\nval: images\nkpt_shape: [5, 3]\nflip_idx: [1, 0, 2, 4, 3]\nnames:\n  0: face\n"
)

# Format: the file to damage, what it holds, what to open.
SOUND = {
    "cvat": ("annotations.xml", _cvat(), "annotations.xml"),
    "dlib": ("faces.xml", _dlib(), "faces.xml"),
    "labelstudio": ("project.json", _label_studio(), "project.json"),
    "labelme": ("a.json", _labelme(), "."),
    "via": ("via.json", _via(), "via.json"),
    "coco": ("coco.json", _coco(), "coco.json"),
    "csv": ("faces.csv", _csv(), "faces.csv"),
    "pts": ("a.pts", _pts(), "."),
    "yolo": ("labels/a.txt", _yolo_labels(), "data.yaml"),
    "yolo's yaml": ("data.yaml", _YOLO, "data.yaml"),
}


def write(folder: Path, name: str, content: bytes) -> str:
    """Write a format's files with that content in the one to damage; returns what `open_dataset` takes."""
    picture(folder / "a.png")
    if name.startswith("yolo"):
        picture(folder / "images" / "a.png")
        for other in ("yolo", "yolo's yaml"):
            _put(folder / SOUND[other][0], SOUND[other][1].encode())
    file, _, opened = SOUND[name]
    _put(folder / file, content)
    return f"{name.partition(chr(39))[0]}:{folder / opened}"


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
