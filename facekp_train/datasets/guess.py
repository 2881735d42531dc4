"""Which format a path holds, where nobody says it."""

from __future__ import annotations

from pathlib import Path

from facekp_train.datasets.reading.notes import DataError
from facekp_train.datasets.registry import FORMATS, annotation_files
from facekp_train.datasets.unread import remedy_of
from facekp_train.pictures.kinds import looks_like_picture


def named(spec: str) -> str:
    """FORMAT:PATH of what may be a path alone; what has a colon and names no file stays as it is.

    Of a folder, the files in it and in `annotations` are looked at too. Published data sets are read by their
    names alone.

    Raises:
        DataError: where no format fits the path, or more than one.
        FileNotFoundError: for a path that leads nowhere.
    """
    path = Path(spec).expanduser()
    name, colon, _ = spec.partition(":")
    if colon and name.lower() in FORMATS:
        return spec
    if not path.exists():
        if not spec or ":" in spec:
            return spec
        raise FileNotFoundError(f"{path} does not exist; give annotated photographs, or FORMAT:PATH")
    places = [path, *annotation_files(path)] if path.is_dir() else [path]
    found = [
        f"{name}:{place}"
        for name, known in FORMATS.items()
        for place in places
        if known.fits is not None and place.is_file() == known.file and known.fits(place)
    ]
    if not found and (told := next(filter(None, map(_unread, places)), None)):
        raise DataError(told)
    if not found and path.is_dir() and any(map(looks_like_picture, path.iterdir())):
        seen = ", ".join(place.name for place in places[1:4])
        raise DataError(
            f"{path} holds photographs and no annotations of a known format"
            f"{seen and f' (not {seen})'}; name a published data set as "
            f"FORMAT:PATH, or have a net label them: facekp-detect {path} --json > found.json, then "
            "facekp-train label --data detect:found.json"
        )
    if not found:
        raise DataError(
            f"{path} is of no format that can be told; name it as FORMAT:PATH, with a FORMAT of "
            f"{', '.join(FORMATS)}"
        )
    if len(found) > 1:
        raise DataError(f"{path} can be read as {' or as '.join(found[:5])}; give the one that is meant")
    return found[0]


def _unread(file: Path) -> str | None:
    """What is told of a file that is known and not read as it is."""
    remedy = remedy_of(file) if file.is_file() else None
    return remedy and f"{file} is {remedy}"
