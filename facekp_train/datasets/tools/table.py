"""A table of faces: CSV with a header, a row a face, the photograph's name and two columns a keypoint.

The form of https://www.kaggle.com/c/facial-keypoints-detection with a photograph's name: columns are called
NAME_x and NAME_y, x_NAME and y_NAME, or x1 and y1. An empty cell is a keypoint that is not labeled. NAME_v
or v_NAME may say of it what COCO's v does, `width` and `height` how large the photograph is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.reading.rows import read_text, stated_size, to_numbers
from facekp_train.datasets.tools.coco_places import Places
from facekp_train.datasets.tools.marks import Mark, MarkedFace, samples, seen_by_twos
from facekp_train.samples import FaceSample

IMAGE_COLUMNS = (
    "image", "file", "filename", "file_name", "image_name", "image_path", "path", "img", "name", "image_id",
)  # fmt: skip
_SEPARATORS = ",;\t"
_FIRST = re.compile(r"(?P<axis>[xyv])[ _.-]?(?P<name>.+)", re.IGNORECASE)
_LAST = re.compile(
    r"(?P<name>.+?)[ _.-]?(?P<axis>[xy]|(?<=[ _.-])v(?:is(?:ib(?:le|ility))?)?)", re.IGNORECASE
)
_SIZES = (("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"))
# Beside one of these a bare width and height are a box's.
_CORNERS = {"x", "y", "left", "top", "x_1", "y_1"}
_EMPTY = {"", "na", "n/a", "nan", "null", "none"}
_PIXELS = re.compile(r"\d+(?: \d+){99,}")


@dataclass(frozen=True)
class _Columns:
    """Where a row has the photograph's name, its width and height, and of each keypoint x, y and v."""

    count: int
    image: int
    size: tuple[int, int] | None
    places: dict[str, tuple[int, int, int | None]]


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
        columns = _columns(next(rows, (1, []))[1])
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"{root}: {error}") from None
    faces: list[MarkedFace] = []
    for number, row in rows:
        if not any(row):
            continue
        try:
            faces.append(_face(row, columns, f"line {number}"))
        except (ValueError, IndexError) as error:
            reason = "it has fewer columns than the header" if isinstance(error, IndexError) else error
            notes.skip(f"{root.name}: line {number}", reason)
    yield from samples(root, seen_by_twos(faces), Places(root, listing, "csv"), notes)


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


def _columns(header: Sequence[str]) -> _Columns:
    """What each column is. Raises ValueError in words."""
    plain = [name.strip() for name in header]
    small = [name.lower() for name in plain]
    image = next((place for place, name in enumerate(small) if name in IMAGE_COLUMNS), None)
    if image is None:
        raise ValueError(
            f"no column of its header names the photograph ({', '.join(plain[:6])}); call it image"
        )
    for form in (_LAST, _FIRST):
        found: dict[str, dict[str, int]] = {}
        for place, text in enumerate(plain):
            if place == image or not (match := form.fullmatch(text)):
                continue
            known = found.setdefault(match["name"], {})
            if known.setdefault(match["axis"][0].lower(), place) != place:
                raise ValueError(f"two columns of its header say the same, the second is '{text[:40]}'")
        pairs = {
            name: (axes["x"], axes["y"], axes.get("v"))
            for name, axes in found.items()
            if {"x", "y"} <= axes.keys()
        }
        if len(pairs) > 1:
            return _Columns(len(plain), image, _size(small), pairs)
    if "region_shape_attributes" in plain:
        raise ValueError("it is VIA's CSV, of which JSON alone is read; export the annotations as JSON")
    raise ValueError("its header names no keypoints; call their columns NAME_x and NAME_y")


def _size(names: Sequence[str]) -> tuple[int, int] | None:
    """The columns of the photograph's width and height."""
    known = _SIZES[1:] if _CORNERS & set(names) else _SIZES
    pairs = ((names.index(w), names.index(h)) for w, h in known if w in names and h in names)
    return next(pairs, None)


def _face(row: Sequence[str], columns: _Columns, where: str) -> MarkedFace:
    if any(row[columns.count :]):
        raise ValueError(
            "it has more columns than the header; where a number has a comma, write 1.5, not 1,5"
        )
    name = row[columns.image]
    if _PIXELS.match(name):
        raise ValueError(
            "it has pixels where the name of a photograph belongs; save them as PNG, and name that"
        )
    marks = tuple(_mark(row, *each) for each in columns.places.items())
    size = None if columns.size is None else stated_size(*(row[place].strip() for place in columns.size))
    return MarkedFace(name, marks, where, size)


def _mark(row: Sequence[str], name: str, places: tuple[int, int, int | None]) -> Mark:
    """A keypoint whose state is left out counts as seen."""
    x, y, state = ("2" if place is None else row[place].strip() for place in places)
    if x.lower() in _EMPTY or y.lower() in _EMPTY:
        return Mark(0, 0, name, labeled=False)
    across, down, seen = to_numbers((x, y, "2" if state.lower() in _EMPTY else state))
    if seen not in (0, 1, 2):
        raise ValueError(f"a keypoint's visibility is {seen:g}, not 0, 1 or 2")
    return Mark(float(across), float(down), name, bool(seen == 2), bool(seen))
