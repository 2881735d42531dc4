"""What all readers share: names of data sets, splits, laziness, photographs."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.commands.options import SPEC_HELP, SPLIT_HELP
from facekp_train.datasets import FORMATS, DataError, Dataset, open_dataset
from facekp_train.images import read_image
from tests.support.files.annotated_faces import annotated, picture


@pytest.mark.parametrize("spec", ["", "photos", ":x", "mtfl:", "webcam:photos"])
def test_specs_that_name_no_format(spec: str) -> None:
    with pytest.raises(DataError, match="is not FORMAT:PATH with a FORMAT of mtfl, 300w, "):
        open_dataset(spec)


def test_unknown_split_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split 'testing'; it has train, common, challenging, full"):
        open_dataset(f"300w:{tmp_path}", "testing")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone does not exist"):
        open_dataset(f"mtfl:{tmp_path / 'gone'}")
    with pytest.raises(FileNotFoundError, match=r"a\.jpg is a file; give the folder"):
        open_dataset(f"pts:{picture(tmp_path / 'a.jpg')}")


def test_folder_with_an_at_sign_is_a_folder(tmp_path: Path) -> None:
    annotated(tmp_path / "me@home", "a.jpg")
    assert len(list(open_dataset(f"pts:{tmp_path / 'me@home'}"))) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_evaluates_on_a_split_of_its_own(name: str) -> None:
    known = FORMATS[name]
    assert known.evaluation in known.splits
    assert set(known.parts) <= set(known.splits)


@pytest.mark.parametrize("name", FORMATS)
def test_help_names_every_format_and_split(name: str) -> None:
    assert re.search(rf"[ ,]{name}[,.]", SPEC_HELP)
    splits = FORMATS[name].splits
    assert splits == ("all",) or f" {', '.join(splits)} ({name});" in SPLIT_HELP


def test_reading_is_lazy(tmp_path: Path) -> None:
    """The first face comes without the rest being looked at."""
    for name in ("a.jpg", "b.jpg"):
        annotated(tmp_path, name)
    (tmp_path / "b.pts").write_text("broken")
    dataset: Dataset = open_dataset(f"pts:{tmp_path}")
    next(iter(dataset))
    assert dataset.skipped == []


# Photographs


def test_images_are_rgb_and_turned_upright(tmp_path: Path) -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    image[..., 0] = 200
    cv2.imwrite(str(tmp_path / "a.png"), image[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)
    # An EXIF block that says: rotate by a quarter to show (orientation 6).
    exif = bytes.fromhex("ffe1002245786966000049492a0008000000010012010300010000000600000000000000")
    good, data = cv2.imencode(".jpg", image)
    assert good
    jpeg = data.tobytes()
    (tmp_path / "turned.jpg").write_bytes(jpeg[:2] + exif + jpeg[2:])
    assert read_image(tmp_path / "turned.jpg").shape == (30, 20, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".ppm", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0, 0.05, 0.6])
def test_images_cut_short_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    good, data = cv2.imencode(suffix, noise)
    assert good
    (tmp_path / f"a{suffix}").write_bytes(data.tobytes()[: int(len(data) * share)])
    with pytest.raises(OSError, match="not an image that can be read, or cut short"):
        read_image(tmp_path / f"a{suffix}")


def test_images_that_state_an_absurd_size_are_refused(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.bmp")
    data = bytearray(path.read_bytes())
    data[18:26] = (1_000_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"a\.bmp"):
        read_image(path)


def test_missing_images_are_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone\.jpg: cannot be read"):
        read_image(tmp_path / "gone.jpg")
