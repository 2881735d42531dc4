"""COCO's JSON (https://cocodataset.org/#format-data), with keypoints' names and lines, and a box a face."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.files import resolved, write_text
from facekp_train.datasets.writing.written import Entry, scheme_for
from facekp_train.schemes import Scheme


def write(
    target: Path, faces: Iterable[Entry], scheme: Scheme | None = None, info: dict[str, Any] | None = None
) -> int:
    """Write faces; file names are relative to the file for photographs below its folder, else absolute.

    Args:
        target: the file.
        faces: of one scheme.
        scheme: of their keypoints; None for the default of their count.
        info: of the whole file, as COCO's `info`; None for none.

    Returns:
        How many faces.
    """
    images: dict[Path, dict[str, Any]] = defaultdict(dict)
    annotations: list[dict[str, Any]] = []
    entries = list(faces)
    for entry in entries:
        image = images[entry.sample.image]
        if not image:
            name, (width, height) = _relative(entry.sample.image, target.parent), entry.size
            image.update(id=len(images), file_name=name, width=width, height=height)
        annotations.append(_annotation(entry, len(annotations) + 1, image["id"]))
    category = {"id": 1, "name": "face"}
    document = {} if info is None else {"info": info}
    document |= {
        "images": list(images.values()),
        "annotations": annotations,
        "categories": [category | _points(scheme_for(entries, scheme))],
    }
    write_text(target, json.dumps(document))
    return len(entries)


def _points(scheme: Scheme | None) -> dict[str, Any]:
    """A category's keypoints: their names, and pairs of them from 1 that are joined."""
    if scheme is None:
        return {"keypoints": [], "skeleton": []}
    joined = [[a + 1, b + 1] for line in scheme.lines for a, b in pairwise(line)]
    return {"keypoints": list(scheme.names), "skeleton": joined}


def _annotation(entry: Entry, number: int, image: int) -> dict[str, Any]:
    sample = entry.sample
    known = np.isfinite(sample.keypoints).all(axis=1)
    visibility = np.where(known, np.where(sample.visible, 2, 1), 0)
    marks = np.column_stack([np.where(known[:, None], sample.keypoints, 0), visibility])
    box = list(sample.box or [round(value, 3) for value in entry.around])
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "num_keypoints": int(known.sum()),
        "keypoints": [round(float(v), 3) for v in marks.ravel()],
        "bbox": box,
        "area": round(box[2] * box[3], 3),
        "iscrowd": 0,
        # Without it nobody knows whose box it is, and it is the one around the keypoints.
        **({"box_source": sample.box_source} if sample.box else {}),
        **entry.facts,
    }


def _relative(image: Path, folder: Path) -> str:
    image = resolved(image)
    folder = resolved(folder)
    return str(image.relative_to(folder)) if image.is_relative_to(folder) else str(image)
