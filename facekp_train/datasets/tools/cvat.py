"""CVAT's XML for images, version 1.1: `annotations.xml` with the photographs in `images` beside it.

https://docs.cvat.ai/docs/other/xml_format. A face is a `skeleton`, whose `points` have a label each, or one
`points` element with all of a face's points in order. Points of one place each are a face together, those
of one `group_id` or else of the photograph. `outside` means not labeled, `occluded` hidden. A box
of a face's `group_id` counts where its attribute `box_source` says who made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import stated_size
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import UNNAMED, ReadBox, one_each, readable
from facekp_train.datasets.tools.marks import LeftOut, Mark, MarkedFace, samples
from facekp_train.datasets.tools.xml_files import begins_with, flag, number, read_xml
from facekp_train.samples import FaceSample

# With what says something of the whole photograph.
_READ = ("skeleton", "points", "box", "tag")


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    return file.suffix.lower() == ".xml" and begins_with(file, "annotations")


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the file `root`; `listing` is the folder of the photographs.

    Raises DataError for another file, and for CVAT's form for videos.
    """
    document = read_xml(root, "annotations", "CVAT's XML for images")
    if document.find("track") is not None:
        raise DataError(f"{root} is CVAT's XML for videos; export the task as 'CVAT for images 1.1'")
    faces, left = list[MarkedFace](), LeftOut()
    for image in document.iter("image"):
        try:
            own = _faces(image)
        except ValueError as error:
            notes.skip(f"{root.name}: image {image.get('name') or image.get('id')}", error)
            continue
        left.photographs += not own
        left.shapes.update(each.tag for each in image if each.tag not in _READ)
        faces += own
    yield from samples(root, faces, Places(root, listing, "cvat"), notes, left)


def _faces(image: Element) -> list[MarkedFace]:
    name = image.get("name")
    if not name:
        raise ValueError("it has no name")
    size = stated_size(image.get("width"), image.get("height"))
    # Of a project's photographs each subset has a folder.
    others = (f"{subset}/{name}",) if (subset := image.get("subset")) else ()
    marks = [(_marks(each), each.get("group_id")) for each in image.findall("skeleton")]
    loose: dict[str, list[Mark]] = {}
    for element in image.findall("points"):
        places = _places(element)
        if len(places) == 1:
            loose.setdefault(element.get("group_id") or "", []).append(_mark(element, places[0]))
        else:
            seen = not flag(element, "occluded")
            marks.append(([Mark(x, y, visible=seen) for x, y in places], element.get("group_id")))
    marks += [(own, group) for group, own in loose.items()]
    marks = [(own, group) for own, group in marks if own]
    boxes = one_each([group or "" for _, group in marks], readable(image.findall("box"), _box))
    return [
        MarkedFace(name, tuple(own), f"face {place} of {name}", size, others, *box)
        for place, ((own, _), box) in enumerate(zip(marks, boxes, strict=True), 1)
    ]


def _box(box: Element) -> ReadBox | None:
    """The group, the box and who made it; None where it is turned."""
    if number(box, "rotation", 0):
        return None
    source = next((a.text for a in box.findall("attribute") if a.get("name") == "box_source"), None)
    left, top, right, bottom = (number(box, key) for key in ("xtl", "ytl", "xbr", "ybr"))
    return box.get("group_id") or "", (left, top, right - left, bottom - top), source or UNNAMED


def _marks(skeleton: Element) -> list[Mark]:
    return [_mark(points, _places(points)[0]) for points in skeleton.findall("points")]


def _mark(element: Element, place: tuple[float, float]) -> Mark:
    hidden, absent = flag(element, "occluded"), flag(element, "outside")
    return Mark(*place, element.get("label", ""), not hidden, not absent)


def _places(element: Element) -> list[tuple[float, float]]:
    """`x,y;x,y`, pixels."""
    found = []
    for pair in (element.get("points") or "").split(";"):
        x, comma, y = pair.partition(",")
        try:
            found.append((float(x), float(y)))
        except ValueError:
            comma = ""
        if not comma:
            raise ValueError(f"its points hold '{pair[:40]}', which is not x,y")
    return found
