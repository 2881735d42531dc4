"""The faces of a photograph or of a folder of them, as a JSON document and drawn into pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from facekp_export.detection.faces import drawn, face_document
from facekp_export.detector import Face
from facekp_train.common.console import UserError
from facekp_train.datasets.tools.pts import IMAGE_SUFFIXES
from facekp_train.draw import write_picture
from facekp_train.images import read_image
from facekp_train.landmarks import Scheme
from facekp_train.samples import Image

Find = Callable[[Image], list[Face]]


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
    track: Callable[[list[Path]], Iterable[Path]] = iter,
) -> dict[str, Any]:
    """The documents of a folder's photographs ("images"), and what could not be read ("skipped").

    target: the folder to draw them into. track: wraps the photographs, for whoever shows progress.
    Raises UserError where nothing can be read; with `strict`, at the first photograph that cannot.
    """
    photos = _photos(folder, target)
    if not photos:
        raise UserError(f"no photograph lies in {folder}")
    images, skipped = [], []
    for photo in track(photos):
        try:
            image = read_image(photo)
        except OSError as error:
            if strict:
                raise UserError(f"{error} (--strict stops here; without it the file is skipped)") from None
            skipped.append({"file": str(photo), "reason": str(error)})
            continue
        # The photograph's whole name is kept: a.jpg and a.png may lie side by side.
        picture = target / photo.relative_to(folder).parent / f"{photo.name}.png" if target else None
        images.append(_document(photo, image, find, scheme, picture))
    return {"images": images, "skipped": skipped}


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


def _photos(folder: Path, target: Path | None) -> list[Path]:
    """Image files of a folder and its subfolders, by name, without pictures drawn earlier."""
    files = sorted(
        file for file in folder.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and not file.is_dir()
    )
    pictures = target.resolve() if target is not None else None
    # A target that holds the folder holds all its photographs, none of them drawn.
    if pictures is None or not pictures.is_relative_to(folder.resolve()):
        return files
    return [file for file in files if pictures not in file.resolve().parents]
