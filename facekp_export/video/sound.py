"""The sound of one video laid under another, by the ffmpeg command where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from facekp_train.common.files import resolved, written_aside

MISSING = (
    "the sound, if there is any, is left out: ffmpeg, which copies it, is missing (apt-get install ffmpeg)"
)
_SOUND = re.compile(r"^\s*Stream #\d+:\d+.*: Audio: ", re.MULTILINE)
_FIRST_FRAME = re.compile(r"\bn: *0 pts: *\S+ +pts_time:([-+.\de]+)")
# Copying runs far faster than the video plays; a slow disk is given time, a hanging program is not.
_LEAST_SECONDS = 60.0


def add_sound(video: Path, source: Path, seconds: float) -> str | None:
    """Lay the source's sound from its first frame on, `seconds` long, under a video, in place.

    The sound is copied as it is, or encoded anew where the video's format does not take it. Returns
    None where that went well or the source has no sound, else one sentence that says why the video,
    which is left as it was, is silent.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return MISSING
    limit = _LEAST_SECONDS + seconds
    sound = _input(source)
    first_frame = ["-map", "0:V:0", "-vf", "showinfo", "-frames:v", "1", "-f", "null", "-"]
    stderr = _run([ffmpeg, "-hide_banner", "-nostdin", *sound, *first_frame], limit).stderr
    if not _SOUND.search(stderr):
        return None
    first = _FIRST_FRAME.search(stderr)
    # The drawn video begins with the first frame, the source with whichever stream is first. The sound is
    # moved and then cut at 0, as seeking in it (-ss before -i) loses a second of some formats.
    moved = ["-itsoffset", f"{-float(first[1]) if first else 0.0:.6f}", *sound]
    start = [ffmpeg, "-nostdin", "-v", "error", "-y", *_input(video), *moved, "-ss", "0"]
    start += ["-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-t", f"{seconds:.6f}"]
    copied = [*start, "-c:a", "copy"]
    encoded = [*start, "-af", "aresample=async=1:first_pts=0"]
    # An .avi cannot say that its sound begins late: silence has to stand there.
    failed = (video.suffix.lower() == ".avi" or _laid(video, copied, limit)) and _laid(video, encoded, limit)
    return f"the video is silent: ffmpeg could not copy the sound ({failed})" if failed else None


def _laid(video: Path, command: list[str], limit: float) -> str | None:
    """Run ffmpeg into a file beside the video, which replaces it where all went well; else what it said."""
    try:
        with written_aside(video) as aside:
            done = _run([*command, f"file:{resolved(aside)}"], limit)
            if done.returncode != 0:
                raise _FailedError(" ".join(done.stderr.split()[:40]) or "it gave no reason")
    except _FailedError as error:
        return str(error)
    return None


class _FailedError(Exception):
    """What ffmpeg said; leaving the block by it keeps the video as it was."""


def _input(path: Path) -> list[str]:
    """An input that is this file and nothing else: a playlist inside it may name no other place."""
    return ["-protocol_whitelist", "file", "-i", f"file:{resolved(path)}"]


def _run(command: list[str], limit: float) -> subprocess.CompletedProcess[str]:
    """Run ffmpeg; one that takes too long counts as failed."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=limit, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"it took longer than {limit:.0f} seconds")
    except OSError as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
