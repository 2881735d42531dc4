"""Photographs inside other files: cells of a MATLAB file, frames of a video."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.images import read_image
from tests.support.files.packed_files import write_mat, write_video

PHOTOS = [np.random.default_rng(i).integers(0, 256, (20 + i, 31, 3), np.uint8) for i in range(3)]


def test_a_cell_is_the_photograph_to_the_bit(tmp_path: Path) -> None:
    write_mat(tmp_path / "a.mat", {"IsT": PHOTOS})
    for number, photo in enumerate(PHOTOS, 1):
        np.testing.assert_array_equal(read_image(tmp_path / "a.mat" / "IsT" / str(number)), photo)


def test_a_gray_cell_has_three_equal_channels(tmp_path: Path) -> None:
    gray = PHOTOS[0][..., 0]
    write_mat(tmp_path / "a.mat", {"IsT": [gray]})
    np.testing.assert_array_equal(
        read_image(tmp_path / "a.mat" / "IsT" / "1"), np.repeat(gray[..., None], 3, 2)
    )


@pytest.mark.parametrize(
    "inside", ["IsT/0", "IsT/4", "IsT/-1", "IsT/x", "IsT", "gone/1", "IsT/1/2", "numbers/1", "#refs#/1"]
)
def test_what_a_mat_file_does_not_hold_is_one_sentence(tmp_path: Path, inside: str) -> None:
    write_mat(tmp_path / "a.mat", {"IsT": PHOTOS}, {"numbers": np.ones((2, 2))})
    with pytest.raises(OSError, match=r"a\.mat/.*: cannot be read"):
        read_image(tmp_path / "a.mat" / inside)


@pytest.mark.parametrize(
    "cell", [np.ones((4, 5)), np.ones((4, 5, 4), np.uint8), np.ones((4, 5, 3, 2), np.uint8)]
)
def test_a_cell_that_is_no_photograph_is_refused(tmp_path: Path, cell: np.ndarray) -> None:
    write_mat(tmp_path / "a.mat", {"IsT": [cell]})
    with pytest.raises(OSError, match=r"IsT/1: not a photograph"):
        read_image(tmp_path / "a.mat" / "IsT" / "1")


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.98])
def test_a_mat_file_cut_short_is_one_sentence(tmp_path: Path, share: float) -> None:
    write_mat(tmp_path / "whole.mat", {"IsT": PHOTOS})
    data = (tmp_path / "whole.mat").read_bytes()
    (tmp_path / "a.mat").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(OSError, match=r"a\.mat"):
        read_image(tmp_path / "a.mat" / "IsT" / "3")


def test_other_files_hold_no_photographs(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(OSError, match=r"a\.zip/b\.png: cannot be read \(Not a directory\)"):
        read_image(tmp_path / "a.zip" / "b.png")


def test_paths_into_a_file_survive_what_paths_do(tmp_path: Path) -> None:
    write_mat(tmp_path / "a b.mat", {"IsT": PHOTOS})
    path = tmp_path / "x" / ".." / "a b.mat" / "IsT" / "2"
    for same in (path.resolve(), pickle.loads(pickle.dumps(path.resolve()))):
        np.testing.assert_array_equal(read_image(same), PHOTOS[1])


def level(frame: np.ndarray) -> int:
    return round(float(frame.mean()) / 10)


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "XVID"), (".avi", "MJPG"), (".mp4", "mp4v")])
def test_frames_are_counted_from_one_in_any_order(tmp_path: Path, suffix: str, codec: str) -> None:
    file = tmp_path / f"vid{suffix}"
    write_video(file, 20, codec)
    for number in (1, 2, 5, 5, 20, 3, 19, 1):
        frame = read_image(file / f"{number:06}")
        assert (frame.shape, level(frame)) == ((48, 64, 3), number)
    # Red stays red: OpenCV's own order is blue first.
    assert frame[..., 0].mean() > frame[..., 2].mean() + 4


def test_threads_read_frames_of_several_videos_at_once(tmp_path: Path) -> None:
    files = [tmp_path / f"{i}.avi" for i in range(2)]
    for file in files:
        write_video(file, 12)
    asked = [(file, number) for number in range(1, 13) for file in files]
    with ThreadPoolExecutor(4) as pool:
        levels = list(pool.map(lambda each: level(read_image(each[0] / str(each[1]))), asked))
    assert levels == [number for _, number in asked]


def test_frames_that_a_video_lacks_are_named(tmp_path: Path) -> None:
    write_video(tmp_path / "vid.avi", 5)
    for number in (6, 60, 7):
        with pytest.raises(OSError, match=f"holds 5 frames that can be read, and no frame {number}"):
            read_image(tmp_path / "vid.avi" / str(number))
    assert level(read_image(tmp_path / "vid.avi" / "5")) == 5
    for inside in ("0", "first", "1/2"):
        with pytest.raises(OSError, match="a frame is named by its number, from 1"):
            read_image(tmp_path / "vid.avi" / inside)
    (tmp_path / "broken.avi").write_bytes(b"RIFF, no more")
    with pytest.raises(OSError, match=r"broken\.avi: no frame can be read"):
        read_image(tmp_path / "broken.avi" / "1")
    cut = (tmp_path / "vid.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(cut[: len(cut) // 2])
    with pytest.raises(OSError, match=r"cut\.avi"):
        read_image(tmp_path / "cut.avi" / "5")


@pytest.mark.parametrize("seed", range(15))
def test_damaged_videos_end_in_a_sentence(tmp_path: Path, seed: int) -> None:
    file = tmp_path / "vid.avi"
    write_video(file, 6)
    random, data = np.random.default_rng(seed), bytearray(file.read_bytes())
    for _ in range(12):
        data[int(random.integers(len(data)))] = int(random.integers(256))
    file.write_bytes(data)
    outcomes = [outcome(file / str(number)) for number in range(1, 8)]
    # The seventh frame was never there.
    assert all(each == "read" or each.startswith(str(file)) for each in outcomes) and outcomes[6] != "read"


def outcome(path: Path) -> str:
    """What reading ends in: a photograph, or the sentence that says why not."""
    try:
        return "read" if read_image(path).shape[2] == 3 else "no photograph"
    except OSError as error:
        return str(error)


def test_a_photographs_folder_may_end_like_a_video(tmp_path: Path) -> None:
    (tmp_path / "holiday.avi").mkdir()
    cv2.imwrite(str(tmp_path / "holiday.avi" / "1.png"), PHOTOS[0][..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "holiday.avi" / "1.png"), PHOTOS[0])
