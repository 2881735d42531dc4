"""A folder of photographs with iBUG `.pts` files beside them, as 300W and its parts ship.

A `.pts` file holds `version: 1`, `n_points: N` and N lines of `x y` between braces, 1-based.
Source: https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.rows import SeenRows, first_found, numbered_lines, read_text, to_numbers
from facekp_train.landmarks import scheme_of
from facekp_train.pictures.folders import folders_below
from facekp_train.pictures.kinds import is_read, kind_of_file, looks_like_picture
from facekp_train.samples import FaceSample

SPLITS = ("all",)
Pair = tuple[Path, Path]
"""An image and its annotation."""
_PLACE = re.compile(r"^\s*\S*\d\S*\s+\S*\d\S*\s*$", re.MULTILINE)
"""A line of two numbers."""


def fits(folder: Path) -> bool:
    """Whether such files lie in it, or below."""
    return folder.is_dir() and any(
        _is_annotation(file) for _, files in folders_below(folder) for file in files
    )


def read_pts(path: Path) -> NDArray[np.float32]:
    """Keypoints [N, 2] of a `.pts` file's first block, pixels from 0. Raises ValueError in words."""
    return _read_blocks(path)[0]


def _read_blocks(path: Path) -> tuple[NDArray[np.float32], str]:
    """The first block's keypoints, and what stands behind it."""
    text = read_text(path, errors="replace")
    before, brace, rest = text.partition("{")
    body, closing, behind = rest.partition("}")
    if not brace or not closing:
        raise ValueError(_without_braces(text))
    header = dict(line.lower().split(":", 1) for line in before.splitlines() if ":" in line)
    stated = {name.strip(): value for name, value in header.items()}.get("n_points")
    values = _numbers(body, before)
    try:
        count = len(values) // 2 if stated is None else int(stated)
    except ValueError:
        raise ValueError("n_points is not a number") from None
    if values.size != 2 * count:
        raise ValueError(f"it states {count} points but holds {values.size / 2:g}")
    scheme_of(count)
    return (values.reshape(count, 2) - 1).astype(np.float32), behind


def _numbers(body: str, before: str) -> NDArray[np.float64]:
    try:
        return to_numbers(body.split())
    except ValueError as whole:
        faults = ((place, _fault_of(line)) for place, line in enumerate(body.split("\n")))
        place, fault = next(((place, fault) for place, fault in faults if fault), (0, str(whole)))
        raise ValueError(f"line {before.count(chr(10)) + place + 1}: {fault}") from None


def _fault_of(line: str) -> str | None:
    try:
        to_numbers(line.split())
    except ValueError as error:
        return str(error)
    return None


def _without_braces(text: str) -> str:
    first = text.split()[:1]
    if first and first[0].isdecimal():
        return "it begins with a count; a .pts file has 'n_points: COUNT' and braces around its points"
    return "it has no pair of braces around its points, or is cut short"


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:  # noqa: ARG001
    """Faces of a folder and its subfolders by name, or of the images that a list file names.

    `listing` is a text file with one image path a line, relative to `root`. The first face says how
    many keypoints the others have. Raises FileNotFoundError where the list, or every annotation, is
    absent.
    """
    pairs = _listed(root, listing, notes) if listing else _walked(root, notes)
    return read_pairs(pairs, notes)


def read_pairs(pairs: Iterator[Pair], notes: Notes, points: int | None = None) -> Iterator[FaceSample]:
    """Faces of images with their annotations; `points` is the count that every face must have."""
    for image, annotation in pairs:
        try:
            keypoints, behind = _read_blocks(annotation)
            points = points or len(keypoints)
            if len(keypoints) != points:
                raise ValueError(f"it has {len(keypoints)} points where the others have {points}")
        except (ValueError, OSError) as error:
            notes.skip(annotation, error)
            continue
        if "{" in behind or _PLACE.search(behind):
            blocks = 1 + (behind.count("{") or 1)
            notes.skip(annotation, f"of its {blocks} blocks of points the first is used; keep one a file")
        yield FaceSample(image, keypoints, np.ones(points, bool))


def pairs_in(files: Sequence[Path], notes: Notes) -> Iterator[Pair]:
    """Every `.pts` file of one folder with its image, by name.

    files: the folder's. Names are matched exactly, else without regard to case. An annotation without
    an image, and an image without one, are noted as skipped; of several images that are read the first
    by name is taken, with a warning.
    """
    images = _by_stem(file for file in files if looks_like_picture(file))
    bare = dict.fromkeys(image for found in images.values() for image in found)
    for annotation in filter(_is_annotation, files):
        found = _named(images, annotation.stem)
        for image in found:
            bare.pop(image, None)
        # Where one is read, the others are no doubt.
        found = [image for image in found if _is_read(image)] or found[:1]
        if not found:
            notes.skip(annotation, "no image lies beside it")
            continue
        if len(found) > 1:
            others = ", ".join(image.name for image in found[1:])
            notes.warn(f"{annotation} may belong to {found[0].name}, which is used, or to {others}")
        yield found[0], annotation
    for image in bare:
        notes.skip(image, "no .pts file lies beside it")


def _walked(root: Path, notes: Notes) -> Iterator[Pair]:
    seen = False
    for _, files in folders_below(root, closed=notes.skip):
        for pair in pairs_in(files, notes):
            seen = True
            yield pair
    if not seen and not any(entry["file"].lower().endswith(".pts") for entry in notes.skipped):
        raise FileNotFoundError(f"no image with a .pts file lies in {root}")


def _listed(root: Path, listing: str, notes: Notes) -> Iterator[Pair]:
    file = next((f for f in (root / listing, Path(listing)) if f.is_file()), None)
    if file is None:
        raise FileNotFoundError(f"the list {listing} is neither in {root} nor a path of its own")
    seen = SeenRows()
    folders: dict[Path, dict[str, list[Path]]] = {}
    for number, line in numbered_lines(file):
        if not (name := line.strip()):
            continue
        image = first_found(root, [""], [name])
        if image is None:
            notes.skip(f"{file}:{number}", f"the image {root / name} is missing")
            continue
        first = seen.first((os.path.normpath(image), b""), number)
        if first != number:
            notes.skip(f"{file}:{number}", f"the image {image} is named in line {first} already")
        elif annotation := _beside(image, folders):
            yield image, annotation
        else:
            notes.skip(f"{file}:{number}", f"no .pts file lies beside {image}")


def _beside(image: Path, folders: dict[Path, dict[str, list[Path]]]) -> Path | None:
    """The annotation of an image; folders are listed, and remembered, where its name differs in case."""
    exact = image.with_suffix(".pts")
    if exact.is_file():
        return exact
    if image.parent not in folders:
        folders[image.parent] = _by_stem(filter(_is_annotation, sorted(image.parent.iterdir())))
    return next(iter(_named(folders[image.parent], image.stem)), None)


def _by_stem(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Stem, and stem in lower case, -> files."""
    exact: dict[str, list[Path]] = {}
    folded: dict[str, list[Path]] = {}
    for file in files:
        exact.setdefault(file.stem, []).append(file)
        folded.setdefault(file.stem.lower(), []).append(file)
    return folded | exact


def _named(files: dict[str, list[Path]], stem: str) -> list[Path]:
    return files.get(stem) or files.get(stem.lower(), [])


def _is_annotation(file: Path) -> bool:
    return file.suffix.lower() == ".pts" and not file.name.startswith("._")


def _is_read(image: Path) -> bool:
    """A file of no kind is a damaged one of its name's: a doubt."""
    kind = kind_of_file(image)
    return kind is None or is_read(kind)
