"""Faces that `facekp-detect --json` found on photographs without labels: a start for a teacher's.

One photograph's document or a folder's. Image paths are as the command was given them; where none
is there, they count from the document's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.notes import DataError, Notes, in_words
from facekp_train.datasets.reading.rows import checked, first_found, read_text, stated_size
from facekp_train.landmarks import SCHEMES
from facekp_train.samples import FaceSample

SPLITS = ("all",)


def read(root: Path, _split: str, _listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Every face of the document `root`. Raises DataError where facekp-detect did not write it."""
    text = read_text(root)
    try:
        data = parse_json(text)
        entries = data.get("images", [data])
        images = [
            (
                str(entry["image"]),
                list(entry["faces"]),
                stated_size(entry.get("width"), entry.get("height")),
                entry.get("scheme"),
            )
            for entry in entries
        ]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{root} is not what facekp-detect --json prints: {in_words(error)}") from None
    for name, faces, size, scheme in images:
        place = first_found(Path(), ["", str(root.parent)], [name]) or root.parent / name
        for number, face in enumerate(faces):
            sample = _sample_or_reason(place, face)
            if isinstance(sample, FaceSample):
                yield replace(sample, stated_size=size)
                _warn_of_scheme(root, scheme, sample, notes)
            else:
                notes.skip(f"{name}: face {number}", sample)


def _warn_of_scheme(root: Path, stated: object, sample: FaceSample, notes: Notes) -> None:
    """Two schemes may have one count."""
    known = SCHEMES[len(sample.keypoints)].name
    if isinstance(stated, str) and stated != known:
        notes.warn(
            f"{root}: its keypoints are of the scheme '{stated[:40]}' and are read as those of '{known}'; "
            "name theirs with --scheme FILE.yaml"
        )


def _sample_or_reason(image: Path, face: Any) -> FaceSample | str:
    try:
        return _sample(image, face)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return in_words(error)


def _sample(image: Path, face: dict[str, Any]) -> FaceSample:
    keypoints = np.asarray(face["keypoints"], np.float64)
    if keypoints.ndim != 2 or keypoints.shape[1] != 2 or len(keypoints) not in SCHEMES:
        raise ValueError(f"keypoints of shape {list(keypoints.shape)}, which fits no scheme")
    return FaceSample(
        image,
        checked(keypoints).astype(np.float32),
        np.ones(len(keypoints), bool),
        attributes={"score": str(face["score"])},
    )
