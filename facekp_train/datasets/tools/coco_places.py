"""Where an annotation file's photographs lie: beside it, or where COCO, CVAT and their like put them."""

from __future__ import annotations

import re
from pathlib import Path

from facekp_train.datasets.reading.rows import first_found

# COCO-WholeBody and Label Studio beside the file; FiftyOne has `data`.
_BESIDE = ("", "images", "data")
# A path of whichever computer the file was written on.
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")

_QUOTED = 120


class Places:
    """Finds photographs by the names that the file has for them."""

    def __init__(self, file: Path, listing: str | None, name: str = "coco") -> None:
        """listing: their folder, where the user names it; nowhere else is looked then. name: of the format.

        Raises FileNotFoundError where that folder is none.
        """
        images = None if listing is None else Path(listing).expanduser()
        if images is not None and not images.is_dir():
            raise FileNotFoundError(f"{images} is no folder; give that of the photographs")
        self._file, self._images, self._name = file, images, name
        self._folders = _folders(file) if images is None else ("",)
        self._found: dict[str, Path] = {}
        self._taken: set[Path | None] = set()
        self.missing: list[str] = []

    def of(self, name: str, *others: str) -> Path:
        """Where a photograph is, by the first of its names, or where it would be beside the file."""
        if name not in self._found:
            root = self._images or self._file.parent
            place = self._by_ending(name) or first_found(root, self._folders, [name, *others])
            if place is None:
                self.missing.append(name)
            self._found[name] = place or root / name
        return self._found[name]

    def _by_ending(self, name: str) -> Path | None:
        """A path of another computer in the folder that the user named: each photograph for one of them."""
        if self._images is None or not _ABSOLUTE.match(name):
            return None
        place = first_found(self._images, [""], [re.split(r"[/\\]", name)[-1]])
        if place in self._taken:
            return None
        self._taken.add(place)
        return place

    def warning(self) -> str | None:
        """Which photographs were not found, where was looked, and how to name another folder."""
        if not self.missing:
            return None
        around = self._file.parent
        where = self._images or (
            f"{around} and {around / '..'}, and there in images, data and folders with the file's name"
        )
        return (
            f"photographs not found: {len(self.missing):,}, such as {self.missing[0][:_QUOTED]}; looked in "
            f"{where}; name their folder with --images FOLDER, or as {self._name}:{self._file}@FOLDER"
        )


def _folders(file: Path) -> tuple[str, ...]:
    """From the file's own folder: beside it, then beside that folder.

    COCO has `annotations/person_keypoints_val2017.json` and `val2017/`, CVAT
    `annotations/person_keypoints_default.json` and `images/default/`, MMPose `annotations/` and `images/`.
    """
    words = file.name.split(".")[0].split("_")
    splits = ["_".join(words[start:]) for start in range(len(words))]
    splits += ["_".join(words[:end]) for end in range(1, len(words))]
    splits = [split for split in splits if split]
    up = (f"../{folder}" if folder else ".." for folder in _BESIDE)
    named = (f"{base}{split}" for split in splits for base in ("", "images/", "../", "../images/"))
    return (*_BESIDE, *named, *up)
