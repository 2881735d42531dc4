"""CVAT's XML for images 1.1 (https://docs.cvat.ai/docs/other/xml_format): a skeleton and a box a face.

Face and box share a `group_id`. A box whose source is known says it in an attribute `box_source`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from facekp_train.common.files import written_aside
from facekp_train.datasets.writing.written import Entry, photographs, scheme_for
from facekp_train.schemes import Scheme


def write(
    target: Path, faces: Iterable[Entry], scheme: Scheme | None = None, _info: dict[str, Any] | None = None
) -> int:
    """Write faces.

    Args:
        target: the file.
        faces: of one scheme.
        scheme: of their keypoints; None for the default of their count.

    Returns:
        How many faces.
    """
    entries = list(faces)
    names = scheme.names if (scheme := scheme_for(entries, scheme)) else ()
    document = ET.Element("annotations")
    ET.SubElement(document, "version").text = "1.1"
    groups = map(str, count(1))
    for number, (name, (width, height), own) in enumerate(photographs(entries)):
        stated = {"id": str(number), "name": name, "width": str(width), "height": str(height)}
        image = ET.SubElement(document, "image", stated)
        for entry in own:
            _add_face(image, entry, names, next(groups))
    ET.indent(document)
    with written_aside(target) as aside:
        ET.ElementTree(document).write(aside, encoding="utf-8", xml_declaration=True)
    return len(entries)


def _add_face(image: ET.Element, entry: Entry, names: Iterable[str], group: str) -> None:
    shape = {"label": "face", "source": "auto", "z_order": "0", "group_id": group}
    skeleton = ET.SubElement(image, "skeleton", shape)
    sample = entry.sample
    for name, place, visible in zip(names, sample.keypoints, sample.visible, strict=True):
        outside = not np.isfinite(place).all()
        x, y = (0.0, 0.0) if outside else place.tolist()
        ET.SubElement(
            skeleton, "points", label=name, source="auto", outside=str(int(outside)),
            occluded=str(int(not visible and not outside)), points=f"{x:.3f},{y:.3f}",
        )  # fmt: skip
    x, y, width, height = sample.box or entry.around
    corners = {"xtl": x, "ytl": y, "xbr": x + width, "ybr": y + height}
    box = ET.SubElement(
        image, "box", shape | {"label": "box"}, occluded="0", **{k: f"{v:.3f}" for k, v in corners.items()}
    )
    if sample.box:
        ET.SubElement(box, "attribute", name="box_source").text = sample.box_source
