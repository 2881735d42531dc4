"""A photograph that is free to ship, so that every command has something to work on (see SOURCE.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facekp_train.boxes import mapping_of
from facekp_train.images import read_image
from facekp_train.samples import Box

if TYPE_CHECKING:
    from facekp_train.samples import Box

_PHOTO = Path(__file__).with_name("astronaut.png")

_DEMO_PHOTO = Path(__file__).parents[1] / "demo" / "astronaut.png"


def demo_photo() -> Path:
    """The demo photo's path: one face, looking into the camera."""
    return _PHOTO


def demo_box() -> Box:
    """The tight box of the keypoints of the face on it: x, y, width, height in pixels."""
    x, y, width, height = json.loads(_PHOTO.with_suffix(".json").read_text(encoding="utf-8"))["box"]
    return x, y, width, height


def demo_face() -> tuple[NDArray[np.uint8], Box]:
    """The demo photo, uint8 [H, W, 3] RGB, and the tight box of its face."""
    stored = json.loads(_DEMO_PHOTO.with_suffix(".json").read_text(encoding="utf-8"))
    return read_image(_DEMO_PHOTO), mapping_of(stored["box_source"]).to_tight(stored["box"])
