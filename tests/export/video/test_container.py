"""What a container counts: sound, edits and fragments are no damage, a file cut short is."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from facekp_export.video.container import counts_frames
from facekp_export.video.reading import VideoFile
from tests.support.pictures.moving_faces import write_video


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")


def noise(count: int) -> list[np.ndarray]:
    """Frames that compress badly, so that a cut in the file hits picture data."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(count)]


def read_through(path: Path) -> tuple[int, str | None]:
    """How many frames could be read, and what the file's problem is."""
    video = VideoFile(path)
    return len(list(video.frames())), video.problem()


def longer_sound(folder: Path) -> Path:
    """A Matroska file of 2 seconds that states 3, as one does whose sound is longer than its picture."""
    path = write_video(folder / "a.mkv", noise(50))
    content = bytearray(path.read_bytes())
    place = content.index(b"\x44\x89\x88") + 3
    assert struct.unpack_from(">d", content, place) == (2000,)
    struct.pack_into(">d", content, place, 3000)
    path.write_bytes(content)
    assert VideoFile(path).stated_frames == 75
    return path


def test_a_matroska_file_whose_sound_is_longer_is_whole(tmp_path):
    assert read_through(longer_sound(tmp_path)) == (50, None)


def test_a_matroska_file_cut_short_is_known_by_its_stated_end(tmp_path):
    path = longer_sound(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, problem = read_through(path)
    assert 10 < frames < 40 and "cut short" in (problem or "")


def test_a_format_that_states_only_a_length_tells_nothing_for_certain(tmp_path):
    path = write_video(tmp_path / "a.flv", noise(50), codec="FLV1")
    content = bytearray(path.read_bytes())
    struct.pack_into(">d", content, content.index(b"duration\0") + 9, 3.0)
    path.write_bytes(content)
    assert VideoFile(path).stated_frames == 75 and read_through(path) == (50, None)


def test_frames_that_an_edit_list_leaves_out_are_not_missed(tmp_path):
    """As in a recording trimmed without encoding it anew."""
    path = write_video(tmp_path / "a.mp4", noise(50))
    assert counts_frames(path)
    content = bytearray(path.read_bytes())
    edit = content.index(b"elst") + 12
    length, start = struct.unpack_from(">Ii", content, edit)
    ticks = content.index(b"mdhd") + 16
    scale, whole = struct.unpack_from(">II", content, ticks)
    assert (length, start, whole / scale) == (2000, 0, 2)
    struct.pack_into(">Ii", content, edit, length - 800, 8 * scale // 10)
    path.write_bytes(content)
    frames, problem = read_through(path)
    assert frames < 45 and problem is None


def test_an_mp4_cut_short_whose_index_stands_in_front_is_known(tmp_path):
    path = write_video(tmp_path / "a.mp4", noise(50))
    content = path.read_bytes()
    at, first = content.index(b"moov") - 4, content.index(b"free") - 4
    index = bytearray(content[at:])
    table = index.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", index, table)
    places = struct.unpack_from(f">{count}I", index, table + 4)
    struct.pack_into(f">{count}I", index, table + 4, *(place + len(index) for place in places))
    path.write_bytes((content[:first] + index + content[first:at])[: len(content) // 2])
    frames, problem = read_through(path)
    assert 10 < frames < 40 and "cut short" in (problem or "")


def test_an_index_that_says_that_fragments_follow_counts_nothing(tmp_path):
    path = write_video(tmp_path / "a.mp4", noise(3))
    assert counts_frames(path)
    path.write_bytes(path.read_bytes().replace(b"udta", b"mvex"))
    assert not counts_frames(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 99,
        b"\x1aE\xdf\xa3",
        b"\x1aE\xdf\xa3\x80\x18S\x80g\x01" + b"\xff" * 7,
        b"\0\0\0\x08moov",
        b"\0\0\0\x01moov" + b"\0" * 8,
    ],
)
def test_what_says_nothing_is_not_counted(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert not counts_frames(tmp_path / "a")


# The two upper rows of an mp4 track's matrix, in 65536ths, by the clockwise turn that a phone asks for.
TURNS = {0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}


@pytest.mark.parametrize("quarter_turns", TURNS)
def test_a_phones_mark_of_how_it_was_held_is_obeyed(tmp_path: Path, quarter_turns: int) -> None:
    corner = np.zeros((96, 128, 3), np.uint8)
    corner[:48, :64] = 250  # white above left, as stored
    path = write_video(tmp_path / "a.mp4", [corner] * 5)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    a, b, c, d = (65536 * part for part in TURNS[quarter_turns])
    assert struct.unpack_from(">9i", content, matrix) == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    struct.pack_into(">9i", content, matrix, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    for frame in VideoFile(path).frames():
        seen = np.rot90(corner, -quarter_turns)
        assert frame.image.shape == seen.shape
        assert np.abs(frame.image.astype(int) - seen).mean() < 10
