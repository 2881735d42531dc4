"""`facekp-detect` on a video or a camera: where to draw it, and what is printed of it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from facekp_export.detection.videos import TrackTimes, follow_video, frame_document
from facekp_export.detector import KeypointDetector
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_export.video.one_euro import OneEuro
from facekp_export.video.reading import Camera, Frame, Video, is_camera, open_video
from facekp_export.video.writing import WRITABLE
from facekp_train.common.console import out, say, warn
from facekp_train.common.feedback.progress import progress_bar
from facekp_train.common.run_files import refuse_source


def video_target_of(source: Path, out_path: Path | None) -> Path:
    """Where to draw. Raises typer.BadParameter for a name that is no video's, or the source itself."""
    name = f"camera{source}" if is_camera(source) else source.stem
    if out_path is None or out_path.is_dir():
        out_path = (out_path or Path()) / f"{name}_points.mp4"
    if out_path.suffix.lower() not in WRITABLE:
        raise typer.BadParameter(f"a video is written as {', '.join(WRITABLE)}; give --out such a name")
    refuse_source(out_path, source, "video")
    return out_path


def run_video(
    source: Path, detector: KeypointDetector, target: Path | None, json_: bool, strict: bool, smooth: bool
) -> None:
    """Follow the faces of a video into `target`, as a table or as JSON lines on stdout.

    Raises UserError where nothing can be read, or with `strict` where a part cannot.
    """
    # FFmpeg's own words on a damaged file would stand in the progress bar; `problem` says what counts.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    video = open_video(source)
    tracker = VideoTracker(detector, OneEuro() if smooth else None)

    def print_frame(frame: Frame, faces: list[TrackedFace]) -> None:
        if json_:
            _print_json_line(frame_document(video.name, frame, detector.scheme.name, faces))

    followed = follow_video(
        video, tracker, target, strict=strict, on_frame=print_frame, frames_of=_with_progress
    )
    for warning in followed.warnings:
        warn(warning)
    if not json_:
        out.print(_table(followed.times))
    if target is not None:
        say(f"drawn in {target}")


def _print_json_line(line: dict[str, Any]) -> None:
    """One JSON document on one line of stdout, at once: whoever reads a camera's waits for it."""
    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
    sys.stdout.flush()


def _with_progress(video: Video) -> Iterator[Frame]:
    text = "finding keypoints" + (", Ctrl-C ends" if isinstance(video, Camera) else "")
    with progress_bar() as bar:
        task = bar.add_task(text, total=video.stated_frames)
        for frame in video.frames():
            yield frame
            bar.advance(task)


def _table(times: TrackTimes) -> Table:
    """One row a track."""
    table = Table("track", "first seen", "last seen", "frames", "may be")
    for track in times.first:
        others = ", ".join(map(str, times.unsure.get(track, ())))
        seconds = f"{times.first[track]:.2f} s", f"{times.last[track]:.2f} s"
        table.add_row(str(track), *seconds, f"{times.count[track]} of {times.frames}", others)
    if not times.first:
        table.add_row("none found", *[""] * 4)
    return table
