"""Label Studio's JSON: a list of tasks with their photograph and annotations.

https://labelstud.io/guide/task_format and https://labelstud.io/tags/keypointlabels: `x` and `y` are percent
of the photograph, whose size each result states. A face is what has one `parentID` (keypoints drawn inside a
rectangle, which is the face's box; its note may say `box_source=NAME`), or else the whole photograph. Labels
of a tag of their own (`Labels` beside `KeyPoint`) are results with the keypoint's id. A keypoint with the
choice, or with another label, `hidden` or `occluded` is not visible. Predictions are read where nobody has
annotated anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.notes import DataError, Notes, in_words
from facekp_train.datasets.reading.rows import read_text, stated_size
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED, ReadBox, readable, stated_source
from facekp_train.datasets.tools.marks import LeftOut, Mark, MarkedFace, samples
from facekp_train.samples import Box, FaceSample

_HIDDEN = {"hidden", "occluded"}
_KEYPOINTS, _RECTANGLES = ("keypointlabels", "keypoint"), ("rectanglelabels", "rectangle")
_OTHER_SHAPES = ("polygon", "ellipse", "brush", "vector", "bitmask")
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that was uploaded."""


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    if file.suffix.lower() != ".json":
        return False
    try:
        tasks = parse_json(read_text(file))
    except (ValueError, RecursionError, OSError):
        return False
    return isinstance(tasks, list) and bool(tasks) and all(map(_is_task, tasks[:3]))


def _is_task(task: Any) -> bool:
    return isinstance(task, dict) and isinstance(task.get("data"), dict) and "annotations" in task


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the file `root`; `listing` is the folder of the photographs.

    Of several annotations of a task the first that was not cancelled counts. Raises DataError for another
    file, such as the short form (JSON-MIN).
    """
    try:
        tasks = parse_json(read_text(root))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{root} is not Label Studio's JSON: {error}") from None
    if not isinstance(tasks, list) or not all(map(_is_task, tasks)):
        raise DataError(
            f"{root} is not Label Studio's JSON, a list of tasks with data and annotations; export the "
            "project as JSON, not as JSON-MIN"
        )
    key = "annotations" if any(task["annotations"] for task in tasks) else "predictions"
    faces, left = list[MarkedFace](), LeftOut()
    several = 0
    for place, task in enumerate(tasks):
        try:
            done = [each for each in task.get(key) or () if not each.get("was_cancelled")]
            results = (done[0].get("result") or []) if done else []
            own = _faces(task, results) if results else []
            kinds = [str(each.get("type")).removesuffix("labels") for each in results]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            notes.skip(f"{root.name}: task {task.get('id', place)}", in_words(error))
            continue
        several += len(done) > 1
        left.photographs += not own
        left.shapes.update(kind for kind in kinds if kind in _OTHER_SHAPES)
        faces += own
    yield from samples(root, faces, Places(root, listing, "labelstudio"), notes, left)
    if faces and key == "predictions":
        notes.warn(f"{root}: nobody has annotated anything, so that a model's predictions are read")
    if several:
        notes.warn(f"{root}: photographs that several annotated, of whom the first counts: {several:,}")


def _faces(task: dict[str, Any], results: list[dict[str, Any]]) -> list[MarkedFace]:
    names = image_names(task["data"])
    hidden = {each.get("id") for each in results if _is_hidden(each)}
    boxes: dict[str, tuple[Box | None, str]] = {
        parent: (box, source) for parent, box, source in readable(results, _box)
    }
    labels = {each.get("id"): each["value"]["labels"] for each in results if each.get("type") == "labels"}
    groups: dict[str, list[Mark]] = {}
    size = None
    for result in results:
        if result.get("type") not in _KEYPOINTS:
            continue
        size, value = _size(result), result["value"]
        own = labels[result.get("id")] if result["type"] == "keypoint" else value["keypointlabels"]
        x, y = float(value["x"]) / 100 * size[0], float(value["y"]) / 100 * size[1]
        seen = result.get("id") not in hidden and not _HIDDEN & set(own)
        name, *_ = (label for label in own if label not in _HIDDEN)
        groups.setdefault(str(result.get("parentID") or ""), []).append(Mark(x, y, str(name), seen))
    what = f"of task {task.get('id')}"
    return [
        MarkedFace(
            names[0],
            tuple(marks),
            f"face {number} {what}",
            size,
            names[1:],
            *boxes.get(group, (None, UNNAMED)),
        )
        for number, (group, marks) in enumerate(groups.items(), 1)
    ]


def _is_hidden(result: dict[str, Any]) -> bool:
    return result.get("type") == "choices" and bool(_HIDDEN & set(result["value"].get("choices") or ()))


def _box(result: dict[str, Any]) -> ReadBox | None:
    """A rectangle's id and the box that it is, unless it is turned, and who made it."""
    if result.get("type") not in _RECTANGLES or result["value"].get("rotation"):
        return None
    notes = (result.get("meta") or {}).get("text") or ()
    (width, height), value = _size(result), result["value"]
    x, y, w, h = (float(value[key]) / 100 for key in ("x", "y", "width", "height"))
    box = x * width, y * height, w * width, h * height
    return str(result.get("id")), box, stated_source(*notes)


def _size(result: dict[str, Any]) -> tuple[int, int]:
    size = stated_size(result["original_width"], result["original_height"])
    if size is None or min(size) < 1:
        raise ValueError("its original_width and original_height are not the size of a photograph")
    if result.get("image_rotation"):
        raise ValueError(
            f"the photograph was turned by {result['image_rotation']} degrees in Label Studio; turn the file"
        )
    return size


def image_names(data: dict[str, Any]) -> tuple[str, ...]:
    """What the photograph of a task may be called here: its path, the last part, the name before upload."""
    text = next((value for value in data.values() if isinstance(value, str) and "." in value), None)
    if text is None:
        raise ValueError("its data name no photograph")
    parts = urlsplit(text)
    # Of local files the path stands in the query.
    path = parse_qs(parts.query).get("d", [unquote(parts.path)])[0].lstrip("/")
    last = path.rpartition("/")[2]
    return tuple(dict.fromkeys((path, last, _UPLOADED.sub("", last))))
