"""A photograph that is free to ship, so that every command has something to work on (see SOURCE.md)."""

from __future__ import annotations

import json
from pathlib import Path

from facekp_train.boxes import mapping_of
from facekp_train.common.files import package_file
from facekp_train.images import read_image
from facekp_train.samples import Box, Image

_PHOTO, _FACE = "astronaut.png", "astronaut.json"


def demo_photo() -> Path:
    """The demo photo's path: one face, looking into the camera."""
    return package_file(__name__, _PHOTO)


def demo_face() -> tuple[Image, Box]:
    """The demo photo, uint8 [H, W, 3] RGB, and the tight box of its face: x, y, width, height in pixels."""
    stored = json.loads(package_file(__name__, _FACE).read_text(encoding="utf-8"))
    return read_image(demo_photo()), mapping_of(stored["box_source"]).to_tight(stored["box"])
