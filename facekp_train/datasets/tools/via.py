"""VGG Image Annotator's JSON, a project or its exported annotations, of version 2 and 1.

https://www.robots.ox.ac.uk/~vgg/software/via: a photograph has `regions`; a keypoint is one of shape `point`
with `cx` and `cy`. What annotators call it stands in one of the attributes of regions, which are their own:
the one with most values is taken for the name, one called `face`, `group` or `instance` for the face. One
called, or with the value, `hidden` or `occluded` says so. The only `rect` of a face is its box, whose
attribute `box_source` may say who made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.notes import DataError, Notes, in_words
from facekp_train.datasets.reading.rows import read_text
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED, ReadBox, one_each, readable
from facekp_train.datasets.tools.marks import LeftOut, Mark, MarkedFace, samples
from facekp_train.samples import FaceSample

_PROJECT = "_via_img_metadata"
_HIDDEN = {"hidden", "occluded"}
_NO = ("", "0", "no", "false", "none", "visible")
_FACE_WORDS = ("face", "face_id", "group", "group_id", "instance", "instance_id")


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    if file.suffix.lower() != ".json":
        return False
    try:
        return _images(parse_json(read_text(file))) is not None
    except (ValueError, RecursionError, OSError):
        return False


def _images(data: Any) -> list[dict[str, Any]] | None:
    """The photographs of a project or an export; None where it is neither."""
    listed = data.get(_PROJECT, data) if isinstance(data, dict) else None
    images = list(listed.values()) if isinstance(listed, dict) else []
    known = all(isinstance(each, dict) and {"filename", "regions"} <= each.keys() for each in images)
    return images if images and known else None


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the file `root`; `listing` is the folder of the photographs.

    Raises DataError for another file.
    """
    try:
        images = _images(parse_json(read_text(root)))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{root} is not VIA's JSON: {error}") from None
    if images is None:
        raise DataError(f"{root} is not VIA's JSON: it holds no photographs with filename and regions")
    name, face = _attributes(images)
    faces, left = list[MarkedFace](), LeftOut()
    for image in images:
        try:
            own = _faces(image, name, face)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            notes.skip(f"{root.name}: {image['filename']}", in_words(error))
            continue
        left.photographs += not own
        kinds = (str(region["shape_attributes"].get("name")) for region in _regions(image))
        left.shapes.update(kind for kind in kinds if kind not in ("point", "rect"))
        faces += own
    yield from samples(root, faces, Places(root, listing, "via"), notes, left)


def _regions(image: dict[str, Any]) -> list[dict[str, Any]]:
    """All of a photograph; version 1 numbers them."""
    regions = image["regions"]
    return list((regions.values() if isinstance(regions, dict) else regions) or ())


def _shapes(image: dict[str, Any], shape: str) -> list[dict[str, Any]]:
    return [each for each in _regions(image) if each["shape_attributes"].get("name") == shape]


def _attributes(images: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """The attributes that hold a keypoint's name and its face; None where no region has one."""
    values: dict[str, set[str]] = {}
    for image in images:
        for key, value in _told(image):
            values.setdefault(key, set()).add(value)
    face = next((key for key in values if key.lower() in _FACE_WORDS), None)
    names = [key for key in values if key != face]
    return max(names, key=lambda key: len(values[key]), default=None), face


def _told(image: dict[str, Any]) -> list[tuple[str, str]]:
    """Every attribute of the points with its value; none of a photograph that will be named as unreadable."""
    try:
        told = [region["region_attributes"].items() for region in _shapes(image, "point")]
    except (KeyError, TypeError, AttributeError):
        return []
    return [(key, str(value)) for items in told for key, value in items]


def _faces(image: dict[str, Any], name: str | None, face: str | None) -> list[MarkedFace]:
    groups: dict[str, list[Mark]] = {}
    for region in _shapes(image, "point"):
        shape, told = region["shape_attributes"], region["region_attributes"]
        own = "" if name is None else str(told[name])
        mark = Mark(float(shape["cx"]), float(shape["cy"]), own, not _is_hidden(told))
        groups.setdefault("" if face is None else str(told[face]), []).append(mark)
    boxes = one_each(list(groups), readable(_shapes(image, "rect"), lambda region: _box(region, face)))
    file = str(image["filename"])
    last = file.replace("\\", "/").rpartition("/")[2]
    return [
        MarkedFace(file, tuple(marks), f"face {number} of {last}", None, (last,), *box)
        for number, (marks, box) in enumerate(zip(groups.values(), boxes, strict=True), 1)
    ]


def _is_hidden(told: dict[str, Any]) -> bool:
    """By an attribute's name with a value that is no no, by its value, or by what is ticked of several."""
    said = {key.lower() for key, value in told.items() if str(value).strip().lower() not in _NO}
    ticked = [value for value in told.values() if isinstance(value, dict)]
    said |= {str(key).lower() for each in ticked for key, value in each.items() if value}
    return bool(
        _HIDDEN & (said | {value.strip().lower() for value in told.values() if isinstance(value, str)})
    )


def _box(region: dict[str, Any], face: str | None) -> ReadBox:
    """A rectangle's face, its box, and who made it."""
    shape, told = region["shape_attributes"], region["region_attributes"]
    x, y, width, height = (float(shape[key]) for key in ("x", "y", "width", "height"))
    group = "" if face is None else str(told.get(face, ""))
    return group, (x, y, width, height), str(told.get("box_source") or UNNAMED)
