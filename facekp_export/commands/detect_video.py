"""facekp-detect on a video or a camera: faces followed from frame to frame, drawn, listed as JSON lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from facekp_export.commands.targets import refuse_source
from facekp_export.detector import KeypointDetector
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_export.video.one_euro import OneEuro
from facekp_export.video.reading import Camera, Frame, VideoFile
from facekp_export.video.sound import add_sound
from facekp_export.video.writing import WRITABLE, VideoWriter
from facekp_train.common.console import UserError, err, out, say, warn
from facekp_train.common.files import written_aside
from facekp_train.draw import draw_keypoints
from facekp_train.images import VIDEO_SUFFIXES
from facekp_train.samples import Image


def is_video(source: Path) -> bool:
    """Whether the argument means a video or, as a bare number that is no file's name, a camera."""
    return is_camera(source) or (source.suffix.lower() in VIDEO_SUFFIXES and not source.is_dir())


def is_camera(source: Path) -> bool:
    """Whether the argument is a camera's number."""
    return str(source).isascii() and str(source).isdigit() and not source.exists()


def video_target_of(source: Path, out_path: Path | None) -> Path:
    """Where to draw. Raises typer.BadParameter for a name that is no video's, or the source itself."""
    name = f"camera{source}" if is_camera(source) else source.stem
    if out_path is None or out_path.is_dir():
        out_path = (out_path or Path()) / f"{name}_points.mp4"
    if out_path.suffix.lower() not in WRITABLE:
        raise typer.BadParameter(f"a video is written as {', '.join(WRITABLE)}; give --out such a name")
    refuse_source(out_path, source, "video")
    return out_path


@dataclass
class Seen:
    """What a run over a video came to: frames, and for each track when it was seen."""

    frames: int = 0
    first: dict[int, float] = field(default_factory=dict)
    last: dict[int, float] = field(default_factory=dict)
    count: dict[int, int] = field(default_factory=dict)
    unsure: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def add(self, frame: Frame, faces: list[TrackedFace]) -> None:
        """Count one frame's faces."""
        self.frames += 1
        for face in faces:
            self.first.setdefault(face.track, frame.seconds)
            self.last[face.track] = frame.seconds
            self.count[face.track] = self.count.get(face.track, 0) + 1
            if face.may_be:
                self.unsure[face.track] = face.may_be

    def table(self) -> Table:
        """One row a track."""
        table = Table("track", "first seen", "last seen", "frames", "may be")
        for track in self.first:
            others = ", ".join(map(str, self.unsure.get(track, ())))
            times = f"{self.first[track]:.2f} s", f"{self.last[track]:.2f} s"
            table.add_row(str(track), *times, f"{self.count[track]} of {self.frames}", others)
        if not self.first:
            table.add_row("none found", *[""] * 4)
        return table


def run_video(
    source: Path, detector: KeypointDetector, target: Path | None, json_: bool, strict: bool, smooth: bool
) -> None:
    """Follow the faces of a video into `target`, as a table or as JSON lines on stdout.

    Raises UserError where nothing can be read, or with `strict` where a part cannot.
    """
    # FFmpeg's own words on a damaged file would stand in the progress bar; `problem` says what counts.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    video = Camera(int(str(source))) if is_camera(source) else VideoFile(source)
    tracker = VideoTracker(detector, OneEuro() if smooth else None)
    seen, notes = Seen(), []
    with ExitStack() as stack:
        aside = stack.enter_context(written_aside(target)) if target is not None else None
        writer = VideoWriter(aside, video.rate) if aside is not None else None
        try:
            for frame in _shown(video):
                faces = tracker.update(frame.image, frame.seconds)
                seen.add(frame, faces)
                if json_:
                    print_line(document(video.name, frame, detector.scheme.name, faces))
                if writer is not None:
                    writer.add(drawn(frame.image, faces), frame.seconds)
        except KeyboardInterrupt:
            # A camera's recording ends so; of a file nothing half-done stays.
            if not isinstance(video, Camera):
                raise
        problem = video.problem()
        if seen.frames == 0:
            raise UserError(problem or f"{video.name}: no frame can be read; it is empty or damaged")
        if problem and strict:
            raise UserError(f"{problem} (--strict stops here; without it the rest is used)")
        notes += [problem] if problem else []
        if writer is not None and aside is not None:
            writer.close()
            notes += _rate_note(video, writer)
            silent = None if isinstance(video, Camera) else add_sound(aside, video.path, writer.seconds)
            notes += [silent] if silent else []
    for note in notes:
        warn(note)
    if not json_:
        out.print(seen.table())
    if target is not None:
        say(f"drawn in {target}")


def document(name: str, frame: Frame, scheme: str, faces: list[TrackedFace]) -> dict[str, Any]:
    """The JSON document of one frame; coordinates to 1/1000 pixel."""
    height, width = frame.image.shape[:2]
    return {
        "video": name,
        "frame": frame.number,
        "seconds": round(frame.seconds, 6),
        "width": width,
        "height": height,
        "scheme": scheme,
        "faces": [
            {
                "track": face.track,
                "may_be": list(face.may_be),
                "box": [round(value, 3) for value in face.box],
                "score": round(face.score, 4),
                "keypoints": [[round(x, 3), round(y, 3)] for x, y in face.keypoints.tolist()],
            }
            for face in faces
        ],
    }


def drawn(image: Image, faces: list[TrackedFace]) -> Image:
    """A copy of the frame with every face's box, contours and keypoints."""
    for face in faces:
        image = draw_keypoints(image, face.keypoints, box=face.box)
    return image


def print_line(line: dict[str, Any]) -> None:
    """One JSON document on one line of stdout, at once: whoever reads a camera's waits for it."""
    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
    sys.stdout.flush()


def _shown(video: VideoFile | Camera) -> Iterator[Frame]:
    """The frames with a progress bar."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    text = "finding keypoints" + (", Ctrl-C ends" if isinstance(video, Camera) else "")
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(text, total=video.stated_frames)
        for frame in video.frames():
            yield frame
            progress.advance(task)


def _rate_note(video: VideoFile | Camera, writer: VideoWriter) -> list[str]:
    if isinstance(video, Camera) or not writer.repeated + writer.left_out:
        return []
    return [
        f"the frames of {video.name} are not evenly spaced; the video written has {writer.rate:.4g} a "
        f"second, with {writer.repeated} repeated and {writer.left_out} left out"
    ]
