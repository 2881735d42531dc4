"""Labels that belong to another picture or stand for none: mapped, hidden or refused, and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.registry import Dataset
from facekp_train.samples import FaceSample
from tests.support.files.annotated_faces import face_like, picture, points_file
from tests.support.pictures.turned_pictures import FORMS, TURNED

WIDTH, HEIGHT = 120, 80
FACE = (face_like(68) * 40 + 20).round(2).astype(np.float32)


def _coco(folder: Path, points: np.ndarray, v: Any = 2, image: str = "a.jpg", **stated: Any) -> Dataset:
    if not (folder / image).exists():
        picture(folder / image, WIDTH, HEIGHT)
    states = v if isinstance(v, list) else [v] * len(points)
    marks = [value for (x, y), state in zip(points.tolist(), states, strict=True) for value in (x, y, state)]
    document = {
        "images": [{"id": 1, "file_name": image, **stated}],
        "annotations": [
            {"id": 1, "image_id": 1, "keypoints": marks, "bbox": [20, 20, 40, 40], "box_source": "tight"}
        ],
        "categories": [],
    }
    (folder / "c.json").write_text(json.dumps(document))
    return open_dataset(f"coco:{folder / 'c.json'}")


def _one(dataset: Dataset) -> FaceSample:
    (sample,) = dataset
    return sample


def test_coco_stated_size_that_is_right_changes_nothing(tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE, width=WIDTH, height=HEIGHT)
    np.testing.assert_array_equal(_one(dataset).keypoints, FACE)
    assert (dataset.skipped, dataset.warnings) == ([], [])


@pytest.mark.parametrize("factor", [0.5, 1.25, 2])
def test_coco_stated_size_of_a_resized_photograph(factor: float, tmp_path: Path) -> None:
    placed = (FACE + 0.5) * factor - 0.5
    dataset = _coco(tmp_path, placed, width=round(WIDTH * factor), height=round(HEIGHT * factor))
    sample = _one(dataset)
    np.testing.assert_allclose(sample.keypoints, FACE, atol=1e-3)
    assert sample.box is not None
    assert sample.box[2] == pytest.approx(40 / factor)
    (warning,) = dataset.warnings
    assert "labels are scaled to it: 1 face" in warning
    assert f"{WIDTH} x {HEIGHT}" in warning


def test_coco_stated_size_of_another_picture_is_refused(tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE, width=100, height=100)
    assert list(dataset) == []
    assert "the list states 100 x 100 and the photograph has 120 x 80" in dataset.skipped[0]["reason"]


@pytest.mark.parametrize("form", [float, str])
def test_coco_stated_size_as_other_programs_write_numbers(form: type, tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE, width=form(WIDTH), height=form(HEIGHT))
    np.testing.assert_array_equal(_one(dataset).keypoints, FACE)
    dataset = _coco(tmp_path, FACE, width=form(100), height=form(100))
    assert list(dataset) == []
    assert "the list states 100 x 100" in dataset.skipped[0]["reason"]


def test_true_is_no_number(tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE, width=True, height=True)
    np.testing.assert_array_equal(_one(dataset).keypoints, FACE)
    assert dataset.warnings == []
    document = json.loads((tmp_path / "c.json").read_text())
    document["annotations"][0]["keypoints"][0] = True
    (tmp_path / "c.json").write_text(json.dumps(document))
    assert list(dataset) == []
    assert "hold true, which is not a number" in dataset.skipped[0]["reason"]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_coco_stated_size_of_the_picture_as_stored(orientation: int, tmp_path: Path) -> None:
    upright = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    stored = TURNED[orientation](upright)
    (tmp_path / "plain.tif").write_bytes(FORMS["plain.tif"](stored, orientation))
    # Where each pixel of the upright picture is stored.
    rows, columns = (TURNED[orientation](each[..., None])[..., 0] for each in np.indices((HEIGHT, WIDTH)))
    place = {
        (columns[row, column], rows[row, column]): (column, row) for row, column in np.ndindex(WIDTH, HEIGHT)
    }
    whole = FACE.round()
    placed = np.array([place[int(x), int(y)] for x, y in whole], np.float32)
    dataset = _coco(tmp_path, placed, image="plain.tif", width=HEIGHT, height=WIDTH)
    np.testing.assert_array_equal(_one(dataset).keypoints, whole)
    assert "as stored, and are turned as EXIF says: 1 face" in dataset.warnings[0]
    same = _coco(tmp_path, whole, image="plain.tif", width=WIDTH, height=HEIGHT)
    np.testing.assert_array_equal(_one(same).keypoints, whole)
    assert same.warnings == []


def test_detected_documents_state_a_size_too(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", WIDTH, HEIGHT)
    face = {"box": [0, 0, 9, 9], "score": 1, "keypoints": (2 * FACE + 0.5).tolist()}
    document = {"image": "a.jpg", "width": 2 * WIDTH, "height": 2 * HEIGHT, "faces": [face]}
    (tmp_path / "d.json").write_text(json.dumps(document))
    dataset = open_dataset(f"detect:{tmp_path / 'd.json'}")
    np.testing.assert_allclose(_one(dataset).keypoints, FACE, atol=1e-3)
    assert "labels are scaled to it" in dataset.warnings[0]


def test_coordinate_unit_of_shares_is_refused(tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE / 120)
    assert list(dataset) == []
    assert "they look like shares of the picture; write pixels" in dataset.skipped[0]["reason"]
    assert len(list(_coco(tmp_path, FACE / 10))) == 1


def _mtfl(folder: Path, points: np.ndarray) -> Dataset:
    picture(folder / "a.jpg", WIDTH, HEIGHT)
    numbers = " ".join(str(value) for value in points.ravel().tolist())
    (folder / "trainImageList.txt").write_text(f"a.jpg 10 60 10 60 {numbers}\n")
    return open_dataset(f"mtfl:{folder}", "train")


def _celeba(folder: Path, points: np.ndarray) -> Dataset:
    picture(folder / "img_align_celeba" / "a.jpg", WIDTH, HEIGHT)
    numbers = " ".join(str(value) for value in points.ravel().tolist())
    (folder / "list_landmarks_align_celeba.txt").write_text(f"a.jpg {numbers}\n")
    (folder / "list_eval_partition.txt").write_text("a.jpg 0\n")
    return open_dataset(f"celeba:{folder}", "train")


def _wflw(folder: Path, points: np.ndarray) -> Dataset:
    picture(folder / "WFLW_images" / "a.jpg", WIDTH, HEIGHT)
    numbers = " ".join(str(value) for value in points.ravel().tolist())
    (folder / "list_98pt_rect_attr_train.txt").write_text(f"{numbers} 10 10 60 60 0 0 0 0 0 0 a.jpg\n")
    return open_dataset(f"wflw:{folder}", "train")


def _pts(folder: Path, points: np.ndarray) -> Dataset:
    picture(folder / "a.jpg", WIDTH, HEIGHT)
    points_file(folder / "a.pts", points - 1)
    return open_dataset(f"pts:{folder}")


def _yolo(folder: Path, points: np.ndarray, states: list[float] | None = None, more: str = "") -> Dataset:
    pytest.importorskip("yaml", reason="needs facekp[train]")
    picture(folder / "images" / "a.jpg", WIDTH, HEIGHT)
    absent = (points == -1).all(axis=1, keepdims=True)
    rows = np.where(absent, points, points / [WIDTH, HEIGHT])
    rows = rows if states is None else np.column_stack([rows, states])
    numbers = " ".join(str(value) for value in rows.ravel().tolist())
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text(f"0 0.4 0.5 0.3 0.4 {numbers}\n")
    shape = f"kpt_shape: {list(rows.shape)}"
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nval: images\n{shape}\n{more}")
    return open_dataset(f"yolo:{folder / 'data.yaml'}")


READERS = {
    "mtfl": (_mtfl, 5),
    "celeba": (_celeba, 5),
    "wflw": (_wflw, 98),
    "pts": (_pts, 68),
    "coco": (_coco, 68),
    "yolo": (_yolo, 68),
}


@pytest.mark.parametrize("placeholder", [-1, 0])
@pytest.mark.parametrize("name", READERS)
def test_placeholder_coordinates_are_no_places(name: str, placeholder: int, tmp_path: Path) -> None:
    """What stands in the file counts, from whichever pixel it counts."""
    write, count = READERS[name]
    points = np.resize(FACE, (count, 2)).copy()
    points[2] = placeholder
    dataset = write(tmp_path, points)
    sample = _one(dataset)
    assert np.isnan(sample.keypoints[2]).all()
    assert not sample.visible[2]
    assert np.isfinite(np.delete(sample.keypoints, 2, axis=0)).all()
    (warning,) = (each for each in dataset.warnings if "not placed" in each)
    assert "1 of 1 face" in warning


@pytest.mark.parametrize("digits", [4, 6, 16])
def test_placeholders_that_a_program_made_shares_of(digits: int, tmp_path: Path) -> None:
    """YOLO's lists count in shares, which rounds what was -1 -1 in pixels."""
    shares = (FACE / [WIDTH, HEIGHT]).astype(np.float64)
    shares[2], shares[3] = [-1 / WIDTH, -1 / HEIGHT], [-1.3 / WIDTH, -1 / HEIGHT]
    sample = _one(_yolo(tmp_path, shares.round(digits) * [WIDTH, HEIGHT]))
    assert np.isnan(sample.keypoints[2]).all() and np.isfinite(np.delete(sample.keypoints, 2, axis=0)).all()


def test_placeholders_of_a_list_that_stands_in_for_another(tmp_path: Path) -> None:
    """MTFL's own list counts from 1, the one that it stands in for from 0."""
    picture(tmp_path / "a.jpg", WIDTH, HEIGHT)
    five = FACE[[37, 44, 30, 48, 54]] + 1
    five[2] = -1
    (tmp_path / "training.txt").write_text(f"a.jpg {' '.join(map(str, five.T.ravel()))} 1 1 1 3\n")
    sample = _one(open_dataset(f"mtfl:{tmp_path}", "train"))
    assert np.isnan(sample.keypoints).any(axis=1).tolist() == [False, False, True, False, False]


@pytest.mark.parametrize("place", [(-1, 0), (-1, -1.5), (-3, -3), (1.5, 1.5), (0, -1), (-1, 30)])
@pytest.mark.parametrize("name", READERS)
def test_real_points_may_lie_outside(name: str, place: tuple[float, float], tmp_path: Path) -> None:
    write, count = READERS[name]
    points = np.resize(FACE, (count, 2)).copy()
    points[2] = place
    dataset = write(tmp_path, points)
    assert np.isfinite(_one(dataset).keypoints).all()
    assert not any("not placed" in each for each in dataset.warnings)


def test_a_face_of_placeholders_alone_is_named(tmp_path: Path) -> None:
    dataset = _pts(tmp_path, np.zeros((68, 2), np.float32))
    assert list(dataset) == []
    assert dataset.skipped[0]["reason"] == "none of its keypoints is placed"


@pytest.mark.parametrize("place", [(-100, -100), (33, 44)])
@pytest.mark.parametrize("name", READERS)
def test_several_at_one_place_are_no_places(name: str, place: tuple[float, float], tmp_path: Path) -> None:
    """A quarter of a face's keypoints and more; on small faces of whole pixels a few do coincide."""
    write, count = READERS[name]
    points = np.resize(FACE, (count, 2)).copy()
    several = max(3, count // 4 + 1)
    points[:several] = place
    dataset = write(tmp_path / "many", points)
    hidden = np.isnan(_one(dataset).keypoints).any(axis=1)
    assert hidden.tolist() == [place < several for place in range(count)]
    assert sum("at one place" in each and f"{several} of 1 face" in each for each in dataset.warnings) == 1
    points = np.resize(FACE, (count, 2)).copy()
    points[:2] = 33, 44
    assert np.isfinite(_one(write(tmp_path / "few", points)).keypoints).all()


@pytest.mark.parametrize("name", READERS)
def test_all_at_one_place_are_no_face(name: str, tmp_path: Path) -> None:
    write, count = READERS[name]
    dataset = write(tmp_path, np.full((count, 2), 33, np.float32))
    assert list(dataset) == []
    assert "all its keypoints lie in one place" in dataset.skipped[0]["reason"]


@pytest.mark.parametrize("v", [0.87, 3, -1])
def test_yolo_visibility_that_is_none_is_named(v: float, tmp_path: Path) -> None:
    """What a model's predictions have in its place is a confidence."""
    dataset = _yolo(tmp_path, FACE, [2] * 67 + [v])
    with pytest.raises(DataError, match=rf"a keypoint's visibility is {v:g}, not 0, 1 or 2"):
        list(dataset)


FIVE, ORDER = FACE[[37, 44, 30, 48, 54]], [2, 0, 1, 3, 4]
NAMES = ["nose", "left_eye", "right_eye", "left_mouth", "right_mouth"]


@pytest.mark.parametrize("names", [NAMES, {0: NAMES}, {0: NAMES, 1: NAMES}, dict(enumerate(NAMES))])
def test_yolo_names_decide_the_order(names: Any, tmp_path: Path) -> None:
    dataset = _yolo(tmp_path, FIVE[ORDER], more=f"kpt_names: {json.dumps(names)}\n")
    np.testing.assert_allclose(_one(dataset).keypoints, FIVE, atol=1e-4)
    assert any("put in order by their names" in each for each in dataset.warnings)


def test_yolo_names_of_another_count_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kpt_names are not the 5 names that kpt_shape asks for"):
        list(_yolo(tmp_path, FIVE, more=f"kpt_names: {json.dumps(NAMES[:4])}\n"))


@pytest.mark.parametrize("v", [0.87, 3, -1, True, 1e30])
def test_coco_visibility_that_is_none_is_named(v: Any, tmp_path: Path) -> None:
    dataset = _coco(tmp_path, FACE, [2] * 67 + [v])
    assert list(dataset) == []
    assert f"a keypoint's v is {json.dumps(v)}, not 0, 1 or 2" in dataset.skipped[0]["reason"]


def test_coco_visibility_of_the_form_is_read(tmp_path: Path) -> None:
    sample = _one(_coco(tmp_path, FACE, [0, 1, 2.0, 1.0] * 17))
    assert sample.visible.sum() == 17
    assert np.isnan(sample.keypoints[0]).all()


@pytest.mark.parametrize(("split", "faces"), [("train", 10_000), ("validation", 3_466)])
def test_no_false_alarm_on_real_faces(split: str, faces: int, shared_data: Path) -> None:
    dataset = open_dataset(f"mtfl:{shared_data / 'mtfl'}", split)
    assert (sum(1 for _ in dataset), dataset.skipped, dataset.warnings) == (faces, [], [])
