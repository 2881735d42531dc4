"""Videos read and written: times, damage, uneven rates, sizes, sound."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_export.video import reading as video_room
from facekp_export.video.reading import Camera, VideoFile
from facekp_export.video.writing import WRITABLE, VideoWriter
from facekp_train.common.console import UserError
from tests.support.pictures.moving_faces import numbered, write_video

REAL_CAPTURE = cv2.VideoCapture
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg command")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")


def number_of(image: np.ndarray) -> int:
    return int(image.mean(axis=(0, 2))[: 256 // 6 * 6].reshape(-1, 6).mean(axis=1).argmax())


def detailed(count: int) -> list[np.ndarray]:
    """Frames that compress badly, so that a cut in the file hits picture data."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(count)]


def test_frames_come_in_order_with_their_times(tmp_path):
    video = VideoFile(write_video(tmp_path / "a.mp4", numbered(30), rate=20))
    frames = list(video.frames())
    assert [frame.number for frame in frames] == list(range(30))
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.seconds for frame in frames], np.arange(30) / 20, atol=1e-3)
    assert (video.rate, video.stated_frames) == (20, 30)
    assert video.problem() is None
    assert len(list(video.frames())) == 30, "a second pass sees the same"


def test_colors_are_rgb(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    (frame, *_) = VideoFile(write_video(tmp_path / "a.mp4", [red] * 3)).frames()
    assert frame.image[..., 0].mean() > 150 and frame.image[..., 2].mean() < 60


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0" * 5000])
def test_what_is_no_video_is_said_in_one_sentence(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mp4: no frame can be read"):
        VideoFile(path)


def test_a_missing_video_is_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        VideoFile(tmp_path / "a.mp4")


def test_an_mp4_cut_short_has_lost_its_index_and_cannot_be_opened(tmp_path):
    path = write_video(tmp_path / "a.mp4", detailed(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"cut short.*ffmpeg -i"):
        VideoFile(path)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "MJPG"), ("a.mkv", "mp4v")])
def test_a_video_cut_short_gives_what_it_has_and_says_so(tmp_path, name, codec):
    path = write_video(tmp_path / name, detailed(50), codec=codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    video = VideoFile(path)
    frames = list(video.frames())
    assert 12 <= len(frames) <= 35
    assert "cut short" in (video.problem() or "") and "2.0 seconds" in (video.problem() or "")


def test_frames_after_unreadable_ones_are_still_read_and_the_gap_is_counted(tmp_path):
    path = write_video(tmp_path / "a.mp4", detailed(50))
    content = bytearray(path.read_bytes())
    start = len(content) * 4 // 10
    content[start : start + len(content) // 8] = b"\0" * (len(content) // 8)
    path.write_bytes(content)
    video = VideoFile(path)
    frames = list(video.frames())
    assert len(frames) < 48 and frames[-1].seconds > 1.9
    assert f"{50 - len(frames)} of the 50 frames" in (video.problem() or "")


class Restamped:
    """Reads like cv2.VideoCapture, but says other times, and a mean rate that fits them."""

    stamps: np.ndarray
    duration: float

    def __init__(self, *arguments) -> None:
        self.real, self.count = REAL_CAPTURE(*arguments), 0

    def __getattr__(self, name: str):
        return getattr(self.real, name)

    def read(self):
        self.count += 1
        return self.real.read()

    def grab(self) -> bool:
        self.count += 1
        return self.real.grab()

    def get(self, asked: int) -> float:
        if asked == cv2.CAP_PROP_POS_MSEC:
            return 1000 * self.stamps[self.count - 1]
        return len(self.stamps) / self.duration if asked == cv2.CAP_PROP_FPS else self.real.get(asked)


def restamped(folder: Path, monkeypatch: pytest.MonkeyPatch, stamps, duration: float) -> VideoFile:
    """A video of ten frames a second, whose file gives them these times."""
    monkeypatch.setattr(Restamped, "stamps", np.array(stamps), raising=False)
    monkeypatch.setattr(Restamped, "duration", duration, raising=False)
    path = write_video(folder / "a.mp4", numbered(len(stamps)), rate=10)
    monkeypatch.setattr(video_room.cv2, "VideoCapture", Restamped)
    return VideoFile(path)


@pytest.mark.parametrize("pause", [15.0, 600.0])
def test_a_recorders_pause_keeps_every_later_time_and_is_no_damage(tmp_path, monkeypatch, pause):
    times = np.arange(40) / 10 + np.where(np.arange(40) < 15, 0, pause)
    video = restamped(tmp_path, monkeypatch, times, duration=4 + pause)
    np.testing.assert_allclose([frame.seconds for frame in video.frames()], times, atol=1e-6)
    assert video.rate == pytest.approx(10) and video.problem() is None


@pytest.mark.parametrize("broken", [-0.4, 1e9, float("nan"), float("inf")])
def test_one_broken_stamp_costs_its_frame_alone(tmp_path, monkeypatch, broken):
    stamps = np.arange(40) / 10 + 5
    stamps[20] = broken
    video = restamped(tmp_path, monkeypatch, stamps, duration=4)
    np.testing.assert_allclose([frame.seconds for frame in video.frames()], np.arange(40) / 10, atol=1e-6)
    assert video.problem() is None


@pytest.mark.parametrize("jump", [-1.5, 95_000.0, 20.0])
def test_stamps_that_jump_for_good_go_on_evenly(tmp_path, monkeypatch, jump):
    """As where recordings are joined, or a clock runs over; no frames by the hour fill the gap."""
    stamps = np.arange(40) / 10 + np.where(np.arange(40) < 20, 0, jump)
    video = restamped(tmp_path, monkeypatch, stamps, duration=4)
    np.testing.assert_allclose([frame.seconds for frame in video.frames()], np.arange(40) / 10, atol=1e-6)


def test_hours_that_the_file_itself_states_are_not_filled(tmp_path, monkeypatch):
    stamps = np.arange(40) / 10 + np.where(np.arange(40) < 20, 0, 90_000)
    video = restamped(tmp_path, monkeypatch, stamps, duration=90_004)
    assert max(frame.seconds for frame in video.frames()) < 5


def test_a_name_with_a_colon_and_spaces_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "b.mp4", numbered(4)).rename(tmp_path / "http: ä b.mp4")
    assert len(list(VideoFile(Path("http: ä b.mp4")).frames())) == 4


def test_a_phones_video_is_turned_upright(tmp_path):
    """The picture lies on its side, and the track's header says by how much to turn it."""
    path = write_video(tmp_path / "a.mp4", numbered(4))
    content = bytearray(path.read_bytes())
    upright = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    place = content.index(upright, content.index(b"tkhd"))
    content[place : place + len(turned)] = turned
    path.write_bytes(content)
    frames = list(VideoFile(path).frames())
    assert [frame.image.shape for frame in frames] == [(256, 48, 3)] * 4
    # A quarter turn clockwise: what was on the left is on top.
    assert [int(frame.image.mean(axis=(1, 2))[:30].argmax()) // 6 for frame in frames] == [0, 1, 2, 3]


class StandInCamera:
    """Answers like cv2.VideoCapture for one camera that stops after three frames."""

    def __init__(self, number: int, *_) -> None:
        self.number, self.left = number, 3

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return self.number == 0

    def get(self, _: int) -> float:
        return 0.0

    def read(self):
        self.left -= 1
        return (True, np.zeros((48, 64, 3), np.uint8)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        pass


def test_a_camera_gives_frames_until_it_stops_and_says_so(monkeypatch):
    monkeypatch.setattr(video_room.cv2, "VideoCapture", StandInCamera)
    camera = Camera(0)
    times = [frame.seconds for frame in camera.frames()]
    assert len(times) == 3 and times[0] == 0 and np.all(np.diff(times) > 0)
    assert camera.rate == 30 and "stopped answering" in (camera.problem() or "")
    with pytest.raises(UserError, match=r"camera 1 cannot be opened"):
        Camera(1)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_every_format_that_is_offered_can_be_written_and_read(tmp_path, suffix):
    writer = VideoWriter(tmp_path / f"a{suffix}", 25)
    for number, image in enumerate(numbered(12)):
        writer.add(image, number / 25)
    writer.close()
    frames = list(VideoFile(tmp_path / f"a{suffix}").frames())
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert (writer.repeated, writer.left_out, writer.seconds) == (0, 0, 12 / 25)


def test_an_uneven_rate_is_written_evenly_and_in_time(tmp_path):
    times = [0.0, 0.1, 0.2, 0.21, 0.6, 0.7]
    writer = VideoWriter(tmp_path / "a.mp4", 10)
    for image, seconds in zip(numbered(6), times, strict=True):
        writer.add(image, seconds)
    writer.close()
    shown = [number_of(frame.image) for frame in VideoFile(tmp_path / "a.mp4").frames()]
    assert shown == [0, 1, 2, 2, 2, 2, 4, 5]
    assert (writer.repeated, writer.left_out) == (3, 1)


def test_odd_and_changing_sizes_are_fitted(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", 10)
    for number, size in enumerate(((49, 65), (49, 65), (30, 100))):
        writer.add(np.full((*size, 3), 100, np.uint8), number / 10)
    writer.close()
    assert [frame.image.shape for frame in VideoFile(tmp_path / "a.mp4").frames()] == [(48, 64, 3)] * 3


def test_a_disk_that_fills_up_is_noticed(tmp_path):
    """A limit on file sizes stands in for a full disk: OpenCV itself reports neither."""
    code = f"""
import resource, signal, numpy as np
from pathlib import Path
from facekp_export.video.writing import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
writer, random = VideoWriter(Path({str(tmp_path)!r}) / "a.mp4", 25), np.random.default_rng(0)
for number in range(60):
    writer.add(random.integers(0, 255, (96, 128, 3), np.uint8), number / 25)
try:
    writer.close()
except OSError as error:
    print("said:", error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert "could not be written whole" in done.stdout and "disk" in done.stdout


@needs_ffmpeg
def test_a_variable_rate_keeps_its_times(tmp_path):
    steady, varying = write_video(tmp_path / "a.mp4", numbered(40), rate=20), tmp_path / "b.mp4"
    times = "setpts='if(lt(N,30),N,30+(N-30)*4)/20/TB'"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(steady), "-vf", times, "-fps_mode", "vfr"]
    subprocess.run([*command, "-c:v", "mpeg4", str(varying)], check=True, timeout=120)
    video = VideoFile(varying)
    seconds = [frame.seconds for frame in video.frames()]
    expected = [n / 20 if n < 30 else (30 + (n - 30) * 4) / 20 for n in range(40)]
    np.testing.assert_allclose(seconds, expected, atol=0.002)
    assert video.rate == pytest.approx(20) and video.problem() is None


def test_opencv_is_asked_for_its_ffmpeg_reader(tmp_path):
    """Other readers take a name with a % for a numbered series of pictures."""
    path = write_video(tmp_path / "a.mp4", numbered(4))
    path = path.rename(tmp_path / "a%02d.mp4")
    assert len(list(VideoFile(path).frames())) == 4
