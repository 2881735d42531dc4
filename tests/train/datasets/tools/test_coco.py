"""COCO's JSON as it is found: what is missing, doubled, unknown or no number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facekp_train.datasets import DataError, Dataset, open_dataset
from facekp_train.datasets.reading.face_shape import Reading, readings
from facekp_train.landmarks import to_five
from tests.support.files.annotated_faces import FACE_68
from tests.support.models.train_cli import command, printed

FIVE = [10, 11, 2, 20, 10.5, 2, 15, 16, 2, 11, 20, 2, 19, 21, 2]


def changed(place: int, value: object) -> list[Any]:
    return [*FIVE[:place], value, *FIVE[place + 1 :]]


def document(*annotations: object, **more: Any) -> dict[str, Any]:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    return {"images": images, "annotations": list(annotations), **more}


def face(keypoints: object = None, image: object = 1, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "keypoints": FIVE if keypoints is None else keypoints, **more}


def dataset_of(folder: Path, content: object, strict: bool = False) -> Dataset:
    file = folder / "x.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return open_dataset(f"coco:{file}", strict=strict)


BAD = {
    "no image has its image_id 9": face(image=9),
    "no image has its image_id '1'": face(image="1"),
    "it has no 'image_id'": {"keypoints": FIVE},
    "it has no 'keypoints'": {"image_id": 1},
    "14 keypoint numbers, which is not a list of x, y, v": face(FIVE[:14]),
    "no landmark scheme has 4 points; there are 5, 19, 21, 29, 68, 98": face(FIVE[:12]),
    "no landmark scheme has 107 points": face([1, 2, 2] * 107),
    "it has 19 keypoints where the others have 5": face([1, 2, 2] * 19),
    "no labeled keypoint": face([0, 0, 0] * 5),
    "a coordinate is not a finite number": face(changed(3, float("nan"))),
    "is not a finite number": face(changed(4, None)),
    "a coordinate is not a finite numbe": face(changed(5, float("nan"))),
    "a coordinate of 1e+30 pixels is larger than any photograph": face(changed(0, 1e30)),
    "its 'keypoints' holds \"x\", which is not a number": face(changed(0, "x")),
    "its 'keypoints' holds \"10\", which is not a number": face([str(value) for value in FIVE]),
    "its 'keypoints' holds [10, 11, 2], which is not a number": face([[10, 11, 2]] * 5),
    "its 'keypoints' is not a list of numbers": face("10 11 2"),
    "a coordinate of 1e+99 pixels is larger than any photograph": face(changed(0, 10**99)),
    "it is not an object with image_id and keypoints": 7,
    "it has no number or text as its 'image_id'": face(image=[1]),
    "its 'bbox' holds \"1\", which is not a number": face(
        changed(0, 1), bbox=["1", 2, 3, 4], box_source="mtfl"
    ),
    "the same face of a.png is annotation 0 already": face(),
    "its bbox is not x, y, width, height": face(changed(0, 1), bbox=[1, 2, 3], box_source="mtfl"),
    "its bbox is not x, y, width, height with": face(changed(0, 1), bbox=[1, 2, 0, 5], box_source="mtfl"),
}


@pytest.mark.parametrize(("reason", "bad"), BAD.items(), ids=list(BAD))
def test_bad_annotations_are_counted_and_named(tmp_path: Path, reason: str, bad: dict[str, Any]) -> None:
    dataset = dataset_of(tmp_path, document(face(), bad, face(image=2)))
    assert [sample.image.name for sample in dataset] == ["a.png", "b.png"]
    (entry,) = dataset.skipped
    assert entry["file"] == "x.json: annotation 1" and reason in entry["reason"]
    with pytest.raises(DataError, match=r"annotation 1: .*--strict"):
        list(dataset_of(tmp_path, document(face(), bad, face(image=2)), strict=True))


@pytest.mark.parametrize("bad", [5, "face", None, [], [FIVE], {"image_id": [1], "keypoints": FIVE}])
def test_what_is_no_annotation_is_named(tmp_path: Path, bad: object) -> None:
    dataset = dataset_of(tmp_path, document(face(), bad, face(5), face({"x": 1})))
    assert len(list(dataset)) == 1
    assert len(dataset.skipped) == 3 and all(entry["reason"] for entry in dataset.skipped)


def test_what_is_not_labelled_may_be_anything(tmp_path: Path) -> None:
    for value in (float("nan"), None, float("inf"), 1e39):
        keypoints = [value, value, 0, *FIVE[3:]]
        (sample,) = dataset_of(tmp_path, document(face(keypoints)), strict=True)
        assert np.isnan(sample.keypoints[0]).all() and np.isfinite(sample.keypoints[1:]).all()
        assert sample.visible.tolist() == [False, True, True, True, True]


def test_keypoints_beside_the_photograph_are_kept_and_unknown_keys_ignored(tmp_path: Path) -> None:
    content = document(face(changed(0, -7.5), iscrowd=0, score=0.5), info={"year": 2024}, licenses=[])
    (sample,) = dataset_of(tmp_path, content, strict=True)
    assert sample.keypoints[0].tolist() == [-7.5, 11]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "no 'images'"),
        ({"annotations": []}, "no 'images'"),
        ({"images": {}, "annotations": []}, "its 'images' is not a list"),
        ({"images": None, "annotations": []}, "its 'images' is not a list"),
        ({"images": []}, "no 'annotations'"),
        ({"images": [], "annotations": {"1": 2}}, "its 'annotations' is not a list"),
        ({"images": [7], "annotations": []}, "image 0 has no file_name"),
        ({"images": [{"file_name": "a"}], "annotations": []}, "image 0 has no 'id'"),
        (
            {"images": [{"id": {}, "file_name": "a"}], "annotations": []},
            "image 0 has no number or text as its",
        ),
    ],
)
def test_what_is_no_document_is_named_in_words(tmp_path: Path, content: object, says: str) -> None:
    with pytest.raises(DataError, match=rf"not COCO-style JSON with images and annotations: {says}"):
        list(dataset_of(tmp_path, content))


def test_a_document_without_a_face_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset_of(tmp_path, document())
    assert command("data", f"coco:{tmp_path / 'x.json'}") == 1
    assert "x.json holds no face: its list of annotations is empty" in capsys.readouterr().err


def test_faces_of_whole_bodies_are_read(tmp_path: Path) -> None:
    """As COCO-WholeBody has them: 17 keypoints of the body, 68 of the face, the last not labelled here."""
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((256, 256, 3), np.uint8))
    marks = [value for x, y in FACE_68.tolist() for value in (x, y, 1)]
    body = {"keypoints": [1, 2, 2] * 17, "bbox": [0, 0, 300, 400]}
    box = {"face_box": [1, 2, 60, 70], "box_source": "tight"}
    shown = face(**body, face_kpts=[*marks[:-1], 0], face_valid=True, **box)
    turned_away = face(**body, face_kpts=[0] * 204, face_valid=False)
    dataset = dataset_of(tmp_path, document(shown, turned_away), strict=True)
    (sample,) = dataset
    assert sample.keypoints[:2].tolist() == FACE_68[:2].tolist() and np.isnan(sample.keypoints[67]).all()
    assert sample.visible.tolist() == [True] * 67 + [False], "the body's states say nothing of the face's"
    assert (sample.box, sample.box_source) == ((1, 2, 60, 70), "tight")
    (warning,) = dataset.warnings
    assert warning.endswith("annotations that show no face (face_valid is false) are left out: 1")


def test_a_key_named_twice_is_refused(tmp_path: Path) -> None:
    """Python's reader would take the last one."""
    text = json.dumps(document(face())).replace('"image_id": 1', '"image_id": 1, "image_id": 2')
    with pytest.raises(DataError, match="an object has 'image_id' twice"):
        list(dataset_of(tmp_path, text))


def test_a_key_named_twice_is_found_among_many(tmp_path: Path) -> None:
    """Counting each name anew would take minutes."""
    names = ", ".join(f'"{number}": 0' for number in range(100_000))
    with pytest.raises(DataError, match="an object has '99999' twice"):
        list(dataset_of(tmp_path, f'{{{names}, "99999": 1}}'))


def test_a_photograph_whose_name_no_file_can_have_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("a.png", np.zeros((30, 30, 3), np.uint8))
    content = document(face(image=2), face())
    content["images"][1]["file_name"] = "x" * 300
    dataset_of(tmp_path, content)
    assert command("data", "coco:x.json", "--json") == 0
    survey = printed(capsys)
    (skipped,) = survey["skipped"]
    assert survey["splits"] == {"all": 1}
    assert skipped["file"].endswith("x" * 300) and "File name too long" in skipped["reason"]


def test_an_id_of_two_images_is_named(tmp_path: Path) -> None:
    content = document(face(), face(image=2))
    content["images"] += [{"id": 2, "file_name": "c.png"}, {"id": 1, "file_name": "a.png"}]
    dataset = dataset_of(tmp_path, content)
    assert [sample.image.name for sample in dataset] == ["a.png"]
    assert dataset.skipped[0]["reason"] == "two different images have its image_id 2"


def test_data_says_why_nothing_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("a.png", np.zeros((30, 30, 3), np.uint8))
    dataset_of(tmp_path, document(face([1, 2, 2] * 107)))
    assert command("data", "coco:x.json") == 1
    printed = capsys.readouterr().err
    assert "no landmark scheme has 107 points; there are 5, 19, 21, 29, 68, 98, 106" in printed
    assert "Traceback" not in printed


def test_genuine_faces_of_106_points_lie_as_faces_do(shared_data: Path) -> None:
    dataset = open_dataset(f"coco:{shared_data / 'samples' / 'lapa' / 'test_lapa.json'}")
    faces = [sample.keypoints for sample in dataset]
    assert len(faces) == 2 and dataset.skipped == []
    for face in faces:
        assert readings(face[None]) == [Reading.RIGHT]
        five = to_five(face)
        eyes = np.linalg.norm(five[1] - five[0])
        assert np.linalg.norm(face[[104, 105]] - five[:2], axis=1).max() < 0.15 * eyes
