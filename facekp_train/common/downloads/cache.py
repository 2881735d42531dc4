"""Where archives of registries are kept: each fetched once, by its hash."""

from __future__ import annotations

import os
from pathlib import Path

from facekp_train.common.console import say
from facekp_train.common.downloads.downloads import fetch
from facekp_train.common.downloads.parts import Part
from facekp_train.common.files import naming_folder
from facekp_train.common.held.folder import folder_beside


def cache_folder() -> Path:
    """Where downloads and what is assembled of them are kept: $FACEKP_CACHE, or the user's cache."""
    if folder := os.environ.get("FACEKP_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "facekp" / "bundles"


def kept(part: Part, room: str, way: str) -> Path:
    """A part's archive in the cache, fetched there first. Only what has the recorded hash ever lies there.

    Args:
        part: the archive.
        room: folder of the cache.
        way: how the caller's user names a folder of archives that were fetched elsewhere.

    Raises:
        UserError: where it cannot be had.
        OSError: where the cache cannot be written.
    """
    place = cache_folder() / room / part.sha256[:16] / part.file
    if place.is_file() and place.stat().st_size == part.bytes:
        return place
    with naming_folder(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(place.parent) as work:
            say(f"fetching {part.origin} ({part.bytes / 1e6:.1f} MB)")
            fetch(part, work, way).replace(place)
    return place
