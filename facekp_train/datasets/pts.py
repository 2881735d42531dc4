"""A folder of photographs with iBUG `.pts` files beside them, as 300W and its parts ship.

A `.pts` file holds `version: 1`, `n_points: N` and N lines of `x y` between braces, 1-based.
Source: https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_train.landmarks import SCHEMES
from facekp_train.samples import FaceSample

SPLITS = ("all",)
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def read_pts(path: Path) -> NDArray[np.float32]:
    """Keypoints [N, 2] of a `.pts` file, pixels from 0. Raises ValueError saying what is wrong."""
    text = path.read_text(encoding="utf-8", errors="replace")
    before, brace, rest = text.partition("{")
    body, closing, _ = rest.partition("}")
    if not brace or not closing:
        raise ValueError("it has no pair of braces around its points, or is cut short")
    stated = [line.split(":")[1] for line in before.splitlines() if line.lower().startswith("n_points")]
    try:
        values = np.array(body.split(), np.float64)
        count = int(stated[0]) if stated else len(values) // 2
    except (ValueError, IndexError):
        raise ValueError("a coordinate or n_points is not a number") from None
    if values.size != 2 * count or count not in SCHEMES:
        raise ValueError(f"it says {count} points and holds {values.size / 2:g}")
    if not np.isfinite(values).all():
        raise ValueError("a coordinate is not finite")
    return (values.reshape(count, 2) - 1).astype(np.float32)


def read(
    root: Path, split: str, listing: str | None, skip: Callable[[str, str], None]
) -> Iterator[FaceSample]:
    """Faces of a folder and its subfolders by name, or of the images that a list file names.

    `listing` is a text file with one image path a line, relative to `root`. Raises
    FileNotFoundError where the list, or every annotation, is absent.
    """
    images = _listed(root, listing) if listing else _walked(root)
    seen = False
    for image in images:
        seen = True
        annotation = _beside(image)
        try:
            if annotation is None:
                raise ValueError("no .pts file lies beside it")
            if not image.is_file():
                raise ValueError("the image is missing")
            keypoints = read_pts(annotation)
        except (ValueError, OSError) as error:
            skip(str(image if annotation is None else annotation), str(error))
            continue
        yield FaceSample(image, keypoints, np.ones(len(keypoints), bool))
    if not seen:
        raise FileNotFoundError(f"no image with a .pts file lies in {root}")


def _listed(root: Path, listing: str) -> Iterator[Path]:
    file = next((f for f in (root / listing, Path(listing)) if f.is_file()), None)
    if file is None:
        raise FileNotFoundError(f"the list {listing} is neither in {root} nor a path of its own")
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield root / line.strip().replace("\\", "/")


def _walked(root: Path) -> Iterator[Path]:
    """Images that have a `.pts` file, folder by folder in the order of names."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        stems = {Path(f).stem for f in files if f.lower().endswith(".pts")}
        for name in sorted(files):
            image = Path(folder, name)
            if image.suffix.lower() in IMAGE_SUFFIXES and image.stem in stems:
                yield image


def _beside(image: Path) -> Path | None:
    for suffix in (".pts", ".PTS", ".Pts"):
        candidate = image.with_suffix(suffix)
        if candidate.is_file():
            return candidate
    return None
