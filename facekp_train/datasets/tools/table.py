"""A table of faces: CSV with a header, a row a face, the photograph's name and two columns a keypoint.

The form of https://www.kaggle.com/c/facial-keypoints-detection with a photograph's name: columns are called
NAME_x and NAME_y, x_NAME and y_NAME, or x1 and y1. An empty cell is a keypoint that is not labeled.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import read_text, to_numbers
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.marks import Mark, MarkedFace, samples
from facekp_train.samples import FaceSample

IMAGE_COLUMNS = (
    "image", "file", "filename", "file_name", "image_name", "image_path", "path", "img", "name", "image_id",
)  # fmt: skip
_SEPARATORS = ",;\t"
_FIRST = re.compile(r"(?P<axis>[xy])[ _.-]?(?P<name>.+)", re.IGNORECASE)
_LAST = re.compile(r"(?P<name>.+?)[ _.-]?(?P<axis>[xy])", re.IGNORECASE)


def fits(file: Path) -> bool:
    """Whether its first line is such a header."""
    if file.suffix.lower() not in (".csv", ".tsv"):
        return False
    try:
        with file.open(encoding="utf-8-sig") as stream:
            _columns(_split(stream.readline(1 << 20)))
    except (OSError, ValueError, csv.Error):
        return False
    return True


def read(root: Path, _split_name: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the file `root`; `listing` is the folder of the photographs.

    Raises DataError for a header that names no photograph or no keypoints.
    """
    lines = read_text(root).splitlines()
    separator = _separator(lines[0] if lines else "")
    rows = _rows(root, lines, separator)
    try:
        image, places = _columns(next(rows, (1, []))[1])
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{root}: {error}") from None
    faces: list[MarkedFace] = []
    for number, row in rows:
        if not any(row):
            continue
        try:
            marks = tuple(_mark(row, name, x, y) for name, (x, y) in places.items())
            faces.append(MarkedFace(row[image], marks, f"line {number}"))
        except (ValueError, IndexError) as error:
            reason = "it has fewer columns than the header" if isinstance(error, IndexError) else error
            notes.skip(f"{root.name}: line {number}", reason)
    yield from samples(root, faces, Places(root, listing, "csv"), notes)


def _rows(root: Path, lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row and its line from 1. A quotation mark that is not closed would swallow what follows."""
    rows = csv.reader(lines, delimiter=separator, strict=True)
    first = 1
    try:
        for row in rows:
            yield first, row
            first = rows.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{root}: line {first}: {error}; close every quotation mark, and write one in a cell twice"
        ) from None


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)


def _split(line: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], delimiter=_separator(line)), [])


def _columns(header: Sequence[str]) -> tuple[int, dict[str, tuple[int, int]]]:
    """Where the photograph's name is, and each keypoint's x and y. Raises ValueError in words."""
    plain = [name.strip() for name in header]
    image = next((plain.index(name) for name in plain if name.lower() in IMAGE_COLUMNS), None)
    if image is None:
        raise ValueError(
            f"no column of its header names the photograph ({', '.join(plain[:6])}); call it image"
        )
    for form in (_LAST, _FIRST):
        found: dict[str, dict[str, int]] = {}
        for place, text in enumerate(plain):
            if place != image and (match := form.fullmatch(text)):
                found.setdefault(match["name"], {})[match["axis"].lower()] = place
        pairs = {name: (axes["x"], axes["y"]) for name, axes in found.items() if len(axes) == 2}
        if len(pairs) > 1:
            return image, pairs
    if "region_shape_attributes" in plain:
        raise ValueError("it is VIA's CSV, of which JSON alone is read; export the annotations as JSON")
    raise ValueError("its header names no keypoints; call their columns NAME_x and NAME_y")


def _mark(row: Sequence[str], name: str, x: int, y: int) -> Mark:
    texts = row[x].strip(), row[y].strip()
    if not all(texts):
        return Mark(0, 0, name, labeled=False)
    across, down = to_numbers(texts)
    return Mark(float(across), float(down), name)
