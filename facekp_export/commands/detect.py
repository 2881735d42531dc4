"""`facekp-detect`: its options, and which of its two ways they lead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_export.commands.options import finder_names
from facekp_train.common.completion import completed
from facekp_train.common.console import MOST_THREADS, UserError
from facekp_train.common.feedback.idle import idle, needs
from facekp_train.common.model_option import export_option
from facekp_train.common.process import started

# Paths fold the two slashes into one.
_ADDRESS = re.compile(r"[a-z]{2,}:/", re.IGNORECASE)

if TYPE_CHECKING:
    from facekp_export.detector import Face, KeypointDetector
    from facekp_train.samples import Box, Image


def detect(
    context: typer.Context,
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO", help="Photographs, or a folder of them, a video, or a camera's number."
        ),
    ],
    out_path: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Picture, folder of pictures or video to write. Default: NAME_points.png or .mp4 in this "
            "folder.",
        ),
    ] = None,
    json_: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON on stdout, for a video one line a frame; draw with --out only."
        ),
    ] = False,
    model: Annotated[
        Path | None,
        export_option("Exported .tflite or .onnx file. Default: mdp-0.25x."),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=MOST_THREADS, help="Threads of the models.")] = 1,
    finder: Annotated[
        str | None,
        typer.Option(
            help="Face finder: blazeface, blazeface-fast, blazeface-full or haar. Default: blazeface.",
            autocompletion=completed(finder_names),
        ),
    ] = None,
    smallest_face: Annotated[
        float | None,
        typer.Option(
            min=5,
            help="Side in pixels of the smallest face to look for; larger is faster. Default: 1/55 of the "
            "longer side, 20 or more.",
        ),
    ] = None,
    boxes: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y,W,H", help="A face's box in pixels, instead of finding faces; repeatable."),
    ] = None,
    box_source: Annotated[
        str, typer.Option(help="Whose boxes these are: tight (around all keypoints), mtfl, blazeface, haar.")
    ] = "tight",
    refine: Annotated[bool, typer.Option(help="Crop once more around the first answer.")] = True,
    flip_average: Annotated[
        bool, typer.Option("--flip-average", help="Average with the mirrored crop: twice the time.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at an unreadable photograph, or where a video is damaged.")
    ] = False,
    smooth: Annotated[bool, typer.Option(help="Smooth the keypoints of a video over time.")] = True,
    max_pixels: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1 << 30,
            help="The largest photograph, or picture of a video, to read, in pixels. Default: 178,956,970.",
        ),
    ] = None,
) -> None:
    """Find faces on photographs or follow them in a video, draw their keypoints, or print them as JSON."""
    from facekp_export.commands.detect_photos import run_photos, target_of
    from facekp_export.video.reading import is_video
    from facekp_train.common.shipped import default_model
    from facekp_train.pictures.header import allow_pixels

    photo = photos[0]
    if max_pixels is not None:
        allow_pixels(max_pixels)
    if len(photos) > 1:
        _refuse_others(photos, bool(boxes))
    elif is_video(photo):
        if boxes or not refine or flip_average:
            raise typer.BadParameter(
                "--boxes, --no-refine and --flip-average are for photographs: in a video faces are found, "
                "followed, and looked at twice, the second time mirrored"
            )
        idle(context, "in a video, whose faces are found", True, "box_source")
        from facekp_export.commands.detect_video import run_video, video_target_of

        video_target = None if json_ and out_path is None else video_target_of(photo, out_path)
        detector = _open(model or default_model(), threads, finder, box_source, smallest_face, finds=True)
        started()
        run_video(photo, detector, video_target, json_, strict, smooth)
        return
    idle(context, "on photographs, which are looked at one by one", True, "smooth")
    idle(context, "with --boxes, where no face is looked for", boxes, "finder", "smallest_face")
    needs(context, "--boxes", boxes, "box_source")
    given = [_parsed_box(text) for text in boxes] if boxes else None
    for each in photos:
        if not each.exists():
            raise UserError(f"{each} {_missing(each)}")
    if given and photo.is_dir():
        raise typer.BadParameter("--boxes is for one photograph, but this is a folder")
    detector = _open(model or default_model(), threads, finder, box_source, smallest_face, finds=not given)

    def find(image: Image) -> list[Face]:
        return detector.detect(image, given, box_source, refine, flip_average=flip_average)

    target = None if json_ and out_path is None else target_of(photos, out_path)
    started()
    run_photos(photos, find, detector.scheme, target, strict=strict, as_json=json_)


def _refuse_others(photos: list[Path], boxed: bool) -> None:
    """Several are photographs, each looked at by itself."""
    from facekp_export.video.reading import is_video

    for photo in photos:
        if photo.is_dir() or is_video(photo):
            raise typer.BadParameter(
                f"{photo} is no photograph; several are photographs only: give a folder or a video by itself"
            )
    if boxed:
        raise typer.BadParameter("--boxes is for one photograph, but these are several")


def _missing(photo: Path) -> str:
    if str(photo) == "-":
        return "(standard input) is not read; save the photograph in a file, and name that"
    if _ADDRESS.match(str(photo)):
        return "is an address, and nothing is fetched; download the photograph, and name the file"
    return "does not exist; name a photograph or a folder of them"


def _parsed_box(text: str) -> Box:
    from facekp_export.finders.base import as_box

    try:
        return as_box([float(part) for part in text.split(",")])
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is not a box; give x,y,width,height in pixels, such as 120,80,64,64"
        ) from None


def _open(
    model: Path,
    threads: int,
    finder: str | None,
    box_source: str,
    smallest_face: float | None,
    *,
    finds: bool,
) -> KeypointDetector:
    """The detector, with its finder where one is needed; wrong names count as wrong usage."""
    from facekp_export.detector import KeypointDetector
    from facekp_export.finders.registry import DEFAULT_FINDER, FINDERS, open_finder

    if finder is not None and finder not in FINDERS:
        raise typer.BadParameter(f"no face finder is called '{finder}'; there are {', '.join(FINDERS)}")
    detector = KeypointDetector.from_export(model, threads, trusted=False)
    try:
        detector.mapping(box_source)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if finds:
        try:
            face_finder = open_finder(finder or DEFAULT_FINDER, threads, smallest_face)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        detector = KeypointDetector(detector.model, face_finder)
    return detector
