"""Kind: videos whose headers lie, that lead to other files, or that change their size in the midst."""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facekp_export.detection import videos
from facekp_export.detection.videos import FollowedVideo, follow_video
from facekp_export.video import writing
from facekp_export.video.reading import VideoFile
from facekp_export.video.writing import VideoWriter
from facekp_train.common.console import UserError
from facekp_train.images import read_image
from facekp_train.pictures.header import allow_pixels, most_pixels
from facekp_train.pictures.stream_sizes import size_of_packet
from tests.support.pictures.avi import avi, jpeg, vp8
from tests.support.pictures.moving_faces import numbered, write_video

PLAIN = [jpeg(number) for number in range(12)]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ffmpeg, and nothing drawn."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(videos, "drawn", lambda image, _faces, _scheme: image)


def follow(path: Path, **options: Any) -> FollowedVideo:
    """What facekp-detect makes of it, with a tracker that sees nobody."""
    tracker: Any = SimpleNamespace(update=lambda *_: [], detector=SimpleNamespace(scheme=None))
    return follow_video(VideoFile(path), tracker, path.with_name("out.mp4"), **options)


def patched(box: bytes, offset: int, form: str, *values: int) -> Callable[[bytes], bytes]:
    """Other numbers in a box of an MP4."""

    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        struct.pack_into(form, changed, content.index(box) + 4 + offset, *values)
        return bytes(changed)

    return change


LIES = {
    "a thousand million frames": avi(PLAIN, count=10**9),
    "all the frames that a number holds": avi(PLAIN, count=0xFFFFFFFF),
    "no rate": avi(PLAIN, rate=0),
    "no scale": avi(PLAIN, scale=0),
    "an endless rate": avi(PLAIN, rate=0xFFFFFFFF),
    "hardly a rate": avi(PLAIN, scale=0xFFFFFFFF, rate=1),
    "another size": avi(PLAIN, size=(30_000, 30_000)),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_costs_no_frame(lie: str, tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(LIES[lie])
    assert follow(tmp_path / "a.avi").times.frames == 12
    frames = list(VideoFile(tmp_path / "a.avi").frames())
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert all(after.seconds > before.seconds for before, after in pairwise(frames))
    assert 1 <= len(list(VideoFile(tmp_path / "out.mp4").frames())) <= 12


@pytest.mark.parametrize(
    "change",
    [
        patched(b"stts", 8, ">I", 10**9),
        patched(b"stts", 12, ">I", 0),
        patched(b"mdhd", 16, ">I", 0xFFFFFFFF),
        patched(b"mp4v", 28, ">HH", 30_000, 30_000),
    ],
)
def test_so_does_an_mp4s(change: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(12))
    path.write_bytes(change(path.read_bytes()))
    assert follow(path).times.frames == 12


NOTHING = {
    "empty.mp4": b"",
    "no_frames.avi": avi([]),
    "sound_alone.avi": avi(PLAIN, kind=b"auds"),
    "garbage.avi": avi([b"\xff\xd8garbage" * 50] * 20),
    "larger_than_ffmpeg_takes.avi": avi([jpeg(0).replace(b"\0\x30\0\x40", b"\x75\x30\x75\x30")] * 3),
}
TEXTS = {
    "its_own_part.mp4": "ffconcat version 1.0\nfile its_own_part.mp4\nfile its_own_part.mp4\n",
    "binary_behind.mp4": "ffconcat version 1.0\nfile its_own_part.mp4\n#\x01\x02\n",
    "more_to_come.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nvideo.ts\n",
    "a_stream.mp4": "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "words.avi": "hello\n",
}


@pytest.mark.parametrize("name", [*NOTHING, *TEXTS])
def test_what_has_no_picture_or_leads_elsewhere_is_one_sentence(name: str, tmp_path: Path) -> None:
    content = NOTHING.get(name, b"") or TEXTS.get(name, "").encode()
    (tmp_path / name).write_bytes(content)
    said = "it is a text" if name in TEXTS else "no frame can be read"
    with pytest.raises(UserError, match=said):
        follow(tmp_path / name)
    with pytest.raises(OSError, match=said):
        read_image(tmp_path / name / "1")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_largest_picture_holds_for_videos_too(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(avi(PLAIN))
    before = most_pixels()
    try:
        allow_pixels(64 * 48 - 1)
        with pytest.raises(UserError, match=r"3,072 pixels, and 3,071 are read at most.*--max-pixels"):
            VideoFile(tmp_path / "a.avi")
        allow_pixels(64 * 48)
        assert follow(tmp_path / "a.avi").times.frames == 12
    finally:
        allow_pixels(before)


@pytest.mark.parametrize("picture", [jpeg, vp8])
@pytest.mark.parametrize("other", [(128, 96), (32, 32)])
def test_a_size_that_changes_is_said_and_no_picture_is_shown_for_another(
    picture: Callable[..., bytes], other: tuple[int, int], tmp_path: Path
) -> None:
    """OpenCV gave the last picture of the first size again, as if it were the next."""
    frames = [picture(number, other if 5 <= number < 8 else (64, 48)) for number in range(12)]
    path = tmp_path / "a.avi"
    path.write_bytes(avi(frames, b"MJPG" if picture is jpeg else b"VP80"))
    followed = follow(path)
    assert followed.times.frames == 5
    assert "after 5 pictures they have another size" in followed.warnings[0]
    assert len(list(VideoFile(tmp_path / "out.mp4").frames())) == 5
    bars = [int(read_image(path / str(number))[24, :, 1].argmax()) // 4 for number in range(1, 6)]
    np.testing.assert_allclose(bars, range(5), atol=1)
    with pytest.raises(OSError, match="after 5 pictures they have another size"):
        read_image(path / "6")
    with pytest.raises(UserError, match="another size"):
        follow(path, strict=True)
    path.write_bytes(avi([picture(number) for number in range(12)], b"MJPG" if picture is jpeg else b"VP80"))
    assert follow(path).times.frames == 12


def test_one_packet_that_is_damaged_changes_no_size(tmp_path: Path) -> None:
    damaged = jpeg(5).replace(b"\0\x30\0\x40", b"\0\x60\0\x80")
    (tmp_path / "a.avi").write_bytes(avi([*PLAIN[:5], damaged, *PLAIN[6:]]))
    followed = follow(tmp_path / "a.avi")
    assert followed.times.frames >= 11 and "another size" not in "".join(followed.warnings)


H264 = {
    "6764001eacb201407b42000003000200000300651e2c5c90": (640, 480),
    "6764000bacb20508fcb0800000030080000019478a1524": (160, 128),
    "6764000dacb20283f420000003002000000651e28549": (320, 240),
}
VP9 = {"824983420013f00ef60038241c184a": (320, 240), "824983420027f01df60038241c184a": (640, 480)}


def test_packets_state_their_size() -> None:
    for packet, size in H264.items():
        assert size_of_packet("H264", bytes.fromhex(f"0000000109f000000001{packet}00000001")) == size
    for packet, size in VP9.items():
        assert size_of_packet("VP90", bytes.fromhex(packet)) == size
    assert size_of_packet("MPG2", bytes.fromhex("000001b32d0240")) == (720, 576)
    assert size_of_packet("VP80", vp8(0)) == size_of_packet("MJPG", jpeg(0)) == (64, 48)


@pytest.mark.parametrize("codec", ["H264", "VP90", "VP80", "MJPG", "MPG2", "FMP4"])
def test_a_packet_that_is_damaged_states_none(codec: str) -> None:
    random = np.random.default_rng(0)
    heads = (b"", b"\0\0\1\x67", b"\0\0\1\x67\x64", b"\x82\x49\x83\x42", b"\xff\xd8", b"\0\0\1\xb3")
    for head in heads:
        for length in (0, 1, 5, 40):
            size = size_of_packet(codec, head + random.bytes(length))
            assert size is None or min(size) >= 0


def test_hours_between_a_few_frames_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_REPEATED", 50)
    monkeypatch.setattr(writing, "_REPEATED_A_FRAME", 5)
    writer = VideoWriter(tmp_path / "a.mp4", 10)
    pictures = numbered(4)
    for image, seconds in zip(pictures, (0.0, 4.0, 5.0), strict=False):
        writer.add(image, seconds)
    with pytest.raises(UserError, match="the first 3 frames last 3,600 seconds"):
        writer.add(pictures[3], 3600.0)
    writer.close()
