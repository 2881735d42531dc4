"""dlib's XML, which its tool imglab writes: `dataset`, `images`, `image`, `box`, `part`.

https://github.com/davisking/dlib/tree/master/tools/imglab. A face is a `box` with `part`s of a name and whole
pixels from 0, which imglab's templates number. A box with `ignore` is none that its annotator could see. Who
made the boxes stands in the file's `comment`, `box_source=NAME`, where it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.rows import stated_size
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.listed_boxes import stated_source
from facekp_train.datasets.tools.marks import Mark, MarkedFace, samples
from facekp_train.datasets.tools.xml_files import begins_with, flag, number, read_xml
from facekp_train.samples import Box, FaceSample


def fits(file: Path) -> bool:
    """Whether it is such a file."""
    return file.suffix.lower() == ".xml" and begins_with(file, "dataset")


def read(root: Path, _split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the file `root`; `listing` is the folder of the photographs.

    Raises DataError for another file.
    """
    document = read_xml(root, "dataset", "dlib's XML")
    faces: list[MarkedFace] = []
    source = stated_source(document.findtext("comment"))
    ignored = bare = 0
    for image in document.iter("image"):
        name = image.get("file", "")
        size = stated_size(image.get("width"), image.get("height"))
        for place, box in enumerate(image.findall("box"), 1):
            try:
                if flag(box, "ignore"):
                    ignored += 1
                    continue
                marks = tuple(
                    Mark(number(part, "x"), number(part, "y"), part.get("name", ""))
                    for part in box.findall("part")
                )
                around = _around(box)
            except ValueError as error:
                notes.skip(f"{root.name}: box {place} of {name}", error)
                continue
            bare += not marks
            if marks:
                faces.append(MarkedFace(name, marks, f"box {place} of {name}", size, (), around, source))
    yield from samples(root, faces, Places(root, listing, "dlib"), notes)
    if ignored:
        notes.warn(f"{root}: boxes to be ignored are left out: {ignored:,}")
    if bare:
        notes.warn(f"{root}: boxes without parts are left out: {bare:,}")


def _around(box: Element) -> Box:
    left, top, width, height = (number(box, key) for key in ("left", "top", "width", "height"))
    return left, top, width, height
