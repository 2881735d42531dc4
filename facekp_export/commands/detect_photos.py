"""`facekp-detect` on photographs: where to draw them, and what is printed of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from facekp_export.detection.photos import Find, find_in_folder, find_in_photo, find_in_photos
from facekp_train.common.console import out, print_json, say, visible, warn
from facekp_train.common.files import resolved
from facekp_train.common.run_files import refuse_source
from facekp_train.landmarks import Scheme
from facekp_train.pictures.decoding import is_animated


def run_photos(
    photos: Sequence[Path], find: Find, scheme: Scheme, target: Path | None, *, strict: bool, as_json: bool
) -> None:
    """Find the faces of photographs or a folder of them, draw them into `target`, print them.

    Raises UserError where nothing can be read; with `strict`, at the first photograph that cannot.
    """
    if len(photos) > 1:
        document = find_in_photos(photos, find, scheme, target, strict=strict, track=_with_progress)
    elif photos[0].is_dir():
        document = find_in_folder(photos[0], find, scheme, target, strict=strict, track=_with_progress)
    else:
        document = find_in_photo(photos[0], find, scheme, target)
    for skip in document.get("skipped", ()):
        warn(f"skipped: {skip['reason']}")
    images = document.get("images", [document])
    for photo in (image["image"] for image in images):
        if is_animated(Path(photo)):
            warn(f"{photo}: it is animated; its first picture was looked at")
    if as_json:
        print_json(document)
    else:
        out.print(_table(images))
    if target is not None:
        say(f"drawn in {target}")


def target_of(photos: Sequence[Path], out_path: Path | None) -> Path:
    """Where to draw: a picture for a photograph, a folder for several or for a folder."""
    photo = photos[0]
    several = len(photos) > 1
    if (several or photo.is_dir()) and out_path is not None and out_path.is_file():
        what = "several photographs" if several else "a folder of photographs"
        raise typer.BadParameter(f"{out_path} is a file; for {what}, give a folder with --out")
    if several:
        return out_path or Path("photographs_points")
    if photo.is_dir():
        target = out_path or Path(f"{resolved(photo).name}_points")
        refuse_source(target, photo, "folder of the photographs")
        return target
    if out_path is None or out_path.is_dir():
        out_path = (out_path or Path()) / f"{photo.stem}_points.png"
    refuse_source(out_path, photo, "photograph")
    return out_path


def _with_progress(photos: list[Path]) -> Iterator[Path]:
    from facekp_train.common.feedback.progress import progress_bar

    with progress_bar() as bar:
        yield from bar.track(photos, description="finding keypoints")


def _table(images: Iterable[dict[str, Any]]) -> Table:
    table = Table("photograph", "face", "score", "confidence", "x", "y", "width", "height")
    for document in images:
        name = Text(visible(Path(document["image"]).name))
        if not document["faces"]:
            table.add_row(name, "none found", *[""] * 6)
        for number, face in enumerate(document["faces"], 1):
            box = [f"{value:.1f}" for value in face["box"]]
            sure = "" if face["confidence"] is None else f"{face['confidence']:.2f}"
            table.add_row(name, str(number), f"{face['score']:.2f}", sure, *box)
    return table
