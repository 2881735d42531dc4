"""Where COCO files' photographs lie: the layouts of COCO, CVAT, MMPose and FiftyOne, or --images FOLDER."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facekp_train.datasets import DataError, open_dataset
from tests.support.files.annotated_faces import FACE_68, picture
from tests.support.models.train_cli import command, printed


def _labels(file: Path, name: str = "a.png") -> Path:
    marks = [value for x, y in FACE_68.tolist() for value in (x, y, 2)]
    document = {
        "images": [{"id": 1, "file_name": name, "width": 256, "height": 256}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "keypoints": marks}],
        "categories": [{"id": 1, "name": "face"}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))
    return file


LAYOUTS = [
    ("annotations/keypoints_val2017.json", "val2017/a.png"),
    ("annotations/person_keypoints_default.json", "images/default/a.png"),
    ("annotations/person_keypoints_Train.json", "images/Train/a.png"),
    ("annotations/train.json", "images/a.png"),
    ("annotations/train.json", "train/a.png"),
    ("annotations/train_annotations.json", "images/train/a.png"),
    ("annotations/instances_my_split.json", "my_split/a.png"),
    ("labels.json", "data/a.png"),
    ("c.json", "a.png"),
    ("c.json", "images/a.png"),
    ("annotations/c.json", "a.png"),
    ("train/_annotations.coco.json", "train/a.png"),
]


@pytest.mark.parametrize(("labels", "photograph"), LAYOUTS)
def test_photographs_are_found(labels: str, photograph: str, tmp_path: Path) -> None:
    file, there = _labels(tmp_path / labels), picture(tmp_path / photograph, 256, 256)
    dataset = open_dataset(f"coco:{file}")
    (sample,) = dataset
    assert sample.image.resolve() == there.resolve()
    assert (dataset.skipped, dataset.warnings) == ([], [])


def test_what_is_nearest_is_taken(tmp_path: Path) -> None:
    file = _labels(tmp_path / "annotations" / "val.json")
    for place in ("images", "val", "annotations"):
        there = picture(tmp_path / place / "a.png", 256, 256)
    (sample,) = open_dataset(f"coco:{file}")
    assert sample.image.resolve() == there.resolve()


def test_what_is_not_found_says_where_was_looked_and_how_to_name_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _labels(tmp_path / "annotations" / "train.json")
    there = picture(tmp_path / "elsewhere" / "a.png", 256, 256)
    assert command("data", "coco:annotations/train.json", "--json") == 1
    warning = printed(capsys)["warnings"][0]
    assert (
        "looked in annotations and annotations/.., and there in images" in warning
        and "--images FOLDER" in warning
    )
    assert command("data", "coco:annotations/train.json") == 1
    assert "--images FOLDER" in " ".join(capsys.readouterr().err.split())
    assert command("data", "coco:annotations/train.json", "--images", "elsewhere", "--json") == 0
    assert printed(capsys)["n"] == 1
    (sample,) = open_dataset("coco:annotations/train.json@elsewhere")
    assert sample.image.resolve() == there


def test_a_folder_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    file = _labels(tmp_path / "c.json")
    picture(tmp_path / "a.png", 256, 256)
    (tmp_path / "empty").mkdir()
    dataset = open_dataset(f"coco:{file}", images=tmp_path / "empty")
    assert [sample.image.is_file() for sample in dataset] == [False]
    with pytest.raises(FileNotFoundError, match="gone is no folder"):
        list(open_dataset(f"coco:{file}", images=tmp_path / "gone"))
    with pytest.raises(DataError, match="alone; pts says where they are"):
        open_dataset(f"pts:{tmp_path}", images=tmp_path)


@pytest.mark.parametrize("name", ["/home/other/faces/a.png", "C:\\faces\\a.png", "D:/faces/a.png"])
def test_a_path_of_another_computer_is_found_in_the_folder_that_is_named(name: str, tmp_path: Path) -> None:
    file, there = _labels(tmp_path / "c.json", name), picture(tmp_path / "here" / "a.png", 256, 256)
    dataset = open_dataset(f"coco:{file}", images=tmp_path / "here")
    (sample,) = dataset
    assert (sample.image, dataset.warnings) == (there, [])
    unnamed = open_dataset(f"coco:{file}")
    assert [each.image.is_file() for each in unnamed] == [False]
    assert "--images FOLDER" in unnamed.warnings[0]


def test_two_paths_of_one_ending_are_not_one_photograph(tmp_path: Path) -> None:
    file = _labels(tmp_path / "c.json", "/home/other/one/a.png")
    document = json.loads(file.read_text())
    document["images"] += [document["images"][0] | {"id": 2, "file_name": "/home/other/two/a.png"}]
    document["annotations"] += [document["annotations"][0] | {"id": 2, "image_id": 2}]
    file.write_text(json.dumps(document))
    picture(tmp_path / "here" / "a.png", 256, 256)
    dataset = open_dataset(f"coco:{file}", images=tmp_path / "here")
    assert [each.image.is_file() for each in dataset] == [True, False]
    assert "photographs not found: 1" in dataset.warnings[0]
