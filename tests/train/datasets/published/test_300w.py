"""300W: the standard lists out of the folders as published."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_train.datasets import open_dataset
from tests.support.files.annotated_faces import annotated, face, picture, points_file

STANDARD = {
    "afw": 337,
    "helen/trainset": 2000,
    "helen/testset": 330,
    "lfpw/trainset": 811,
    "lfpw/testset": 224,
    "ibug": 135,
}


def w300_folder(root: Path, counts: dict[str, int]) -> Path:
    """Folders with so many faces; one image's bytes serve for all."""
    image = picture(root.parent / "one.jpg").read_bytes()
    text = points_file(root.parent / "one.pts", face()).read_text()
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True)
        for i in range(count):
            (root / folder / f"image_{i:04}.jpg").write_bytes(image)
            (root / folder / f"image_{i:04}.pts").write_text(text)
    return root


@pytest.mark.slow
def test_300w_lists_have_the_standard_counts(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", STANDARD)
    for split, count in {"train": 3148, "common": 554, "challenging": 135, "full": 689}.items():
        dataset = open_dataset(f"300w:{root}", split)
        assert sum(1 for _ in dataset) == count
        assert dataset.warnings == []
        assert dataset.skipped == []


def test_300w_says_which_folder_lacks_what(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"afw": 3, "helen/trainset": 2, "helen/testset": 4, "ibug": 135})
    train = open_dataset(f"300w:{root}")
    assert (train.split, sum(1 for _ in train)) == ("train", 5)
    assert train.warnings == [
        "afw gives 3 faces where the standard list has 337",
        "helen/trainset gives 2 faces where the standard list has 2000",
        "lfpw/trainset is missing: 811 faces of the standard list",
    ]
    full = open_dataset(f"300w:{root}", "full")
    assert [sample.image.parent.name for sample in full] == ["testset"] * 4 + ["ibug"] * 135
    assert len(full.warnings) == 2


@pytest.mark.parametrize(
    "folder", ["ibug", "IBUG", "ibug/ibug", "300W/Ibug", "archives/ibug.zip/ibug"], ids=str
)
def test_300w_folders_are_found_in_any_case_and_deeper(tmp_path: Path, folder: str) -> None:
    root = w300_folder(tmp_path / "300w", {folder: 2})
    assert sum(1 for _ in open_dataset(f"300w:{root}", "challenging")) == 2


def test_300w_trainsets_are_not_confused(tmp_path: Path) -> None:
    root = w300_folder(
        tmp_path / "300w", {"Helen/helen/trainset": 2, "helen2/testset": 9, "lfpw/testset": 3, "trainset": 5}
    )
    assert {s.image.parent.parent.name for s in open_dataset(f"300w:{root}", "train")} == {"helen"}
    assert {s.image.parent.parent.name for s in open_dataset(f"300w:{root}", "common")} == {"lfpw"}


def test_300w_leaves_mirrored_copies_out(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"ibug": 2})
    annotated(root / "ibug", "image_0001_mirror.jpg")
    annotated(root / "ibug", "image_092 _01.jpg")
    names = [s.image.name for s in open_dataset(f"300w:{root}", "challenging")]
    assert names == ["image_0000.jpg", "image_0001.jpg", "image_092 _01.jpg"]


def test_300w_counts_bad_faces(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"ibug": 2})
    (root / "ibug" / "image_0001.pts").write_text("version: 1")
    annotated(root / "ibug", "five.png", 5)
    dataset = open_dataset(f"300w:{root}", "challenging")
    assert sum(1 for _ in dataset) == 1
    assert [Path(entry["file"]).name for entry in dataset.skipped] == ["five.pts", "image_0001.pts"]
    assert dataset.warnings == ["ibug gives 1 faces where the standard list has 135"]


def test_300w_without_a_lists_folders_is_an_error(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"afw": 1})
    with pytest.raises(FileNotFoundError, match=r"helen/testset, lfpw/testset, where 300W's 'common'"):
        list(open_dataset(f"300w:{root}", "common"))
