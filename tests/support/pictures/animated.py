"""Pictures that are shown in turn, in one file: the demo photo, then black."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from facekp_export.demo import demo_photo

KINDS = ("gif", "png", "webp")
"""As they end: formats that hold one picture as well as several."""


def write_animated(path: Path, frames: int = 2) -> Path:
    """A file of so many pictures, of the kind that its name says."""
    first = Image.open(demo_photo()).convert("RGB")
    others = [Image.new("RGB", first.size) for _ in range(frames - 1)]
    words: dict[str, Any] = {"lossless": True} if path.suffix == ".webp" else {}
    if others:
        words |= {"save_all": True, "append_images": others, "duration": 100}
    first.save(path, **words)
    return path
