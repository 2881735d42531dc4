"""Kind: videos are read as a player shows them: turned, mirrored, of square pixels, by one opener for all."""

from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_export.detector import KeypointDetector
from facekp_export.video.reading import VideoFile
from facekp_train.common.console import UserError
from facekp_train.datasets.registry import open_dataset
from facekp_train.images import read_image
from facekp_train.pictures.containers import MATROSKA
from facekp_train.pictures.placement import orientation_of
from tests.support.models.detect_cli import call as detect
from tests.support.pictures.moving_faces import scene, write_video

ONE = 1 << 16
MATRICES = {
    1: (1, 0, 0, 1),
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
"""What x and y become, by the EXIF number of the same turn."""
FRAME = scene((120, 120), size=(240, 320))


def shown(image: np.ndarray, orientation: int) -> np.ndarray:
    """The stored picture as EXIF's table of the eight orientations says to show it."""
    steps = {1: [], 2: [np.fliplr], 3: [np.flipud, np.fliplr], 4: [np.flipud], 5: [np.rot90, np.flipud]}
    steps |= {6: [lambda a: np.rot90(a, -1)], 7: [np.rot90, np.fliplr], 8: [np.rot90]}
    for step in steps[orientation]:
        image = step(image)
    return image


def stored(image: np.ndarray, orientation: int) -> np.ndarray:
    """The picture that is shown as `image` under an orientation."""
    return np.ascontiguousarray(shown(image, {6: 8, 8: 6}.get(orientation, orientation)))


def with_matrix(path: Path, matrix: tuple[float, ...], box: bytes = b"tkhd") -> Path:
    """The MP4 with another display matrix, of its track or of the whole movie."""
    content = bytearray(path.read_bytes())
    place = content.index(box) + 4 + {b"tkhd": 40, b"mvhd": 36}[box]
    a, b, c, d = (round(value * ONE) for value in matrix)
    struct.pack_into(">9i", content, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def with_oblong_pixels(path: Path, width: int, height: int) -> Path:
    """The MP4, its index last, with a `pasp` box in its picture's sample entry."""
    content = bytearray(path.read_bytes())
    extra = struct.pack(">I4s2I", 16, b"pasp", width, height)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4v"):
        place = content.index(kind, content.index(b"moov")) - 4
        (size,) = struct.unpack_from(">I", content, place)
        struct.pack_into(">I", content, place, size + len(extra))
        end = place + size
    content[end:end] = extra
    path.write_bytes(content)
    return path


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def first_frame(path: Path) -> np.ndarray:
    return next(iter(VideoFile(path).frames())).image


def near(image: np.ndarray, other: np.ndarray, most: float = 6.0) -> bool:
    return image.shape == other.shape and np.abs(image.astype(int) - other).mean() < most


@pytest.mark.parametrize("orientation", MATRICES)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_all_eight_display_matrices_are_obeyed(tmp_path, orientation, suffix):
    path = write_video(tmp_path / f"a{suffix}", [stored(FRAME, orientation)] * 3)
    with_matrix(path, MATRICES[orientation])
    assert orientation_of(path) == orientation
    assert near(first_frame(path), FRAME)
    # The same by the other way that leads to a frame.
    assert near(read_image(path / "000001"), FRAME)


def open_ended(content: bytes, at: int) -> bytes:
    """The last box, its size said to reach to the end of the file."""
    return content[:at] + bytes(4) + content[at + 4 :]


def of_eight_bytes(content: bytes, at: int) -> bytes:
    """The last box, its size written in eight bytes."""
    size = struct.pack(">I4sQ", 1, content[at + 4 : at + 8], len(content) - at + 8)
    return content[:at] + size + content[at + 8 :]


def packed(content: bytes, at: int) -> bytes:
    """The last box as QuickTime packs it."""
    body = struct.pack(">I", len(content) - at) + zlib.compress(content[at:])
    for kind, before in (
        (b"cmvd", b""),
        (b"cmov", struct.pack(">I4s4s", 12, b"dcom", b"zlib")),
        (b"moov", b""),
    ):
        body = struct.pack(">I4s", 8 + len(before) + len(body), kind) + before + body
    return content[:at] + body


@pytest.mark.parametrize("orientation", [2, 4, 5, 7])
@pytest.mark.parametrize("form", [open_ended, of_eight_bytes, packed])
def test_a_matrix_is_found_however_its_box_states_its_size(tmp_path, form, orientation):
    path = with_matrix(
        write_video(tmp_path / "a.mp4", [stored(FRAME, orientation)] * 3), MATRICES[orientation]
    )
    content = path.read_bytes()
    path.write_bytes(form(content, content.rindex(b"moov") - 4))
    assert near(first_frame(path), FRAME)


def test_the_whole_movies_matrix_is_applied_after_its_tracks(tmp_path):
    path = write_video(tmp_path / "a.mp4", [stored(FRAME, 5)] * 3)
    with_matrix(with_matrix(path, MATRICES[6]), MATRICES[2], b"mvhd")  # turned right, then mirrored
    assert near(shown(shown(stored(FRAME, 5), 6), 2), FRAME)
    assert near(first_frame(path), FRAME)


def test_a_matrix_of_zeros_is_none(tmp_path):
    path = with_matrix(write_video(tmp_path / "a.mp4", [FRAME] * 3), (0, 0, 0, 0))
    assert near(first_frame(path), FRAME)


def test_what_is_shown_aslant_is_refused(tmp_path):
    path = with_matrix(write_video(tmp_path / "a.mp4", [FRAME] * 3), (0.866, 0.5, -0.5, 0.866))
    with pytest.raises(UserError, match="aslant"):
        VideoFile(path)
    with pytest.raises(OSError, match="aslant"):
        read_image(path / "1")


def element(mark: int, body: bytes) -> bytes:
    name = mark.to_bytes((mark.bit_length() + 7) // 8, "big")
    return name + (0x10000000 | len(body)).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("yaw", "roll", "expected"),
    [
        (0, 0, 1),
        (180, 0, 2),
        (0, 180, 3),
        (180, 180, 4),
        (-180, 90, 5),
        (0, -90, 6),
        (180, -90, 7),
        (0, 90, 8),
    ],
)
def test_a_matroska_files_pose_is_read(tmp_path, yaw, roll, expected):
    pose = element(0x7673, struct.pack(">d", yaw)) + element(0x7675, struct.pack(">f", roll))
    video = element(0xE0, element(0x7670, pose))
    sound_first = element(0x1654AE6B, element(0xAE, b"") + element(0xAE, video))
    segment = element(0x18538067, element(0x114D9B74, b"\0" * 9) + sound_first)
    path = tmp_path / "a.mkv"
    path.write_bytes(MATROSKA + b"\x80" + segment)
    assert orientation_of(path) == expected


@pytest.mark.parametrize(("pasp", "width"), [((2, 1), 160), ((4, 3), 240), ((1, 2), 640)])
def test_oblong_pixels_are_shown_square(tmp_path, pasp, width):
    squeezed = resized(FRAME, (width, 240))
    path = with_oblong_pixels(write_video(tmp_path / "a.mp4", [squeezed] * 3), *pasp)
    assert near(first_frame(path), FRAME, most=8)
    assert near(read_image(path / "1"), FRAME, most=8)


def test_an_absurd_pixel_is_a_broken_header(tmp_path):
    path = with_oblong_pixels(write_video(tmp_path / "a.mp4", [FRAME] * 3), 1000, 1)
    assert near(first_frame(path), FRAME)


def test_points_lie_where_the_video_shows_them_and_the_drawn_one_plays_as_it(tmp_path, capsys):
    lying = stored(FRAME, 5)
    squeezed = resized(lying, (120, 320))
    path = with_oblong_pixels(write_video(tmp_path / "a.mp4", [squeezed] * 4), 2, 1)
    with_matrix(path, MATRICES[5])
    (face,) = KeypointDetector.from_export("mdp-0.25x").detect(FRAME)
    assert detect(path, "--json", "--no-smooth", "--out", tmp_path / "drawn.mp4") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["width"], line["height"], len(line["faces"])) for line in lines] == [(320, 240, 1)] * 4
    eyes = np.linalg.norm(face.keypoints[36] - face.keypoints[45])
    found = np.array(lines[0]["faces"][0]["keypoints"])
    assert np.linalg.norm(found - face.keypoints, axis=1).mean() < 0.03 * eyes
    assert first_frame(tmp_path / "drawn.mp4").shape == FRAME.shape


def test_300vws_frames_are_those_that_detect_shows(tmp_path):
    folder = tmp_path / "videos" / "001"
    (folder / "annot").mkdir(parents=True)
    path = with_matrix(write_video(folder / "vid.mp4", [stored(FRAME, 6)] * 2), MATRICES[6])
    points = "\n".join(f"{100 + 3 * i} {90 + i}" for i in range(68))
    (folder / "annot" / "000001.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    (sample,) = open_dataset(f"300vw:{tmp_path / 'videos'}", "train")
    assert near(read_image(sample.image), FRAME) and near(first_frame(path), FRAME)


@pytest.mark.skipif(sys.platform == "win32", reason="names with a colon")
def test_300vws_videos_may_be_called_as_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "a.mp4", [FRAME] * 2).rename("http:a.mp4")
    assert near(read_image(Path("http:a.mp4/1")), FRAME)


def test_a_codec_that_is_not_decoded_is_named_and_not_called_damaged(tmp_path, capsys):
    path = write_video(tmp_path / "a.mp4", [FRAME] * 3)
    path.write_bytes(path.read_bytes().replace(b"mp4v", b"av01").replace(b"esds", b"free"))
    assert detect(path, "--json") == 1
    said = capsys.readouterr().err
    assert "AV1" in said and "damaged" not in said and "ffmpeg -i IN" in said
    with pytest.raises(OSError, match="AV1"):
        read_image(path / "1")


def test_a_video_of_a_known_codec_without_pictures_is_damaged(tmp_path, capsys):
    path = write_video(tmp_path / "a.mp4", [FRAME] * 3)
    content = bytearray(path.read_bytes())
    start, end = content.index(b"mdat") + 4, content.index(b"moov") - 4
    content[start:end] = bytes(end - start)
    path.write_bytes(content)
    assert detect(path, "--json") == 1
    assert "no frame can be read" in capsys.readouterr().err


STREAMS = {
    "h264": (
        "000000016764000aac7204447b011000000300100000030320f12258460000000168e8438f2c8b00000165888100067f"
        "fedf32f814d6850e7442336474bcc25c763713973291977bf93dcc15a77efc342e076dbd5d2dfac100000001419a084d"
        "8857fffe3a5200000001019e1027215f14b1"
    ),
    "h265": (
        "0000000140010c01ffff01600000030090000003000003001e998a024000000001420101016000000300900000030000"
        "03001ea02083165998ab91b6bc05a02000000300200000030321000000014401c173d8890000012801af1d80f78f5e5f"
        "fc967a37f71bcedcab6896dfbe269e7da936a3fbbb97ce000000010201d01157843239ed46b23fe658000000010001e0"
        "24bf810c214c8a7e80"
    ),
}
"""Three pictures of 64 x 48, blue above and red below, without a container."""


@pytest.mark.parametrize("form", STREAMS)
def test_a_stream_without_a_container_states_no_turn(tmp_path, form):
    """Its first bytes look like a box that ends beyond any file."""
    path = tmp_path / f"a.{form}"
    path.write_bytes(bytes.fromhex(STREAMS[form]))
    frames = [frame.image for frame in VideoFile(path).frames()]
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3
    assert all(frame[4, 30, 2] > 200 and frame[40, 30, 2] < 50 for frame in frames)
    assert near(read_image(path / "000002"), frames[1])
