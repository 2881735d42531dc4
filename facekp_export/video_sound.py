"""The sound of one video laid under another, by the ffmpeg command where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from facekp_train.files import written_aside

MISSING = (
    "the sound, if there is any, is left out: ffmpeg, which copies it, is missing (apt-get install ffmpeg)"
)
_SOUND = re.compile(r"^\s*Stream #\d+:\d+.*: Audio: ", re.MULTILINE)
# Copying runs far faster than the video plays; a slow disk is given time, a hanging program is not.
_LEAST_SECONDS = 60.0


def add_sound(video: Path, source: Path, seconds: float) -> str | None:
    """Lay the first `seconds` of the source's sound under a video, in place.

    The sound is copied as it is, or encoded anew where the video's format does not take it. Returns
    None where that went well or the source has no sound, else one sentence that says why the video,
    which is left as it was, is silent.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return MISSING
    limit = _LEAST_SECONDS + seconds
    sound = _input(source)
    # Without an output ffmpeg lists the streams and ends with an error.
    listed = _run([ffmpeg, "-hide_banner", "-nostdin", *sound], limit)
    if not _SOUND.search(listed.stderr):
        return None
    start = [ffmpeg, "-nostdin", "-v", "error", "-y", *_input(video), *sound]
    start += ["-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-t", f"{seconds:.6f}"]
    failed = _laid(video, [*start, "-c:a", "copy"], limit) and _laid(video, start, limit)
    return f"the video is silent: ffmpeg could not copy the sound ({failed})" if failed else None


def _laid(video: Path, command: list[str], limit: float) -> str | None:
    """Run ffmpeg into a file beside the video, which replaces it where all went well; else what it said."""
    try:
        with written_aside(video) as aside:
            done = _run([*command, f"file:{aside.resolve()}"], limit)
            if done.returncode != 0:
                raise _FailedError(" ".join(done.stderr.split()[:40]) or "it gave no reason")
    except _FailedError as error:
        return str(error)
    return None


class _FailedError(Exception):
    """What ffmpeg said; leaving the block by it keeps the video as it was."""


def _input(path: Path) -> list[str]:
    """An input that is this file and nothing else: a playlist inside it may name no other place."""
    return ["-protocol_whitelist", "file", "-i", f"file:{path.resolve()}"]


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
