"""MTFL: both lists, every split, the right face at the right pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from tests.support.files.annotated_faces import picture, spec_of

FIVE = np.array([[10, 11], [20, 10.5], [15, 16], [11, 20.25], [19, 21]])


def own_row(name: str, five: np.ndarray = FIVE, codes: str = "1 2 2 3") -> str:
    """A row of `training.txt`: 1-based, all x first, backslashes, a space before it."""
    numbers = " ".join(f"{v + 1:.6f}" for v in [*five[:, 0], *five[:, 1]])
    return f" {name} {numbers} {codes}"


def boxed_row(name: str, five: np.ndarray = FIVE) -> str:
    """A row of `trainImageList.txt`: 0-based, left right top bottom, then x and y in turn."""
    return f"{name} 5 27 4 29 " + " ".join(f"{v:.6f}" for v in five.ravel())


@pytest.fixture
def mtfl(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        picture(tmp_path / "lfw" / f"{name}.jpg")
    picture(tmp_path / "net" / "c.jpg")
    rows = [own_row("lfw\\a.jpg"), own_row("lfw\\b.jpg", FIVE + 1, "2 1 1 5")]
    (tmp_path / "training.txt").write_text("\n".join(rows) + "\n\n")
    boxed = [boxed_row("lfw\\a.jpg"), boxed_row("lfw\\b.jpg", FIVE + 1)]
    (tmp_path / "trainImageList.txt").write_text("\r\n".join(boxed) + "\r\n")
    (tmp_path / "testImageList.txt").write_text(boxed_row("net\\c.jpg", FIVE + 2))
    (tmp_path / "testing.txt").write_text(own_row("net\\c.jpg", FIVE + 3, "1 1 1 1") + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("split", "names", "shift", "boxed"),
    [
        ("train", ["a", "b"], 0, True),
        ("training", ["a", "b"], 0, False),
        ("validation", ["c"], 2, True),
        ("test", ["c"], 3, False),
    ],
)
def test_mtfl_splits(mtfl: Path, split: str, names: list[str], shift: float, boxed: bool) -> None:
    dataset = open_dataset(f"mtfl:{mtfl}", split)
    samples = list(dataset)
    assert [sample.image.stem for sample in samples] == names
    assert all(sample.image.is_file() for sample in samples)
    np.testing.assert_allclose(samples[0].keypoints, FIVE + shift, atol=1e-5)
    assert samples[0].keypoints.dtype == np.float32
    assert samples[0].visible.all()
    assert samples[0].box == ((5, 4, 22, 25) if boxed else None)
    assert samples[0].box_source == ("mtfl" if boxed else "tight")
    assert dataset.skipped == []
    assert dataset.warnings == []


def test_mtfl_names_its_attributes(mtfl: Path) -> None:
    for split in ("train", "training"):
        second = list(open_dataset(f"mtfl:{mtfl}", split))[1]
        assert second.attributes == {
            "gender": "female", "smile": "yes", "glasses": "yes", "pose": "right profile",
        }  # fmt: skip


def test_mtfl_train_is_read_from_its_own_list_where_that_is_all(mtfl: Path) -> None:
    (mtfl / "trainImageList.txt").unlink()
    dataset = open_dataset(f"mtfl:{mtfl}")
    np.testing.assert_allclose(next(iter(dataset)).keypoints, FIVE, atol=1e-5)
    assert "no boxes" in dataset.warnings[0]


BAD_ROWS = {
    "lfw\\a.jpg 1 2 3": "4 columns where 15 belong",
    own_row("lfw\\gone.jpg"): "the image lfw/gone.jpg is missing",
    own_row("x" * 300): f"the image {'x' * 300} is missing",
    own_row("lfw\\a.jpg").replace("11.000000", "eleven"): "not a number",
    own_row("lfw\\a.jpg").replace("11.000000", "nan"): "not a finite number",
    own_row("lfw\\a.jpg", codes="1 2 2 6"): "pose is 6, not 1 to 5",
    boxed_row("lfw\\a.jpg"): "gender is",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items(), ids=list(BAD_ROWS.values()))
def test_mtfl_bad_rows_are_counted_and_named(mtfl: Path, row: str, reason: str) -> None:
    (mtfl / "training.txt").write_text("\n".join([own_row("lfw\\a.jpg"), row, own_row("lfw\\b.jpg")]))
    dataset = open_dataset(f"mtfl:{mtfl}", "training")
    assert [sample.image.stem for sample in dataset] == ["a", "b"]
    assert [entry["file"] for entry in dataset.skipped] == [f"{mtfl / 'training.txt'}:2"]
    assert reason in dataset.skipped[0]["reason"]
    with pytest.raises(DataError, match=r"training\.txt:2: .*--strict"):
        list(open_dataset(f"mtfl:{mtfl}", "training", strict=True))


def test_mtfl_empty_box_is_a_bad_row(mtfl: Path) -> None:
    (mtfl / "testImageList.txt").write_text(boxed_row("net\\c.jpg").replace(" 5 27 ", " 27 5 "))
    dataset = open_dataset(f"mtfl:{mtfl}", "validation")
    assert list(dataset) == []
    assert dataset.skipped[0]["reason"] == "its face box is empty"


def test_mtfl_second_face_of_a_photograph_counts_and_a_row_twice_does_not(mtfl: Path) -> None:
    rows = (mtfl / "training.txt").read_text().splitlines()
    other = own_row(rows[0].split()[0], FIVE + 1)
    (mtfl / "training.txt").write_text("\n".join([rows[0], other, rows[0]]) + "\n")
    dataset = open_dataset(f"mtfl:{mtfl}", "training")
    assert len(list(dataset)) == 2
    (entry,) = dataset.skipped
    assert entry["file"] == f"{mtfl / 'training.txt'}:3"
    assert "is already in line 1" in entry["reason"]
    # Figures are over every row of the lists that they are reported on.
    for split, file, repeated in (
        ("test", "testing.txt", rows[0]),
        ("validation", "testImageList.txt", boxed_row("net\\c.jpg")),
    ):
        (mtfl / file).write_text("\n".join([repeated, repeated]) + "\n")
        reported = open_dataset(f"mtfl:{mtfl}", split)
        assert (len(list(reported)), reported.skipped) == (2, [])


def test_mtfl_list_of_the_other_form_is_not_misread(mtfl: Path) -> None:
    """Both forms have fifteen columns; taken for the other they would give wrong points."""
    with pytest.raises(DataError, match="--split training"):
        list(open_dataset(f"mtfl:{mtfl}@training.txt"))


def test_mtfl_missing_list_is_named(mtfl: Path) -> None:
    (mtfl / "testing.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"testing\.txt is missing; the split 'test'"):
        list(open_dataset(f"mtfl:{mtfl}", "test"))


def test_mtfl_both_real_lists_agree_to_the_pixel(shared_data: Path) -> None:
    spec = spec_of("mtfl", shared_data / "mtfl")
    boxed = {sample.image: sample for sample in open_dataset(spec, "train")}
    own = list(open_dataset(spec, "training"))
    assert len(own) == len(boxed) == 10_000
    difference = [np.abs(sample.keypoints - boxed[sample.image].keypoints).max() for sample in own]
    assert max(difference) < 1e-3


def test_mtfl_real_counts(shared_data: Path) -> None:
    for split, count in (("train", 10_000), ("validation", 3_466)):
        dataset = open_dataset(spec_of("mtfl", shared_data / "mtfl"), split)
        samples = list(dataset)
        assert (len(samples), dataset.skipped) == (count, [])
        middles = np.array([s.keypoints.mean(axis=0) for s in samples])
        x, y, width, height = np.array([s.box for s in samples]).T
        inside = (
            (middles[:, 0] > x)
            & (middles[:, 0] < x + width)
            & (middles[:, 1] > y)
            & (middles[:, 1] < y + height)
        )
        assert inside.mean() > 0.99
