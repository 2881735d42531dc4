"""The faces of photographs, named or in a folder, as a JSON document and drawn into pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from facekp_export.detection.faces import drawn, face_document
from facekp_export.detector import Face
from facekp_train.common.console import UserError
from facekp_train.common.files import resolved
from facekp_train.draw import write_picture
from facekp_train.images import read_image
from facekp_train.landmarks import Scheme
from facekp_train.pictures.folders import folders_below
from facekp_train.pictures.kinds import looks_like_picture
from facekp_train.samples import Image

Find = Callable[[Image], list[Face]]
Track = Callable[[list[Path]], Iterable[Path]]


def find_in_photo(photo: Path, find: Find, scheme: Scheme, target: Path | None = None) -> dict[str, Any]:
    """The document of one photograph; its faces are drawn into `target`.

    scheme: the keypoints'. Raises OSError for a photograph that cannot be read.
    """
    return _document(photo, read_image(photo), find, scheme, target)


def find_in_folder(
    folder: Path,
    find: Find,
    scheme: Scheme,
    target: Path | None = None,
    *,
    strict: bool = False,
    track: Track = iter,
) -> dict[str, Any]:
    """The documents of a folder's photographs ("images"), and what could not be read ("skipped").

    target: the folder to draw them into. track: wraps the photographs, for whoever shows progress.
    Raises UserError where nothing can be read; with `strict`, at the first photograph that cannot.
    """
    skipped: list[dict[str, str]] = []
    photos = _photos(folder, target, skipped)
    if not photos:
        closed = [each["reason"] for each in skipped[:1]]
        raise UserError("; ".join([f"no photograph lies in {folder}", *closed]))
    # The photograph's whole name is kept: a.jpg and a.png may lie side by side.
    pictures = {photo: photo.relative_to(folder).with_name(f"{photo.name}.png") for photo in photos}
    document = _find_in(pictures, find, scheme, target, strict, track)
    document["skipped"] += skipped
    if not document["images"]:
        raise UserError(f"no photograph in {folder} can be read: {_reasons(document['skipped'])}")
    return document


def find_in_photos(
    photos: Sequence[Path],
    find: Find,
    scheme: Scheme,
    target: Path | None = None,
    *,
    strict: bool = False,
    track: Track = iter,
) -> dict[str, Any]:
    """The documents of several photographs, as of a folder's (`find_in_folder`)."""
    known: Counter[str] = Counter()
    pictures = {}
    for photo in dict.fromkeys(photos):
        known[photo.name] += 1
        again = f"-{known[photo.name]}" if known[photo.name] > 1 else ""
        pictures[photo] = Path(f"{photo.name}{again}.png")
    document = _find_in(pictures, find, scheme, target, strict, track)
    if not document["images"]:
        raise UserError(f"none of the photographs can be read: {_reasons(document['skipped'])}")
    return document


def _find_in(
    pictures: dict[Path, Path], find: Find, scheme: Scheme, target: Path | None, strict: bool, track: Track
) -> dict[str, Any]:
    """pictures: the photographs, and where in `target` each is drawn."""
    images, skipped = [], []
    for photo in track(list(pictures)):
        try:
            image = read_image(photo)
        except OSError as error:
            if strict:
                raise UserError(f"{error} (--strict stops here; without it the file is skipped)") from None
            skipped.append({"file": str(photo), "reason": str(error)})
            continue
        images.append(_document(photo, image, find, scheme, target / pictures[photo] if target else None))
    return {"images": images, "skipped": skipped}


def _reasons(skipped: Sequence[dict[str, str]]) -> str:
    """How many files for each reason, the most frequent first."""
    counts = Counter(entry["reason"].removeprefix(f"{entry['file']}: ") for entry in skipped)
    return "; ".join(f"{count:,} of them: {reason}" for reason, count in counts.most_common(3))


def _document(photo: Path, image: Image, find: Find, scheme: Scheme, target: Path | None) -> dict[str, Any]:
    height, width = image.shape[:2]
    faces = find(image)
    if target is not None:
        write_picture(target, drawn(image, faces, scheme))
    return {
        "image": str(photo),
        "width": width,
        "height": height,
        "scheme": scheme.name,
        "faces": [face_document(face) for face in faces],
    }


def _photos(folder: Path, target: Path | None, skipped: list[dict[str, str]]) -> list[Path]:
    """What looks like a picture in a folder and its subfolders, by name, without pictures drawn earlier.

    skipped: gets folders that cannot be opened.
    """

    def closed(inner: Path, reason: str) -> None:
        skipped.append({"file": str(inner), "reason": f"{inner}: {reason}"})

    walked = folders_below(folder, closed=closed)
    files = sorted(file for _, files in walked for file in files if looks_like_picture(file))
    pictures = resolved(target) if target is not None else None
    # A target that holds the folder holds all its photographs, none of them drawn.
    if pictures is None or not pictures.is_relative_to(resolved(folder)):
        return files
    return [file for file in files if pictures not in resolved(file).parents]
