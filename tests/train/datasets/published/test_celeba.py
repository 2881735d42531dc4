"""CelebA: the lists as the authors and as Kaggle ship them, streamed and joined by image."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.boxes import tight_box_of
from facekp_train.datasets import DataError, open_dataset
from facekp_train.images import read_image

POINTS_HEADER = (
    "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y "
    "leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
)
BOX_HEADER = "image_id x_1 y_1 width height"
FIVE = np.array([[69, 109], [106, 113], [77, 142], [73, 152], [108, 154]])
WILD = np.array([[165, 184], [244, 176], [196, 249], [194, 271], [266, 260]])
PARTITIONS = "001220"
"""Of images 000001.jpg to 000006.jpg."""


def name_of(place: int) -> str:
    return f"{place + 1:06}.jpg"


def pictures(folder: Path, count: int = 6, suffix: str = ".jpg") -> None:
    folder.mkdir(parents=True)
    data = cv2.imencode(suffix, np.full((218, 178, 3), 90, np.uint8))[1].tobytes()
    for place in range(count):
        (folder / name_of(place)).with_suffix(suffix).write_bytes(data)


def numbers(values: np.ndarray) -> str:
    return "  ".join(str(v) for v in values.ravel().tolist())


def points_txt(five: np.ndarray, count: int = 6) -> str:
    rows = [f"{name_of(i)} {numbers(five + i)}" for i in range(count)]
    return "\n".join([str(count), POINTS_HEADER + " ", *rows]) + "\n"


def as_csv(text: str) -> str:
    """An authors' list as Kaggle ships it: no count, `image_id`, commas, CRLF."""
    lines = [line.split() for line in text.splitlines() if not line.strip().isdecimal()]
    if "image_id" not in lines[0]:
        lines[0] = ["image_id", *lines[0]]
    return "\r\n".join(",".join(line) for line in lines) + "\r\n"


PARTITION_TXT = "".join(f"{name_of(i)} {part}\n" for i, part in enumerate(PARTITIONS))
BOX_ROWS = [f"{name_of(i)}    {95 + i}  71 226 313" for i in range(6)]
BOX_TXT = "\n".join(["6", BOX_HEADER, *BOX_ROWS]) + "\n"


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """The aligned pictures with the authors' lists, all in one folder as torchvision keeps them."""
    pictures(tmp_path / "img_align_celeba")
    (tmp_path / "list_landmarks_align_celeba.txt").write_text(points_txt(FIVE))
    (tmp_path / "list_eval_partition.txt").write_text(PARTITION_TXT)
    return tmp_path


def names(root: Path, split: str, listing: str = "") -> list[str]:
    return [sample.image.stem for sample in open_dataset(f"celeba:{root}{listing}", split)]


def test_splits_are_the_published_partitions(celeba: Path) -> None:
    assert names(celeba, "train") == ["000001", "000002", "000006"]
    assert names(celeba, "validation") == ["000003"]
    assert names(celeba, "test") == ["000004", "000005"]
    # The paper's 80/20: partition 0 against 1 and 2.
    assert names(celeba, "heldout") == ["000003", "000004", "000005"]
    assert open_dataset(f"celeba:{celeba}").split == "train"


def test_points_count_from_zero_in_the_files_order(celeba: Path) -> None:
    sample = next(iter(open_dataset(f"celeba:{celeba}", "validation")))
    np.testing.assert_array_equal(sample.keypoints, FIVE + 2)
    assert sample.keypoints.dtype == np.float32
    assert sample.visible.all()
    assert sample.box is None


def test_kaggles_files_say_the_same(celeba: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kaggle nests the folder of pictures twice and ships the boxes of other pictures beside them."""
    root = tmp_path_factory.mktemp("kaggle")
    pictures(root / "img_align_celeba" / "img_align_celeba")
    for file in ("list_landmarks_align_celeba", "list_eval_partition"):
        text = (celeba / f"{file}.txt").read_text()
        text = text if "landmarks" in file else f"image_id partition\n{text}"
        (root / f"{file}.csv").write_bytes(as_csv(text).encode())
    (root / "list_bbox_celeba.csv").write_bytes(as_csv(BOX_TXT).encode())
    for split in ("train", "heldout"):
        ours, theirs = open_dataset(f"celeba:{root}", split), open_dataset(f"celeba:{celeba}", split)
        for a, b in zip(ours, theirs, strict=True):
            assert (a.image.name, a.box) == (b.image.name, None)
            np.testing.assert_array_equal(a.keypoints, b.keypoints)
        assert ours.skipped == []


def wild_folders(root: Path) -> Path:
    """The photographs as found, in the folders of the authors' drive."""
    pictures(root / "Img" / "img_celeba.7z" / "img_celeba")
    for folder, file, text in (
        ("Anno", "list_landmarks_celeba.txt", points_txt(WILD)),
        ("Anno", "list_bbox_celeba.txt", BOX_TXT),
        ("Eval", "list_eval_partition.txt", PARTITION_TXT),
    ):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / file).write_text(text)
    return root


def test_photographs_as_found_have_boxes(tmp_path: Path) -> None:
    root = wild_folders(tmp_path)
    sample = list(open_dataset(f"celeba:{root}", "train"))[1]
    np.testing.assert_array_equal(sample.keypoints, WILD + 1)
    assert sample.image.parent.name == "img_celeba"
    assert (sample.box, sample.box_source) == ((96, 71, 226, 313), "celeba")
    # Box and keypoints lead to one crop: the list's third column is a width, not a right edge.
    listed, tight = (np.array(tight_box_of(sample, listed)) for listed in (True, False))
    assert np.abs(listed - tight).max() < 0.2 * tight[2]


def test_both_editions_side_by_side(celeba: Path) -> None:
    wild_folders(celeba)
    (aligned,) = open_dataset(f"celeba:{celeba}", "validation")
    (wild,) = open_dataset(f"celeba:{celeba}@list_landmarks_celeba.txt", "validation")
    assert aligned.image.parent.name == "img_align_celeba"
    np.testing.assert_array_equal(aligned.keypoints, FIVE + 2)
    np.testing.assert_array_equal(wild.keypoints, WILD + 2)
    assert wild.box is not None


def test_an_empty_box_is_no_box(tmp_path: Path) -> None:
    root = wild_folders(tmp_path)
    file = root / "Anno" / "list_bbox_celeba.txt"
    file.write_text(BOX_TXT.replace("95  71 226 313", "95  71 0 0"))
    dataset = open_dataset(f"celeba:{root}", "train")
    assert [sample.box is None for sample in dataset] == [True, False, False]
    assert dataset.skipped == []


def test_png_pictures_have_the_lists_names(celeba: Path) -> None:
    (celeba / "img_align_celeba").rename(celeba / "aside")
    pictures(celeba / "img_align_celeba_png", suffix=".png")
    samples = list(open_dataset(f"celeba:{celeba}", "heldout"))
    assert [sample.image.name for sample in samples] == ["000003.png", "000004.png", "000005.png"]


BAD_ROWS = {
    "000002.jpg 1 2 3 4 5 6 7 8 9": "10 columns where 11 belong",
    "000002.jpg 1 2 3 4 5 6 7 8 9 ten": "not a number",
    "000002.jpg 1 2 3 4 5 6 7 8 9 inf": "not a finite number",
    "999999.jpg 1 2 3 4 5 6 7 8 9 10": "list_eval_partition.txt does not name its image",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items(), ids=list(BAD_ROWS.values()))
def test_bad_rows_are_counted_and_named(celeba: Path, row: str, reason: str) -> None:
    file = celeba / "list_landmarks_align_celeba.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:3], row, *lines[4:]]))
    dataset = open_dataset(f"celeba:{celeba}")
    assert [sample.image.stem for sample in dataset] == ["000001", "000006"]
    assert [entry["file"] for entry in dataset.skipped] == [f"{file}:4"]
    assert reason in dataset.skipped[0]["reason"]
    with pytest.raises(DataError, match=r"celeba\.txt:4: .*--strict"):
        list(open_dataset(f"celeba:{celeba}", strict=True))


def test_missing_images_and_unknown_partitions_are_named(celeba: Path) -> None:
    (celeba / "img_align_celeba" / "000001.jpg").unlink()
    file = celeba / "list_eval_partition.txt"
    file.write_text(PARTITION_TXT.replace("000002.jpg 0", "000002.jpg 3"))
    dataset = open_dataset(f"celeba:{celeba}")
    assert [sample.image.stem for sample in dataset] == ["000006"]
    assert [entry["reason"] for entry in dataset.skipped] == [
        "the image 000001.jpg is missing",
        "its partition in list_eval_partition.txt is '3', not 0, 1 or 2",
    ]


def test_a_list_that_is_cut_short_is_named(celeba: Path) -> None:
    file = celeba / "list_landmarks_align_celeba.txt"
    file.write_text(points_txt(FIVE).replace("6\n", "202599\n", 1))
    dataset = open_dataset(f"celeba:{celeba}")
    assert len(list(dataset)) == 3
    assert dataset.warnings == [
        f"{file} says 202,599 images but holds 6: it is cut short or was changed",
        "the split 'train' gives 3 faces where CelebA has 162,770",
    ]


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (
            "list_landmarks_align_celeba.txt",
            r"no list_landmarks_align_celeba\.txt or .*\.csv; CelebA's keypoints",
        ),
        ("list_eval_partition.txt", r"no list_eval_partition\.txt or .*\.csv; the split 'test'"),
        (
            "img_align_celeba",
            "no folder img_align_celeba, where the images of list_landmarks_align_celeba lie",
        ),
    ],
)
def test_what_is_missing_is_named(celeba: Path, gone: str, message: str) -> None:
    (celeba / gone).rename(celeba / "elsewhere")
    with pytest.raises(FileNotFoundError, match=message):
        list(open_dataset(f"celeba:{celeba}", "test"))
    with pytest.raises(FileNotFoundError, match=r"mine\.txt is neither in"):
        list(open_dataset(f"celeba:{celeba}@mine.txt"))


@pytest.mark.parametrize("strict", [False, True])
def test_a_list_of_other_columns_is_refused(celeba: Path, strict: bool) -> None:
    """A partition by identity, or points in another order, would be misread."""
    file = celeba / "list_landmarks_align_celeba.txt"
    file.write_text(
        points_txt(FIVE).replace("lefteye_x lefteye_y righteye_x", "lefteye_x righteye_x lefteye_y")
    )
    with pytest.raises(DataError, match="has the columns lefteye_x righteye_x lefteye_y"):
        list(open_dataset(f"celeba:{celeba}", strict=strict))


@given(order=st.permutations(range(6)))
def test_the_lists_may_be_in_any_order(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    root = tmp_path_factory.getbasetemp() / "any-order"
    if not root.exists():
        pictures(root / "img_align_celeba")
        (root / "list_landmarks_align_celeba.txt").write_text(points_txt(FIVE))
    (root / "list_eval_partition.txt").write_text("".join(f"{name_of(i)} {PARTITIONS[i]}\n" for i in order))
    assert names(root, "train") == ["000001", "000002", "000006"]
    assert names(root, "heldout") == ["000003", "000004", "000005"]


def test_lists_are_read_no_further_than_the_face_asked_for(celeba: Path) -> None:
    """What lies behind the first face is not looked at: 202,599 rows cost nothing until they are used."""
    file = celeba / "list_landmarks_align_celeba.txt"
    with file.open("a") as lines:
        lines.write("never a row\n" * 10_000)
    dataset = open_dataset(f"celeba:{celeba}", strict=True)
    faces: Iterator = iter(dataset)
    assert next(faces).image.stem == "000001"
    with pytest.raises(DataError, match="3 columns where 11 belong"):
        list(faces)


def test_genuine_rows(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "samples" / "celeba32"
    (tmp_path / "img_align_celeba").symlink_to(source / "celeba")
    text = (source / "list_landmarks_align_celeba_first32.csv").read_text()
    (tmp_path / "list_landmarks_align_celeba.csv").write_text(text)
    rows = list(csv.reader(text.splitlines()))[1:]
    (tmp_path / "list_eval_partition.csv").write_text(
        "image_id,partition\n" + "".join(f"{row[0]},0\n" for row in rows)
    )
    dataset = open_dataset(f"celeba:{tmp_path}")
    samples = list(dataset)
    assert (len(samples), dataset.skipped) == (32, [])
    for sample, row in zip(samples, rows, strict=True):
        assert sample.image.name == row[0]
        np.testing.assert_array_equal(sample.keypoints.ravel(), [float(v) for v in row[1:]])
        assert read_image(sample.image).shape == (218, 178, 3)
    # Pictures are aligned by their eyes: the middle of 178 columns is 88.5 where pixels count from 0.
    assert np.mean([sample.keypoints[:2, 0].mean() for sample in samples]) == pytest.approx(88.5, abs=0.25)
