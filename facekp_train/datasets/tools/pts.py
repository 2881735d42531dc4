"""A folder of photographs with iBUG `.pts` files beside them, as 300W and its parts ship.

A `.pts` file holds `version: 1`, `n_points: N` and N lines of `x y` between braces, 1-based.
Source: https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.reading.rows import SeenRows, first_found, numbered_lines, read_text, to_numbers
from facekp_train.landmarks import scheme_of
from facekp_train.samples import FaceSample

SPLITS = ("all",)
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")

Pair = tuple[Path, Path]
"""An image and its annotation."""


def read_pts(path: Path) -> NDArray[np.float32]:
    """Keypoints [N, 2] of a `.pts` file, pixels from 0. Raises ValueError saying what is wrong."""
    text = read_text(path, errors="replace")
    before, brace, rest = text.partition("{")
    body, closing, _ = rest.partition("}")
    if not brace or not closing:
        raise ValueError("it has no pair of braces around its points, or is cut short")
    header = dict(line.lower().split(":", 1) for line in before.splitlines() if ":" in line)
    stated = {name.strip(): value for name, value in header.items()}.get("n_points")
    values = to_numbers(body.split())
    try:
        count = len(values) // 2 if stated is None else int(stated)
    except ValueError:
        raise ValueError("n_points is not a number") from None
    if values.size != 2 * count:
        raise ValueError(f"it states {count} points but holds {values.size / 2:g}")
    scheme_of(count)
    return (values.reshape(count, 2) - 1).astype(np.float32)


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
            keypoints = read_pts(annotation)
            points = points or len(keypoints)
            if len(keypoints) != points:
                raise ValueError(f"it has {len(keypoints)} points where the others have {points}")
        except (ValueError, OSError) as error:
            notes.skip(annotation, error)
            continue
        yield FaceSample(image, keypoints, np.ones(points, bool))


def pairs_in(folder: Path, notes: Notes) -> Iterator[Pair]:
    """Every `.pts` file of one folder with its image, by name.

    Names are matched exactly, else without regard to case. An annotation without an image, and an
    image without one, are noted as skipped; of several images the first by name is taken, with a
    warning.
    """
    images = _by_stem(folder, IMAGE_SUFFIXES)
    bare = dict.fromkeys(image for found in images.values() for image in found)
    for annotation in _files(folder, (".pts",)):
        found = _named(images, annotation.stem)
        for image in found:
            bare.pop(image, None)
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
    for folder, folders, _ in os.walk(root):
        folders.sort()
        for pair in pairs_in(Path(folder), notes):
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
        folders[image.parent] = _by_stem(image.parent, (".pts",))
    return next(iter(_named(folders[image.parent], image.stem)), None)


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, list[Path]]:
    """Stem, and stem in lower case, -> the folder's files with one of the suffixes."""
    exact: dict[str, list[Path]] = {}
    folded: dict[str, list[Path]] = {}
    for file in _files(folder, suffixes):
        exact.setdefault(file.stem, []).append(file)
        folded.setdefault(file.stem.lower(), []).append(file)
    return folded | exact


def _named(files: dict[str, list[Path]], stem: str) -> list[Path]:
    return files.get(stem) or files.get(stem.lower(), [])


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files by name; without the `._NAME` files that macOS leaves in archives beside the real ones."""
    return sorted(f for f in folder.iterdir() if f.suffix.lower() in suffixes and not f.name.startswith("._"))
