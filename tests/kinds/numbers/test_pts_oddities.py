"""`.pts` files that are not what they are read as."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import open_dataset
from facekp_train.datasets.tools.pts import read_pts
from tests.support.files.annotated_faces import annotated, face, points_file


def _skipped(folder: Path, content: bytes) -> str:
    annotated(folder, "a.jpg")
    (folder / "a.pts").write_bytes(content)
    dataset = open_dataset(f"pts:{folder}")
    assert list(dataset) == []
    return dataset.skipped[0]["reason"]


@pytest.mark.parametrize("count", [86, 65 * 256 + 65])
def test_binary_is_named(count: int, tmp_path: Path) -> None:
    content = struct.pack("<I", count) + np.random.default_rng(0).random(172).astype("<f4").tobytes()
    assert "it is binary, not text" in _skipped(tmp_path, content)


def test_utf16_is_still_told_from_binary(tmp_path: Path) -> None:
    annotated(tmp_path / "plain", "a.jpg")
    text = (tmp_path / "plain" / "a.pts").read_text()
    assert "UTF-16" in _skipped(tmp_path / "b", text.encode("utf-16-le"))
    assert "UTF-16" in _skipped(tmp_path / "c", text.encode("utf-16"))


@pytest.mark.parametrize("bare", [False, True])
def test_a_second_block_is_named_and_the_first_is_used(bare: bool, tmp_path: Path) -> None:
    """Also one without braces."""
    annotated(tmp_path, "a.jpg")
    whole = (tmp_path / "a.pts").read_text()
    second = points_file(tmp_path / "b" / "b.pts", face(seed=1)).read_text()
    (tmp_path / "a.pts").write_text(whole + (second.split("{")[1].split("}")[0] if bare else second))
    dataset = open_dataset(f"pts:{tmp_path}")
    (sample,) = dataset
    np.testing.assert_allclose(sample.keypoints, face(), atol=1e-3)
    assert "of its 2 blocks of points the first is used" in dataset.skipped[0]["reason"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "n_points: 5\n{\n1 2\n3 4\n1,5 2,5\n7 8\n9 10\n}\n",
            "line 5: a coordinate is not a number: '1,5'; write 1.5",
        ),
        ("n_points: 5\n{\n1 2\n3 4\n5 6\n7 x8\n9 10\n}\n", "line 6: a coordinate is not a number: 'x8'"),
        ("5\n1 2\n3 4\n5 6\n7 8\n9 10\n", "it begins with a count"),
    ],
)
def test_what_is_wrong_has_its_line_and_value(content: str, says: str, tmp_path: Path) -> None:
    assert says in _skipped(tmp_path, content.encode())


def test_a_plain_file_is_read_as_before(tmp_path: Path) -> None:
    np.testing.assert_allclose(read_pts(points_file(tmp_path / "a.pts", face())), face(), atol=1e-5)


@pytest.mark.parametrize("behind", ["", "\n\n", "# saved by hand, 2015\n", "}\n", "version: 1\n"])
def test_a_remark_behind_the_points_is_no_block(behind: str, tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg")
    with (tmp_path / "a.pts").open("a") as file:
        file.write(behind)
    dataset = open_dataset(f"pts:{tmp_path}")
    assert (len(list(dataset)), dataset.skipped, dataset.warnings) == (1, [], [])
