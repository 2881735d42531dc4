"""Keypoints in COCO's JSON form: one file with `images`, `annotations` and `categories`.

https://cocodataset.org/#format-data. `keypoints` holds x, y, v by turns, pixels from 0. v = 0 means
not labelled; 1 means hidden only in a file that also uses 2 (seen), since face data sets in this
form often write 1 for every point. COCO-WholeBody's faces are read from `face_kpts` and `face_box`,
except where `face_valid` is false. `coco_places` finds the images, `coco_names` the order of the keypoints.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import SeenRows, checked, read_text, stated_size
from facekp_train.datasets.tools.coco_names import Names
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED, settled, usable
from facekp_train.datasets.tools.marks import take_told
from facekp_train.landmarks import scheme_of
from facekp_train.metadata import read_licence
from facekp_train.samples import FaceSample

SPLITS = ("all",)
_QUOTED = 40


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every annotated face of the file `root`, which is read whole; the first says the scheme of all.

    `listing`, which stands behind '@', is the folder of the photographs.
    Keys that the form does not know are ignored. Raises DataError where it is not COCO's JSON, or
    an object in it has one key twice.
    """
    text = read_text(root)
    try:
        data = parse_json(text, object_pairs_hook=_object)
        images, doubtful = _images(_list(data, "images"))
        sizes = _stated_sizes(_list(data, "images"))
        annotations = _list(data, "annotations")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{root} is not COCO-style JSON with images and annotations: {error}") from None
    if not annotations:
        raise DataError(f"{root} holds no face: its list of annotations is empty")
    seen, without = _states_seen(annotations), 0
    names = Names(data.get("categories"))
    if not any(isinstance(each, dict) and "face_kpts" in each for each in annotations[:1]):
        take_told(root, names.only(), notes)
    places = Places(root, listing)
    faces, points, found = SeenRows(), 0, list[FaceSample]()
    for number, annotation in enumerate(annotations, 1):
        if isinstance(annotation, dict) and annotation.get("face_valid") is False:
            without += 1
            continue
        try:
            name = _image_of(annotation, images, doubtful)
            sample = _sample(places.of(name), annotation, names, seen, sizes[annotation["image_id"]])
            points = points or len(sample.keypoints)
            if len(sample.keypoints) != points:
                raise ValueError(f"it has {len(sample.keypoints)} keypoints where the others have {points}")
            first = faces.first((name, sample.keypoints.tobytes()), number)
            if first != number:
                raise ValueError(f"the same face of {name} is annotation {first - 1} already")
        except ValueError as error:
            notes.skip(f"{root.name}: annotation {number - 1}", error)
            continue
        found.append(sample)
    yield from settled(root, found, notes)
    if missing := places.warning():
        notes.warn(missing)
    for known in names.used.values():
        notes.warn(f"{root}: keypoints are put in order by their names, which the file has as {known}")
    if without:
        notes.warn(f"{root}: annotations that show no face (face_valid is false) are left out: {without:,}")


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    if file.suffix.lower() != ".json":
        return False
    try:
        data = parse_json(read_text(file))
    except (ValueError, RecursionError, OSError):
        return False
    return isinstance(data, dict) and {"images", "annotations"} <= data.keys()


def licence_of(file: Path) -> str | None:
    """What the nets may be used for that placed a file's labels; None where its `info` does not say."""
    try:
        info = parse_json(read_text(file)).get("info")
        return read_licence(info.get("weights_licence")) if isinstance(info, dict) else None
    except (ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"{file} is not COCO-style JSON with images and annotations: {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON's readers take the last of two equal keys, and no one would know."""
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"an object has '{next(n for n, count in counts.items() if count > 1)}' twice")
    return found


def _list(data: Any, name: str) -> list[Any]:
    """One of the document's two lists. Raises ValueError where it is none."""
    if not isinstance(data, dict) or name not in data:
        raise ValueError(f"no '{name}'")
    if not isinstance(data[name], list):
        raise ValueError(f"its '{name}' is not a list")
    return data[name]


def _images(entries: list[Any]) -> tuple[dict[Any, str], set[Any]]:
    """File names by id, and the ids that two different files have."""
    images: dict[Any, str] = {}
    doubtful = set()
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or "file_name" not in entry:
            raise ValueError(f"image {number} has no file_name")
        name, identity = str(entry["file_name"]), _identity(entry, "id", f"image {number}")
        if images.setdefault(identity, name) != name:
            doubtful.add(identity)
    return images, doubtful


def _stated_sizes(entries: list[Any]) -> dict[Any, tuple[int, int] | None]:
    """Width and height by the image's id."""
    return {entry["id"]: stated_size(entry.get("width"), entry.get("height")) for entry in entries}


def _identity(entry: dict[str, Any], key: str, what: str) -> float | str:
    """What images and annotations find each other by."""
    if key not in entry:
        raise ValueError(f"{what} has no '{key}'")
    if not isinstance(entry[key], int | float | str):
        raise ValueError(f"{what} has no number or text as its '{key}'")
    return entry[key]


def _image_of(annotation: Any, images: dict[Any, str], doubtful: set[Any]) -> str:
    if not isinstance(annotation, dict):
        raise ValueError("it is not an object with image_id and keypoints")
    wanted = _identity(annotation, "image_id", "it")
    if wanted not in images:
        raise ValueError(f"no image has its image_id {wanted!r}")
    if wanted in doubtful:
        raise ValueError(f"two different images have its image_id {wanted!r}")
    return images[wanted]


def _keys(annotation: dict[str, Any]) -> tuple[str, str]:
    """Where the keypoints and the box are: COCO-WholeBody has the body's in the usual place."""
    return ("face_kpts", "face_box") if "face_kpts" in annotation else ("keypoints", "bbox")


def _states_seen(annotations: list[Any]) -> bool:
    """Whether the file uses v = 2, so that 1 means hidden."""
    lists = (a.get(_keys(a)[0]) for a in annotations if isinstance(a, dict))
    return any(2 in marks[2::3] for marks in lists if isinstance(marks, list))


def _sample(
    image: Path, annotation: dict[str, Any], names: Names, seen: bool, size: tuple[int, int] | None
) -> FaceSample:
    points, box = _keys(annotation)
    marks = _numbers(annotation, points)
    if len(marks) % 3:
        raise ValueError(f"{len(marks)} keypoint numbers, which is not a list of x, y, v")
    marks = marks.reshape(-1, 3)
    scheme_of(len(marks))
    _check_marks(annotation[points])
    # A category of COCO-WholeBody names the body's.
    if points == "keypoints" and (order := names.order(annotation, len(marks))) is not None:
        marks = marks[list(order)]
    # NaN, which JSON's writers give for what is missing, is no state.
    known = ~(marks[:, 2] <= 0)
    if not known.any():
        raise ValueError("no labeled keypoint")
    checked(marks[known])
    keypoints = np.where(known[:, None], marks[:, :2], np.nan).astype(np.float32)
    visible = known & (marks[:, 2] >= (2 if seen else 1))
    return FaceSample(image, keypoints, visible, **_box(annotation, box), stated_size=size)


def _check_marks(values: list[Any]) -> None:
    """Another v is a confidence, or means what nobody knows; true is no number, though Python counts it."""
    for state in values[2::3]:
        # NaN and null, which JSON's writers give for what is missing, are met with their places.
        missing = state is None or state != state  # noqa: PLR0124
        if not missing and (isinstance(state, bool) or state not in (0, 1, 2)):
            raise ValueError(f"a keypoint's v is {json.dumps(state)}, not 0, 1 or 2")
    if (wrong := next((value for value in values if isinstance(value, bool)), None)) is not None:
        raise ValueError(f"its keypoints hold {json.dumps(wrong)}, which is not a number")


def _box(annotation: dict[str, Any], key: str) -> dict[str, Any]:
    """The face's box. One that is stated to be somebody's has to be a box; any other may stand for none."""
    source = str(annotation.get("box_source") or UNNAMED)
    if annotation.get(key) is None:
        return {}
    try:
        box = _numbers(annotation, key).tolist()
        if not usable(box):
            raise ValueError(f"its {key} is not x, y, width, height with a positive size")
    except ValueError:
        if source != UNNAMED:
            raise
        return {}
    return {"box": tuple(box), "box_source": source}


def _numbers(annotation: dict[str, Any], key: str) -> NDArray[np.float64]:
    """A list of numbers [N], null as NaN. Raises ValueError in words for what is none."""
    if key not in annotation:
        raise ValueError(f"it has no '{key}'")
    values = annotation[key]
    if not isinstance(values, list):
        raise ValueError(f"its '{key}' is not a list of numbers")
    for value in values:
        if value is not None and not isinstance(value, int | float):
            raise ValueError(f"its '{key}' holds {json.dumps(value)[:_QUOTED]}, which is not a number")
    return np.array(values, np.float64)
