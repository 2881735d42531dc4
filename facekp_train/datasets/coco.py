"""Keypoints in COCO's JSON form: one file with `images`, `annotations` and `categories`.

https://cocodataset.org/#format-data. `keypoints` holds x, y, v by turns, pixels from 0. v = 0 means
not labelled; 1 means hidden only in a file that also uses 2 (seen), since face data sets in this
form often write 1 for every point. Images lie beside the file, in `images/`, or where `file_name`
says.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.datasets.notes import DataError, Notes
from facekp_train.datasets.rows import Seen, checked, first_found, read_text
from facekp_train.files import parse_json, write_text
from facekp_train.landmarks import scheme_of
from facekp_train.samples import FaceSample

SPLITS = ("all",)
_FOLDERS = ("", "images")


def read(root: Path, _split: str, _listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every annotated face of the file `root`, which is read whole; the first says the scheme of all.

    Keys that the form does not know are ignored. Raises DataError where it is not COCO's JSON, or
    an object in it has one key twice.
    """
    text = read_text(root)
    try:
        data = parse_json(text, object_pairs_hook=_object)
        images, doubtful = _images(data["images"])
        annotations = data["annotations"]
        seen = _states_seen(annotations)
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise DataError(f"{root} is not COCO-style JSON with images and annotations: {reason}") from None
    places: dict[str, Path] = {}
    faces, points = Seen(), 0
    for number, annotation in enumerate(annotations, 1):
        try:
            name = _image_of(annotation, images, doubtful)
            if name not in places:
                places[name] = first_found(root.parent, _FOLDERS, [name]) or root.parent / name
            sample = _sample(places[name], annotation, seen)
            points = points or len(sample.keypoints)
            if len(sample.keypoints) != points:
                raise ValueError(f"it has {len(sample.keypoints)} keypoints where the others have {points}")
            first = faces.first((name, sample.keypoints.tobytes()), number)
            if first != number:
                raise ValueError(f"the same face of {name} is annotation {first - 1} already")
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            notes.skip(f"{root.name}: annotation {number - 1}", reason)
            continue
        yield sample


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON's readers take the last of two equal keys, and no one would know."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"an object has '{next(n for n, count in counts.items() if count > 1)}' twice")
    return found


def _images(entries: Any) -> tuple[dict[Any, str], set[Any]]:
    """File names by id, and the ids that two different files have."""
    images: dict[Any, str] = {}
    doubtful = set()
    for entry in entries:
        name = str(entry["file_name"])
        if images.setdefault(entry["id"], name) != name:
            doubtful.add(entry["id"])
    return images, doubtful


def _image_of(annotation: dict[str, Any], images: dict[Any, str], doubtful: set[Any]) -> str:
    wanted = annotation["image_id"]
    if wanted not in images:
        raise ValueError(f"no image has its image_id {wanted!r}")
    if wanted in doubtful:
        raise ValueError(f"two different images have its image_id {wanted!r}")
    return images[wanted]


def _states_seen(annotations: Any) -> bool:
    """Whether the file uses v = 2, so that 1 means hidden."""
    lists = (a.get("keypoints") for a in annotations if isinstance(a, dict))
    return any(2 in marks[2::3] for marks in lists if isinstance(marks, list))


def _sample(image: Path, annotation: dict[str, Any], seen: bool) -> FaceSample:
    marks = np.asarray(annotation["keypoints"], float)
    if marks.ndim != 1 or len(marks) % 3:
        raise ValueError(f"{marks.size} keypoint numbers, which is no list of x, y, v")
    marks = marks.reshape(-1, 3)
    scheme_of(len(marks))
    # NaN, which JSON's writers give for what is missing, is no state.
    known = ~(marks[:, 2] <= 0)
    if not known.any():
        raise ValueError("no labelled keypoint")
    checked(marks[known])
    keypoints = np.where(known[:, None], marks[:, :2], np.nan).astype(np.float32)
    return FaceSample(image, keypoints, known & (marks[:, 2] >= (2 if seen else 1)), **_box(annotation))


def _box(annotation: dict[str, Any]) -> dict[str, Any]:
    """A box is used only where the file says which source made it: an unknown one has no mapping."""
    source, values = annotation.get("box_source"), annotation.get("bbox")
    if not source or values is None:
        return {}
    box = np.asarray(values, float)
    if box.shape != (4,) or not np.isfinite(box).all() or box[2:].min() <= 0:
        raise ValueError("its bbox is no x, y, width, height of a positive size")
    x, y, width, height = box.tolist()
    return {"box": (x, y, width, height), "box_source": str(source)}


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
