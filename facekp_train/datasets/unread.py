"""Files that look like annotations and are not read as they are, with what to do instead."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from facekp_train.common.files import parse_json
from facekp_train.datasets.reading.rows import read_text
from facekp_train.pictures.kinds import looks_like_picture

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
_SHORT_FORM = "Label Studio's short form, of which the full one alone is read; export the project as JSON"


def remedy_of(file: Path) -> str | None:
    """What a file is and what to do with it, to end a sentence; None for one that is not known."""
    suffix = file.suffix.lower()
    if suffix in _ARCHIVES:
        return "an archive; unpack it and give its folder"
    try:
        if suffix in (".csv", ".tsv"):
            return _of_header(next(csv.reader([read_text(file).partition("\n")[0]]), []))
        if suffix == ".json":
            return _of_document(parse_json(read_text(file)))
    except (ValueError, RecursionError, OSError, csv.Error):
        return None
    if looks_like_picture(file):
        return (
            "a photograph, which says nothing of keypoints; give the annotations, or have a net label it: "
            "facekp-detect, then facekp-train label (docs/guides/compress.md)"
        )
    return None


def _of_header(columns: list[str]) -> str | None:
    if {"annotation_id", "annotator"} <= set(columns):
        return _SHORT_FORM
    if "region_shape_attributes" in columns:
        return "VIA's CSV, of which JSON alone is read; export the annotations as JSON"
    return None


def _of_document(data: Any) -> str | None:
    first = data[0] if isinstance(data, list) and data else data
    if not isinstance(first, dict):
        return None
    if isinstance(data, list):
        return _SHORT_FORM if {"annotation_id", "annotator"} <= first.keys() else None
    if {"metadata", "view", "attribute"} <= first.keys():
        return "a project of VIA 3, which is not read; annotate in VIA 2, or convert it to COCO's form"
    if {"images", "skipped"} <= first.keys() or {"image", "faces"} <= first.keys():
        return (
            "what facekp-detect found, which nobody labeled; facekp-train label --data detect:FILE has a "
            "net label it (docs/guides/compress.md)"
        )
    return None
