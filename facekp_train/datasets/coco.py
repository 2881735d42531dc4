"""Keypoints in COCO's JSON form: one file with `images`, `annotations` and `categories`.

https://cocodataset.org/#format-data. `keypoints` holds x, y, v by turns, pixels from 0. v = 0 means
not labelled; 1 means hidden only in a file that also uses 2 (seen), since face data sets in this
form often write 1 for every point. Images lie beside the file, in `images/`, or where `file_name`
says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.datasets.notes import DataError, Notes
from facekp_train.files import parse_json, write_text
from facekp_train.landmarks import SCHEMES
from facekp_train.samples import Box, FaceSample

SPLITS = ("all",)


def read(root: Path, _split: str, _listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every annotated face of the file `root`. Raises DataError where it is not COCO's JSON."""
    try:
        data = parse_json(root.read_text(encoding="utf-8"))
        images = {image["id"]: str(image["file_name"]) for image in data["images"]}
        annotations = data["annotations"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise DataError(f"{root} is not COCO-style JSON with images and annotations ({error!r})") from None
    seen = _states_seen(annotations)
    folders = (root.parent, root.parent / "images")
    places: dict[str, Path] = {}
    for number, annotation in enumerate(annotations):
        where = f"{root.name}: annotation {number}"
        try:
            name = images[annotation["image_id"]]
            if name not in places:
                places[name] = next((f / name for f in folders if (f / name).is_file()), root.parent / name)
            yield _sample(places[name], annotation, seen)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            notes.skip(where, reason)


def _states_seen(annotations: Any) -> bool:
    """Whether the file uses v = 2, so that 1 means hidden."""
    return any(2 in a["keypoints"][2::3] for a in annotations if isinstance(a, dict) and a.get("keypoints"))


def _sample(image: Path, annotation: dict[str, Any], seen: bool) -> FaceSample:
    marks = np.asarray(annotation["keypoints"], float)
    if marks.ndim != 1 or len(marks) % 3 or len(marks) // 3 not in SCHEMES:
        raise ValueError(f"{marks.size} keypoint numbers, which is no scheme of x, y, v")
    marks = marks.reshape(-1, 3)
    known = (marks[:, 2] > 0) & np.isfinite(marks).all(axis=1)
    if not known.any():
        raise ValueError("no labelled keypoint")
    keypoints = np.where(known[:, None], marks[:, :2], np.nan).astype(np.float32)
    return FaceSample(image, keypoints, known & (marks[:, 2] >= (2 if seen else 1)), **_box(annotation))


def _box(annotation: dict[str, Any]) -> dict[str, Any]:
    """A box is used only where the file says which source made it: an unknown one has no mapping."""
    source, values = annotation.get("box_source"), annotation.get("bbox")
    if not source or values is None:
        return {}
    x, y, width, height = (float(v) for v in values)
    box: Box = (x, y, width, height)
    return {"box": box, "box_source": str(source)}


def write(target: Path, faces: Iterator[tuple[FaceSample, tuple[int, int], dict[str, Any]]]) -> int:
    """Write faces as COCO JSON; returns how many.

    faces: (sample, (width, height) of its image, further facts for the annotation). File names are
    relative to `target` for images below its folder, else absolute. NaN keypoints get v = 0.
    """
    images: dict[Path, dict[str, Any]] = defaultdict(dict)
    annotations: list[dict[str, Any]] = []
    points = 0
    for sample, (width, height), facts in faces:
        image = images[sample.image]
        if not image:
            name = _relative(sample.image, target.parent)
            image.update(id=len(images), file_name=name, width=width, height=height)
        known = np.isfinite(sample.keypoints).all(axis=1)
        visibility = np.where(known, np.where(sample.visible, 2, 1), 0)
        marks = np.column_stack([np.where(known[:, None], sample.keypoints, 0), visibility])
        points = len(marks)
        boxed = {"bbox": list(sample.box), "box_source": sample.box_source} if sample.box else {}
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": image["id"],
                "category_id": 1,
                "num_keypoints": int(known.sum()),
                "keypoints": [round(float(v), 3) for v in marks.ravel()],
                **boxed,
                **facts,
            }
        )
    category = {"id": 1, "name": "face", "keypoints": [f"point_{i}" for i in range(points)], "skeleton": []}
    document = {"images": list(images.values()), "annotations": annotations, "categories": [category]}
    write_text(target, json.dumps(document))
    return len(annotations)


def _relative(image: Path, folder: Path) -> str:
    image = image.resolve()
    folder = folder.resolve()
    return str(image.relative_to(folder)) if image.is_relative_to(folder) else str(image)
