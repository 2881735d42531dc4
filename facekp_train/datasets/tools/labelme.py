"""LabelMe's JSON: a folder with one file a photograph.

https://github.com/wkentaro/labelme: a keypoint is a shape of type `point` with its label. A face is what has
one `group_id`, or else the photograph. A flag `hidden` or `occluded` of a shape (LabelMe's `--labelflags`)
says so. The only `rectangle` of the group is the face's box; its `description` may say `box_source=NAME`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.notes import DataError, Notes, in_short, in_words
from facekp_train.datasets.reading.rows import read_text, stated_size
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import ReadBox, one_each, readable, stated_source
from facekp_train.datasets.tools.marks import LeftOut, Mark, MarkedFace, samples
from facekp_train.pictures.folders import folders_below
from facekp_train.samples import FaceSample

_TRIED = 10
_HIDDEN = ("hidden", "occluded")


def fits(folder: Path) -> bool:
    """Whether such files lie in it, by the first that are there."""
    return folder.is_dir() and any(_document(file) for file in list(_files(folder))[:_TRIED])


def _files(folder: Path, closed: Callable[[Path, str], None] | None = None) -> Iterator[Path]:
    for _, files in folders_below(folder, closed=closed):
        yield from (file for file in files if file.suffix.lower() == ".json")


def _document(file: Path) -> dict[str, Any] | None:
    """The file's content; None where LabelMe did not write it. Raises ValueError where it is no JSON."""
    try:
        data = parse_json(read_text(file))
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and {"shapes", "imagePath"} <= data.keys() else None


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the folder `root` and those in it; `listing` is the folder of the photographs.

    Raises DataError for a folder without such a file.
    """
    faces, left = list[MarkedFace](), LeftOut()
    for file in _files(root, notes.skip):
        if (data := _document(file)) is None:
            notes.skip(file, "it is not LabelMe's JSON")
            continue
        try:
            own = _faces(root, file, data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            notes.skip(file, in_words(error))
            continue
        left.photographs += not own
        kinds = (str(shape["shape_type"]) for shape in data["shapes"])
        left.shapes.update(kind for kind in kinds if kind not in ("point", "rectangle"))
        faces += own
    if not faces and not left.photographs:
        raise DataError(f"{root} holds none of LabelMe's JSON files with keypoints{in_short(notes.skipped)}")
    # Places count from the folder that a file lies in.
    yield from samples(root, faces, Places(root / "*.json", listing, "labelme"), notes, left)


def _faces(root: Path, file: Path, data: dict[str, Any]) -> list[MarkedFace]:
    size = stated_size(data.get("imageWidth"), data.get("imageHeight"))
    groups: dict[Any, list[Mark]] = {}
    for shape in data["shapes"]:
        if shape["shape_type"] == "point":
            (x, y), *_ = shape["points"]
            flags = shape.get("flags") or {}
            hidden = any(flags.get(name) for name in _HIDDEN)
            mark = Mark(float(x), float(y), str(shape["label"]), not hidden)
            groups.setdefault(shape.get("group_id"), []).append(mark)
    rectangles = readable(data["shapes"], _box)
    boxes = one_each(list(map(str, groups)), rectangles)
    name = str(data["imagePath"]).replace("\\", "/")
    beside = (file.parent.relative_to(root) / name).as_posix()
    where = file.relative_to(root).as_posix()
    others = (name, name.rpartition("/")[2])
    return [
        MarkedFace(beside, tuple(marks), f"face {number} of {where}", size, others, *box)
        for number, (marks, box) in enumerate(zip(groups.values(), boxes, strict=True), 1)
    ]


def _box(shape: dict[str, Any]) -> ReadBox | None:
    """A rectangle's group, its box by two opposite corners, and who made it."""
    if shape["shape_type"] != "rectangle":
        return None
    (x, y), (other_x, other_y) = ((float(x), float(y)) for x, y in shape["points"])
    box = min(x, other_x), min(y, other_y), abs(other_x - x), abs(other_y - y)
    return str(shape.get("group_id")), box, stated_source(shape.get("description"))
