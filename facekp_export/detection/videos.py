"""The faces of a video or a camera followed from frame to frame, as JSON documents and drawn into a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facekp_export.detection.faces import drawn, face_document
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_export.video.reading import Camera, Frame, Video
from facekp_export.video.sound import add_sound
from facekp_export.video.writing import VideoWriter
from facekp_train.common.console import UserError
from facekp_train.common.files import written_aside


@dataclass
class TrackTimes:
    """What a run over a video came to: frames, and for each track when it was seen, in seconds."""

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


@dataclass(frozen=True)
class FollowedVideo:
    """When each track was seen, and in a sentence each what was wrong with the video or its sound."""

    times: TrackTimes
    warnings: list[str]


def follow_video(
    video: Video,
    tracker: VideoTracker,
    target: Path | None = None,
    *,
    strict: bool = False,
    on_frame: Callable[[Frame, list[TrackedFace]], None] = lambda _frame, _faces: None,
    frames_of: Callable[[Video], Iterator[Frame]] = lambda video: video.frames(),
) -> FollowedVideo:
    """Follow the faces of a video and draw them into the video `target`, which appears whole or not at all.

    on_frame: called with every frame and its faces. frames_of: wraps the frames, for whoever shows
    progress. Ctrl-C ends a camera's recording. Raises UserError where nothing can be read, or with
    `strict` where a part cannot; OSError where `target` cannot be written.
    """
    times, warnings = TrackTimes(), []
    with ExitStack() as stack:
        aside = stack.enter_context(written_aside(target)) if target is not None else None
        writer = VideoWriter(aside, video.rate, target) if aside is not None else None
        try:
            for frame in frames_of(video):
                faces = tracker.update(frame.image, frame.seconds)
                times.add(frame, faces)
                on_frame(frame, faces)
                if writer is not None:
                    writer.add(drawn(frame.image, faces, tracker.detector.scheme), frame.seconds)
        except KeyboardInterrupt:
            # A camera's recording ends so; of a file nothing half-done stays.
            if not isinstance(video, Camera):
                raise
        problem = video.problem()
        if times.frames == 0:
            raise UserError(problem or f"{video.name}: no frame can be read; it is empty or damaged")
        if problem and strict:
            raise UserError(f"{problem} (--strict stops here; without it the rest is used)")
        warnings += [problem] if problem else []
        if writer is not None and aside is not None:
            writer.close()
            warnings += _rate_warning(video, writer)
            silent = None if isinstance(video, Camera) else add_sound(aside, video.path, writer.seconds)
            warnings += [silent] if silent else []
    return FollowedVideo(times, warnings)


def frame_document(name: str, frame: Frame, scheme: str, faces: list[TrackedFace]) -> dict[str, Any]:
    """The JSON document of one frame; name: the video's, scheme: the landmark scheme's."""
    height, width = frame.image.shape[:2]
    return {
        "video": name,
        "frame": frame.number,
        "seconds": round(frame.seconds, 6),
        "width": width,
        "height": height,
        "scheme": scheme,
        "faces": [
            {"track": face.track, "may_be": list(face.may_be), **face_document(face)} for face in faces
        ],
    }


def _rate_warning(video: Video, writer: VideoWriter) -> list[str]:
    if isinstance(video, Camera) or not writer.repeated + writer.left_out:
        return []
    return [
        f"the frames of {video.name} are not evenly spaced; the video written has {writer.rate:.4g} a "
        f"second, with {writer.repeated} repeated and {writer.left_out} left out"
    ]
