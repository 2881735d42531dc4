"""Where coarser looks at the demo photo, with answers that are drawn, leave a hint of a face."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from facekp_export.demo import demo_face
from facekp_export.finders.answers import FULL_RANGE, SHORT_RANGE, Glance
from facekp_export.finders.hints import hinted
from facekp_export.finders.pyramid import Pyramid
from facekp_export.finders.tiles import hiding_places
from facekp_train.crop import Square
from facekp_train.samples import Image

# The net, its view, the least logit, cells around a hint, the edge: within the photo, and beyond it.
_LOOKS = [
    (SHORT_RANGE, Square(180.3, 210.7, 204.8), -2.7, 1.0, 0.05),
    (FULL_RANGE, Square(255.5, 300.25, 620.0), -6.0, 1.5, 0.0),
]
_SIDE, _RAISED = 131.3, 12


def hinting() -> list[tuple[dict[str, Any], Image]]:
    """The places of a mask that stay, white, for the looks of either net."""
    random = np.random.default_rng(6)
    image, _ = demo_face()
    height, width = image.shape[:2]
    mask = hiding_places(Pyramid(image), _SIDE, [])
    made = []
    for number, (variant, view, least, cells, edge) in enumerate(_LOOKS):
        anchors = len(variant.anchors())
        logits = np.full(anchors, -9, np.float32)
        raised = np.sort(random.choice(anchors, _RAISED, replace=False))
        logits[raised] = least + random.uniform(-1, 3, _RAISED).astype(np.float32)
        hints = Glance(variant, view, logits, np.zeros((anchors, 4), np.float32)).hints(least, cells, edge)
        entry = {
            "width": width, "height": height, "side": _SIDE, "variant": variant.box_source,
            "view": [view.x, view.y, view.side], "least": least, "cells": cells, "edge": edge,
            "anchors": anchors, "raised": raised, "logits": logits[raised],
            "seen": hints.seen.side, "places": hints.places, "reach": hints.reach,
            "file": f"hinting-{number}.png",
        }  # fmt: skip
        left = hinted(mask, width, [hints], mask)
        made.append((entry, cv2.cvtColor(255 * left, cv2.COLOR_GRAY2RGB)))
    return made
