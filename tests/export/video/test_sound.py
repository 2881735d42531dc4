"""The sound of a source under the video that was drawn from it, in time, or a sentence that says why not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest

from facekp_export.video.reading import VideoFile
from facekp_export.video.sound import MISSING, add_sound
from facekp_export.video.writing import WRITABLE
from tests.support.pictures.moving_faces import numbered, write_video

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command")


def stand_in_ffmpeg(folder: Path, script: str) -> str:
    """A program called ffmpeg; the PATH that finds it."""
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:{os.environ['PATH']}"


def test_without_ffmpeg_the_remedy_is_said_and_the_video_stays(tmp_path, monkeypatch):
    video = write_video(tmp_path / "a.mp4", numbered(3))
    before = video.read_bytes()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert add_sound(video, video, 1.0) == MISSING
    assert video.read_bytes() == before


def test_an_ffmpeg_that_fails_leaves_the_silent_video_and_its_reason_is_said(tmp_path, monkeypatch):
    video = write_video(tmp_path / "a.mp4", numbered(3))
    before = video.read_bytes()
    listing = 'case "$*" in *hide_banner*) echo "  Stream #0:1(und): Audio: aac" >&2; exit 1;; esac'
    monkeypatch.setenv(
        "PATH", stand_in_ffmpeg(tmp_path / "bin", f"{listing}\necho no such codec >&2; exit 1")
    )
    said = add_sound(video, video, 1.0)
    assert said is not None and "no such codec" in said
    assert video.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "bin"]


def test_sound_is_moved_by_what_the_picture_begins_later(tmp_path, monkeypatch):
    video = write_video(tmp_path / "a.mp4", numbered(3))
    told = "  Stream #0:1: Audio: aac\n[showinfo @ 0x1] n:   0 pts:   1400 pts_time:1.4     duration: 40"
    listing = f"case \"$*\" in *hide_banner*) echo '{told}' >&2; exit 0;; esac"
    asked = tmp_path / "asked"
    monkeypatch.setenv("PATH", stand_in_ffmpeg(tmp_path / "bin", f'{listing}\necho "$*" > {asked}; exit 1'))
    add_sound(video, video, 1.0)
    assert "-itsoffset -1.400000" in asked.read_text()


def test_a_source_without_sound_needs_no_word(tmp_path, monkeypatch):
    video = write_video(tmp_path / "a.mp4", numbered(3))
    monkeypatch.setenv(
        "PATH", stand_in_ffmpeg(tmp_path / "bin", 'echo "  Stream #0:0: Video: h264" >&2; exit 1')
    )
    assert add_sound(video, video, 1.0) is None


@needs_ffmpeg
@pytest.mark.parametrize(
    ("source_codec", "suffix"), [("aac", ".mp4"), ("pcm_s16le", ".mp4"), ("aac", ".avi")]
)
def test_sound_is_kept_in_every_format(tmp_path, source_codec, suffix):
    silent = write_video(tmp_path / f"a{suffix}", numbered(25), codec=WRITABLE[suffix])
    source = tmp_path / "source.mkv"
    tone = ["-f", "lavfi", "-i", "sine=440:duration=2", "-c:a", source_codec, str(source)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *tone], check=True, timeout=120)
    assert add_sound(silent, source, 1.0) is None
    listed = subprocess.run(
        ["ffmpeg", "-i", str(silent)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ": Audio: " in listed.stderr and "Duration: 00:00:01.0" in listed.stderr
    assert len(list(VideoFile(silent).frames())) == 25


@needs_ffmpeg
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
@pytest.mark.parametrize(("picture", "sound"), [(0.7, 0.0), (0.0, 0.6)])
def test_sound_and_picture_that_begin_apart_stay_in_time(tmp_path, suffix, picture, sound):
    """The picture's first frame is the drawn video's; the tone begins a second into the sound."""
    drawn = write_video(tmp_path / f"drawn{suffix}", numbered(50), codec=WRITABLE[suffix])
    frames, source = write_video(tmp_path / "a.mp4", numbered(50)), tmp_path / "source.mkv"
    tone = ["-f", "lavfi", "-i", "aevalsrc='if(gte(t,1),sin(2764*t),0)':duration=2"]
    inputs = ["-itsoffset", str(picture), "-i", str(frames), "-itsoffset", str(sound), *tone]
    command = ["ffmpeg", "-v", "error", *inputs, "-c:v", "copy", "-c:a", "aac", str(source)]
    subprocess.run(command, check=True, timeout=120)
    assert add_sound(drawn, source, 2.0) is None
    decode = ["-af", "aresample=8000:async=1:first_pts=0", "-f", "s16le", "-"]
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(drawn), "-map", "0:a", *decode],
        capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    heard = np.abs(np.frombuffer(done.stdout, np.int16).astype(int)) > 3000
    assert heard.argmax() / 8000 == pytest.approx(1 + sound - picture, abs=0.06)
