"""Label Studio's JSON: tasks with predictions to be corrected (https://labelstud.io/guide/predictions).

A face is a rectangle that its keypoints lie in (`parentID`). Hidden keypoints have a choice `hidden`. The
labeling interface that shows them is written beside the file (`interface_of`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import numpy as np

from facekp_train.common.files import write_text
from facekp_train.datasets.writing.written import Entry, photographs, scheme_for
from facekp_train.schemes import Scheme

_IMAGE = "img"
# Percent of a keypoint's size on the screen.
_DOT = 0.5


def write(
    target: Path, faces: Iterable[Entry], scheme: Scheme | None = None, _info: dict[str, Any] | None = None
) -> int:
    """Write faces, and beside them the labeling interface; arguments as of the other writers."""
    entries = list(faces)
    names = scheme.names if (scheme := scheme_for(entries, scheme)) else ()
    tasks = [
        {
            "id": number,
            "data": {_IMAGE: f"/data/local-files/?d={quote(name)}"},
            "annotations": [],
            "predictions": [_prediction(own, size, names)],
        }
        for number, (name, size, own) in enumerate(photographs(entries), 1)
    ]
    write_text(target, json.dumps(tasks))
    write_text(target.with_suffix(".xml"), interface_of(names))
    return len(entries)


def _prediction(faces: Sequence[Entry], size: tuple[int, int], names: Sequence[str]) -> dict[str, Any]:
    """All faces of a photograph; the less the labelers agree, the lower is its score."""
    results = [
        result for number, entry in enumerate(faces, 1) for result in _results(entry, size, names, number)
    ]
    spread = max(float(entry.facts.get("spread", 0)) for entry in faces)
    return {"model_version": "facekp", "score": round(1 - spread, 5), "result": results}


def _results(
    entry: Entry, size: tuple[int, int], names: Sequence[str], number: int
) -> Iterator[dict[str, Any]]:
    sample, parent = entry.sample, f"face{number}"
    x, y, width, height = sample.box or entry.around
    whole = {"original_width": size[0], "original_height": size[1], "image_rotation": 0, "to_name": _IMAGE}
    box = _percent({"x": x, "width": width}, size[0]) | _percent({"y": y, "height": height}, size[1])
    rectangle = {"rotation": 0, "rectanglelabels": ["face"], **box}
    source = {"meta": {"text": [f"box_source={sample.box_source}"]}} if sample.box else {}
    yield {
        **whole, "id": parent, "type": "rectanglelabels", "from_name": "box", "value": rectangle, **source
    }  # fmt: skip
    for place, (name, point) in enumerate(zip(names, sample.keypoints, strict=True)):
        if not np.isfinite(point).all():
            continue
        identity = f"{parent}-{place}"
        value = _percent({"x": float(point[0])}, size[0]) | _percent({"y": float(point[1])}, size[1])
        mark = {**whole, "id": identity, "parentID": parent}
        dot = {**value, "width": _DOT}
        yield {
            **mark, "type": "keypointlabels", "from_name": "keypoints",
            "value": {**dot, "keypointlabels": [name]},
        }  # fmt: skip
        if not sample.visible[place]:
            yield {
                **mark, "type": "choices", "from_name": "state", "value": {**dot, "choices": ["hidden"]}
            }  # fmt: skip


def _percent(values: dict[str, float], side: int) -> dict[str, float]:
    return {key: round(value / side * 100, 7) for key, value in values.items()}


def interface_of(names: Iterable[str]) -> str:
    """What to paste into Settings, Labeling Interface, Code.

    Args:
        names: of the keypoints.
    """
    view = ET.Element("View")
    ET.SubElement(view, "Image", name=_IMAGE, value=f"${_IMAGE}", zoom="true", zoomControl="true")
    box = ET.SubElement(view, "RectangleLabels", name="box", toName=_IMAGE)
    ET.SubElement(box, "Label", value="face")
    points = ET.SubElement(view, "KeyPointLabels", name="keypoints", toName=_IMAGE, strokeWidth="2")
    for name in names:
        ET.SubElement(points, "Label", value=name)
    state = ET.SubElement(view, "Choices", name="state", toName=_IMAGE, perRegion="true")
    ET.SubElement(state, "Choice", value="hidden")
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"
