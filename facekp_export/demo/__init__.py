"""A photograph that is free to ship, so that every command has something to work on (see SOURCE.md)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facekp_train.samples import Box

_PHOTO = Path(__file__).with_name("astronaut.png")


def demo_photo() -> Path:
    """The demo photo's path: one face, looking into the camera."""
    return _PHOTO


def demo_box() -> Box:
    """The tight box of the keypoints of the face on it: x, y, width, height in pixels."""
    x, y, width, height = json.loads(_PHOTO.with_suffix(".json").read_text(encoding="utf-8"))["box"]
    return x, y, width, height
