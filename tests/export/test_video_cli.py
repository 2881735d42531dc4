"""facekp-detect on videos and cameras: JSON lines, the video written, damage, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from facekp_export import tracking
from facekp_export.finders import registry as faces
from facekp_export.video import reading as video_room
from facekp_export.video.reading import VideoFile
from tests.support.models.detect_cli import call
from tests.support.pictures.moving_faces import scene, write_video
from tests.support.places import ROOT


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, no ffmpeg, one look of the finder where it looks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(faces.FINDERS, "blazeface", faces.FINDERS["blazeface-fast"])
    return tmp_path


@pytest.fixture
def clip(here: Path) -> Path:
    """Two frames without a face, then ten with one that moves to the right, 20 a second."""
    frames = [scene()] * 2 + [scene((120 + 6 * step, 120)) for step in range(10)]
    return write_video(here / "clip.mp4", frames, rate=20)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_json_is_one_line_a_frame_with_exactly_the_promised_fields(clip, here, capsys):
    assert call("clip.mp4", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["frame"] for line in lines] == list(range(12))
    np.testing.assert_allclose([line["seconds"] for line in lines], np.arange(12) / 20, atol=1e-3)
    assert list(lines[0]) == ["video", "frame", "seconds", "width", "height", "scheme", "faces"]
    assert (lines[0]["video"], lines[0]["width"], lines[0]["height"]) == ("clip.mp4", 360, 240)
    assert [[face["track"] for face in line["faces"]] for line in lines] == [[]] * 2 + [[1]] * 10
    face = lines[-1]["faces"][0]
    assert list(face) == ["track", "may_be", "box", "score", "confidence", "keypoints"]
    assert 0.5 < face["confidence"] <= 1
    assert len(face["keypoints"]) == 68 and face["may_be"] == [] and 0.5 < face["score"] <= 1
    x, _, width, _ = face["box"]
    assert x < 174 < x + width
    assert files(here) == ["clip.mp4"], "--json alone draws nothing"


def test_the_video_is_written_as_long_as_it_was_with_the_keypoints_drawn(clip, here, capsys):
    assert call("clip.mp4", "--out", "points.mp4") == 0
    captured = capsys.readouterr()
    assert "10 of 12" in captured.out and "drawn in points.mp4" in captured.err
    assert "apt-get install ffmpeg" in captured.err
    before, after = (list(VideoFile(here / name).frames()) for name in ("clip.mp4", "points.mp4"))
    assert len(after) == 12 and after[-1].seconds == pytest.approx(before[-1].seconds, abs=1e-3)
    # The color of a keypoint, which the scene lacks, is on the frames with a face alone.
    green = [
        (frame.image[..., 1].astype(int) - frame.image[..., 0] - frame.image[..., 2] // 2 > 60).sum()
        for frame in after
    ]
    assert max(green[:2]) == 0 and min(green[2:]) > 20
    assert files(here) == ["clip.mp4", "points.mp4"]


def test_the_default_video_lies_in_the_current_folder(clip, here):
    (here / "deep").mkdir()
    clip.rename(here / "deep" / "clip.mp4")
    assert call("deep/clip.mp4") == 0
    assert (here / "clip_points.mp4").is_file()


def test_lines_and_a_video_together_and_without_smoothing(clip, here, capsys):
    assert call("clip.mp4", "--json", "--out", "points.mp4") == 0
    smooth = capsys.readouterr().out.splitlines()
    assert call("clip.mp4", "--json", "--no-smooth") == 0
    plain = capsys.readouterr().out.splitlines()
    assert len(smooth) == len(plain) == 12 and (here / "points.mp4").is_file()
    # The first look at a face is the same; then the filter has a say.
    assert smooth[2] == plain[2] and smooth[-1] != plain[-1]


def test_a_video_without_faces_is_no_failure(here, capsys):
    write_video(here / "empty.mp4", [scene()] * 3)
    assert call("empty.mp4", "--out", "points.mp4") == 0
    assert "none found" in capsys.readouterr().out
    assert len(list(VideoFile(here / "points.mp4").frames())) == 3


def test_a_video_cut_short_is_used_as_far_as_it_goes_or_refused_with_strict(here, capsys):
    path = write_video(here / "cut.avi", [scene((150, 120), noise=n + 1) for n in range(30)], codec="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert call("cut.avi", "--out", "points.mp4", "--strict") == 1
    assert "cut short" in capsys.readouterr().err and files(here) == ["cut.avi"]
    assert call("cut.avi", "--out", "points.mp4") == 0
    captured = capsys.readouterr()
    assert "warning: cut.avi states 1.2 seconds" in captured.err
    assert 5 < len(list(VideoFile(here / "points.mp4").frames())) < 20


def test_a_link_to_the_video_is_the_video(clip, here, capsys):
    (here / "linked.mp4").hardlink_to(here / "clip.mp4")
    assert call("clip.mp4", "--out", "linked.mp4") == 2
    assert "linked.mp4 is the video itself" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.mp4"], 1, "does not exist"),
        (["broken.mp4"], 1, "no frame can be read"),
        (["empty.avi"], 1, "no frame can be read"),
        (["clip.mp4", "--out", "points.png"], 2, ".mp4"),
        (["clip.mp4", "--out", "clip.mp4"], 2, "the video itself"),
        (["clip.mp4", "--out", "missing.txt/points.mp4"], 1, "nothing can be written there"),
        (["clip.mp4", "--boxes", "1,2,3,4"], 2, "for photographs"),
        (["clip.mp4", "--no-refine"], 2, "for photographs"),
        (["clip.mp4", "--finder", "mtcnn"], 2, "blazeface"),
        (["999"], 1, "camera 999 cannot be opened"),
    ],
)
def test_wrong_use_and_failures_have_their_exit_code_and_one_sentence(
    clip, here, capsys, arguments, code, said
):
    (here / "broken.mp4").write_bytes(clip.read_bytes()[:2000])
    (here / "empty.avi").touch()
    (here / "missing.txt").touch()
    before = files(here)
    assert call(*arguments) == code
    captured = capsys.readouterr()
    assert said in " ".join(captured.err.split()) and not captured.out
    assert "Traceback" not in captured.err and files(here) == before


class StandInCamera:
    """Answers like cv2.VideoCapture for a camera that sees a face; Ctrl-C comes at its fifth frame."""

    def __init__(self, number: int, *_) -> None:
        self.asked = 0

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return True

    def get(self, _: int) -> float:
        return 50.0

    def read(self):
        self.asked += 1
        if self.asked == 5:
            raise KeyboardInterrupt
        return True, np.ascontiguousarray(scene((150, 120))[:, :, ::-1])

    def release(self) -> None:
        pass


def test_ctrl_c_ends_a_cameras_recording_which_is_kept_whole(here, capsys, monkeypatch):
    real = video_room.cv2.VideoCapture
    monkeypatch.setattr(
        video_room.cv2,
        "VideoCapture",
        lambda source, *rest: StandInCamera(source) if isinstance(source, int) else real(source, *rest),
    )
    assert call("0", "--json", "--out", "me.mp4") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["frame"] for line in lines] == [0, 1, 2, 3] and lines[0]["video"] == "camera 0"
    assert len(list(VideoFile(here / "me.mp4").frames())) >= 1 and files(here) == ["me.mp4"]
    assert call("0") == 0
    assert "camera0_points.mp4" in files(here)


def test_a_file_whose_name_is_a_number_is_no_camera(here, capsys):
    (here / "0").write_text("no picture")
    assert call("0") == 1
    assert "not an image" in capsys.readouterr().err


def test_an_interrupted_run_leaves_no_file(clip, here, monkeypatch):
    real = tracking.VideoTracker.update

    def interrupted(self, frame, seconds):
        if seconds > 0.3:
            raise KeyboardInterrupt
        return real(self, frame, seconds)

    monkeypatch.setattr(tracking.VideoTracker, "update", interrupted)
    assert call("clip.mp4", "--out", "points.mp4") == 130
    assert files(here) == ["clip.mp4"]


@pytest.mark.slow
def test_ctrl_c_in_a_shell_leaves_no_half_file(here):
    write_video(here / "long.mp4", [scene((150, 120), noise=n % 5 + 1) for n in range(10)] * 100)
    command = [sys.executable, "-m", "facekp_export.detect", "long.mp4", "--out", "out/points.mp4"]
    root = str(ROOT)
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=here, env={**os.environ, "PYTHONPATH": root},
        # A shell's background job is born deaf to Ctrl-C, and so would be this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while (
            not list(here.glob("out/.facekp-*/*.mp4"))
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert files(here / "out") == []
