"""`facekp-detect` on photographs: one or a folder, drawn, as JSON, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import track
from rich.table import Table
from rich.text import Text

from facekp_export.commands.targets import refuse_source
from facekp_train.common.console import UserError, err, out, print_json, say, warn

if TYPE_CHECKING:
    from facekp_export.detector import Face
    from facekp_train.samples import Image

    Find = Callable[[Image], list[Face]]


def run_photos(
    photo: Path, find: Find, scheme: str, target: Path | None, *, strict: bool, as_json: bool
) -> None:
    """Find the faces of a photograph or a folder of them, draw them into `target`, print them.

    Raises UserError where nothing can be read; with `strict`, at the first photograph that cannot.
    """
    if photo.is_dir():
        document = _folder(photo, find, scheme, target, strict)
    else:
        document = _one(photo, _read(photo), find, scheme, target)
    if as_json:
        print_json(document)
    else:
        out.print(_table(document["images"] if photo.is_dir() else [document]))
    if target is not None:
        say(f"drawn in {target}")


def target_of(photo: Path, out_path: Path | None) -> Path:
    """Where to draw: a picture for a photograph, a folder for a folder."""
    if photo.is_dir():
        if out_path is not None and out_path.is_file():
            raise typer.BadParameter(f"{out_path} is a file; for a folder of photographs --out is a folder")
        target = out_path or Path(f"{photo.resolve().name}_points")
        refuse_source(target, photo, "folder of the photographs")
        return target
    if out_path is None or out_path.is_dir():
        out_path = (out_path or Path()) / f"{photo.stem}_points.png"
    refuse_source(out_path, photo, "photograph")
    return out_path


def _one(photo: Path, image: Image, find: Find, scheme: str, target: Path | None) -> dict[str, Any]:
    """The JSON document of one photograph; its faces are drawn into `target`."""
    from facekp_train.draw import draw_keypoints, write_picture

    height, width = image.shape[:2]
    faces = find(image)
    if target is not None:
        for face in faces:
            image = draw_keypoints(image, face.keypoints, box=face.box)
        write_picture(target, image)
    return {
        "image": str(photo),
        "width": width,
        "height": height,
        "scheme": scheme,
        "faces": [
            {
                "box": [round(value, 3) for value in face.box],
                "score": round(face.score, 4),
                "keypoints": [[round(x, 3), round(y, 3)] for x, y in face.keypoints.tolist()],
            }
            for face in faces
        ],
    }


def _folder(folder: Path, find: Find, scheme: str, target: Path | None, strict: bool) -> dict[str, Any]:
    """The documents of a folder's photographs, and what could not be read."""
    photos = _photos(folder, target)
    if not photos:
        raise UserError(f"no photograph lies in {folder}")
    images, skipped = [], []
    for photo in track(photos, "finding keypoints", console=err, transient=True):
        try:
            image = _read(photo)
        except OSError as error:
            if strict:
                raise UserError(f"{error} (--strict stops here; without it the file is skipped)") from None
            skipped.append({"file": str(photo), "reason": str(error)})
            continue
        # The photograph's whole name is kept: a.jpg and a.png may lie side by side.
        drawn = target / photo.relative_to(folder).parent / f"{photo.name}.png" if target else None
        images.append(_one(photo, image, find, scheme, drawn))
    for skip in skipped:
        warn(f"skipped: {skip['reason']}")
    if not images:
        raise UserError(f"none of the {len(photos)} files in {folder} could be read")
    return {"images": images, "skipped": skipped}


def _photos(folder: Path, target: Path | None) -> list[Path]:
    """Image files of a folder and its subfolders, by name, without pictures drawn earlier."""
    from facekp_train.datasets.tools.pts import IMAGE_SUFFIXES

    files = sorted(
        file for file in folder.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES and not file.is_dir()
    )
    drawn = target.resolve() if target is not None else None
    # A target that holds the folder holds all its photographs, none of them drawn.
    if drawn is None or not drawn.is_relative_to(folder.resolve()):
        return files
    return [file for file in files if drawn not in file.resolve().parents]


def _read(photo: Path) -> Image:
    from facekp_train.images import read_image

    return read_image(photo)


def _table(images: Iterable[dict[str, Any]]) -> Table:
    table = Table("photograph", "face", "score", "x", "y", "width", "height")
    for document in images:
        name = Text(Path(document["image"]).name)
        if not document["faces"]:
            table.add_row(name, "none found", *[""] * 5)
        for number, face in enumerate(document["faces"], 1):
            box = [f"{value:.1f}" for value in face["box"]]
            table.add_row(name, str(number), f"{face['score']:.2f}", *box)
    return table
