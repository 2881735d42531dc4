"""facekp-detect: finds the faces on photographs and in videos and draws or prints their keypoints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import track
from rich.table import Table
from rich.text import Text

from facekp_export.commands.targets import refuse_source
from facekp_export.inference.noise import this_process_is_ours
from facekp_train.common.console import UserError, err, new_app, out, print_json, run

if TYPE_CHECKING:
    from facekp_export.detector import Face, KeypointDetector
    from facekp_export.finders.registry import Image
    from facekp_train.samples import Box

    Find = Callable[[Image], list[Face]]

app = new_app("facekp-detect", __doc__ or "")


@app.command(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def detect(
    photo: Annotated[
        Path,
        typer.Argument(metavar="PHOTO", help="a photograph, a folder of them, a video, or a camera's number"),
    ],
    out_path: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="picture, folder of pictures or video to write; default: NAME_points.png or .mp4 here",
        ),
    ] = None,
    json_: Annotated[
        bool,
        typer.Option("--json", help="print JSON on stdout (of a video a line a frame); draw with --out only"),
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help=".tflite or .onnx file of an export; default: the shipped 0.25X int8")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads of the models")] = 1,
    finder: Annotated[
        str | None, typer.Option(help="blazeface, blazeface-fast, blazeface-full or haar; default: blazeface")
    ] = None,
    boxes: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,W,H", help="a face's box in pixels, instead of finding faces; repeatable"),
    ] = None,
    box_source: Annotated[
        str, typer.Option(help="whose boxes these are: tight (around all keypoints), mtfl, blazeface, haar")
    ] = "tight",
    refine: Annotated[bool, typer.Option(help="crop once more around the first answer")] = True,
    flip_average: Annotated[
        bool, typer.Option("--flip-average", help="average with the mirrored crop: twice the time")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="stop at an unreadable photograph, or where a video is damaged")
    ] = False,
    smooth: Annotated[bool, typer.Option(help="smooth the keypoints of a video over time")] = True,
) -> None:
    """Find faces on photographs or follow them in a video, draw their keypoints, or print them as JSON."""
    from facekp_export.commands.detect_video import is_video, run_video, target_of
    from facekp_train.common.shipped import default_model

    if is_video(photo):
        if boxes or not refine or flip_average:
            raise typer.BadParameter(
                "--boxes, --no-refine and --flip-average are for photographs: in a video faces are found, "
                "followed, and looked at twice, the second time mirrored"
            )
        video_target = None if json_ and out_path is None else target_of(photo, out_path)
        detector = _open(model or default_model(), threads, finder, box_source, finds=True)
        run_video(photo, detector, video_target, json_, strict, smooth)
        return
    given = [_parsed_box(text) for text in boxes] if boxes else None
    if not photo.exists():
        raise UserError(f"{photo} does not exist; name a photograph or a folder of them")
    if given and photo.is_dir():
        raise typer.BadParameter("--boxes are for one photograph, and this is a folder")
    detector = _open(model or default_model(), threads, finder, box_source, finds=not given)

    def find(image: Image) -> list[Face]:
        return detector.detect(image, given, box_source, refine, flip_average=flip_average)

    target = None if json_ and out_path is None else _target(photo, out_path)
    scheme = detector.scheme.name
    if photo.is_dir():
        document = _folder(photo, find, scheme, target, strict)
    else:
        document = _one(photo, _read(photo), find, scheme, target)
    if json_:
        print_json(document)
    else:
        out.print(_table(document["images"] if photo.is_dir() else [document]))
    if target is not None:
        err.print(f"drawn in {target}", markup=False, soft_wrap=True)


def _parsed_box(text: str) -> Box:
    from facekp_export.finders.registry import as_box

    try:
        return as_box([float(part) for part in text.split(",")])
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no box: give x,y,width,height in pixels, such as 120,80,64,64"
        ) from None


def _open(model: Path, threads: int, finder: str | None, box_source: str, *, finds: bool) -> KeypointDetector:
    """The detector, with its finder where one is needed; wrong names count as wrong usage."""
    from facekp_export.detector import KeypointDetector
    from facekp_export.finders.registry import FINDERS, default_finder, open_finder

    if finder is not None and finder not in FINDERS:
        raise typer.BadParameter(f"no face finder is called '{finder}'; there are {', '.join(FINDERS)}")
    detector = KeypointDetector.from_export(model, threads)
    try:
        detector.mapping(box_source)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if finds:
        looking = open_finder(finder, threads) if finder else default_finder(threads, say=_warn)
        detector = KeypointDetector(detector.model, looking)
    return detector


def _warn(message: str) -> None:
    err.print(f"warning: {message}", markup=False, soft_wrap=True)


def _target(photo: Path, out_path: Path | None) -> Path:
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
        _warn(f"skipped: {skip['reason']}")
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
    from facekp_train.samples import read_image

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


def main() -> None:
    """The command facekp-detect."""
    this_process_is_ours()
    run(app)


if __name__ == "__main__":
    main()
