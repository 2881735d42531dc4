"""AFLW's `.mat` list with 19 keypoints, in its true form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.boxes import tight_box_of
from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.published.aflw_sqlite import KEYPOINTS
from facekp_train.images import read_image
from facekp_train.landmarks import five_matrix, flip_keypoints, to_five
from tests.support.files.aflw_files import (
    BOX,
    DATABASE,
    MAT,
    NAMES,
    face,
    pictures,
    write_database,
    write_mat,
)

scipy_io = pytest.importorskip("scipy.io", reason="needs facekp[train]")


@pytest.fixture
def five_faces(tmp_path: Path) -> Path:
    """Five faces, all of them for training, where the data set's archive unpacks its photographs."""
    pictures(tmp_path / "data" / "flickr")
    write_mat(tmp_path / MAT, 5)
    return tmp_path


def test_points_boxes_and_visibility(five_faces: Path) -> None:
    mask = np.ones((5, 19), np.uint8)
    mask[1, [3, 18]] = 0
    keypoints = write_mat(five_faces / MAT, 5, mask_new=mask)
    samples = list(open_dataset(f"aflw:{five_faces}", "train"))
    assert [sample.image.relative_to(five_faces / "data/flickr").as_posix() for sample in samples] == NAMES
    for sample, points in zip(samples, keypoints, strict=True):
        np.testing.assert_allclose(sample.keypoints, points, rtol=1e-6)
        assert (sample.box, sample.box_source) == (BOX, "aflw")
    assert [np.flatnonzero(~sample.visible).tolist() for sample in samples] == [[], [3, 18], [], [], []]


def test_a_hidden_point_that_was_not_placed_is_unlabelled(five_faces: Path) -> None:
    data = np.tile(face(19).T.ravel(), (5, 1))
    data[0, [4, 19 + 4]] = 0
    mask = np.ones((5, 19))
    mask[0, [4, 5]] = 0
    write_mat(five_faces / MAT, 5, data=data, mask_new=mask)
    sample = next(iter(open_dataset(f"aflw:{five_faces}")))
    assert np.isnan(sample.keypoints[4]).all()
    np.testing.assert_allclose(sample.keypoints[5], face(19)[5], rtol=1e-6)
    assert not sample.visible[[4, 5]].any()


def test_splits_come_from_the_permutation(tmp_path: Path) -> None:
    """The first 20,000 of `ra`, which counts from 1, are trained on."""
    count = 20_005
    pictures(tmp_path)
    rng = np.random.default_rng(0)
    tested = [count, count - 3, count - 1]
    trained = rng.permutation([face for face in range(1, count + 1) if face not in tested])
    mask = np.ones((count, 19), np.uint8)
    mask[count - 4, 0] = 0
    order = np.array([*trained[:20_000], *tested, *trained[20_000:]])[:, None]
    keypoints = write_mat(tmp_path / MAT, count, ra=order, mask_new=mask)
    full = open_dataset(f"aflw:{tmp_path}", "full")
    samples = list(full)
    by_name = dict(zip(NAMES, keypoints[-5:], strict=True))
    assert [sample.image.relative_to(tmp_path).as_posix() for sample in samples][:3] == [
        NAMES[i] for i in (4, 1, 3)
    ]
    for sample in samples:
        np.testing.assert_allclose(
            sample.keypoints, by_name[sample.image.relative_to(tmp_path).as_posix()], rtol=1e-6
        )
    assert full.warnings == [f"{tmp_path / MAT} gives {len(samples)} testing faces, not 4,386"]
    frontal = {sample.image for sample in open_dataset(f"aflw:{tmp_path}", "frontal")}
    assert frontal == {sample.image for sample in samples} - {tmp_path / NAMES[1]}
    assert [sample.image for sample in open_dataset(f"aflw:{tmp_path}", "test")] == [s.image for s in samples]
    train = open_dataset(f"aflw:{tmp_path}")
    found = {sample.image for sample in train}
    assert len(found) + len(train.skipped) == 20_000
    assert not found & {sample.image for sample in samples}
    # The count is of the faces that there are: most photographs are missing here.
    assert train.warnings == [f"{tmp_path / MAT} gives {len(found)} training faces, not 20,000"]


def test_bad_faces_and_missing_images_are_named(five_faces: Path) -> None:
    (five_faces / "data/flickr" / NAMES[0]).unlink()
    boxes = np.tile([10.0, 130, 20, 150], (5, 1))
    boxes[1] = (130, 10, 20, 150)
    data = np.tile(face(19).T.ravel(), (5, 1))
    data[2, 7] = np.nan
    write_mat(five_faces / MAT, 5, bbox=boxes, data=data)
    dataset = open_dataset(f"aflw:{five_faces}")
    assert len(list(dataset)) == 2
    assert [entry["reason"] for entry in dataset.skipped] == [
        "the image is missing",
        "its face box is empty",
        "a visible keypoint has no finite coordinates",
    ]
    assert all(name in entry["file"] for name, entry in zip(NAMES, dataset.skipped, strict=False))
    with pytest.raises(DataError, match=r"image00002\.jpg: the image is missing \(--strict"):
        list(open_dataset(f"aflw:{five_faces}", strict=True))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": np.zeros((5, 42))}, "lacks 'data' as 5 x 38 numbers"),
        ({"bbox": np.zeros((4, 4))}, "lacks 'bbox' as 5 x 4 numbers"),
        ({"mask_new": np.array(["a"])}, "lacks 'mask_new'"),
        ({"ra": np.arange(5)}, "lacks 'ra' as a permutation of 1 to 5"),
        ({"ra": np.array([1, 2, 3, 3, 5])}, "lacks 'ra'"),
        ({"nameList": np.empty((0, 1), object)}, "lacks 'data'"),
    ],
)
def test_tables_that_do_not_fit_are_refused(five_faces: Path, changed: dict[str, Any], message: str) -> None:
    write_mat(five_faces / MAT, 5, **changed)
    with pytest.raises(DataError, match=message):
        list(open_dataset(f"aflw:{five_faces}"))


@pytest.mark.parametrize("keep", [0, 100, 1000])
def test_a_damaged_list_is_one_sentence(five_faces: Path, keep: int) -> None:
    file = five_faces / MAT
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"AFLWinfo_release\.mat"):
        list(open_dataset(f"aflw:{five_faces}"))


def test_nothing_to_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no AFLWinfo_release\.mat and no aflw\.sqlite"):
        list(open_dataset(f"aflw:{tmp_path}"))
    (tmp_path / "list.txt").write_text("x")
    with pytest.raises(DataError, match=r"neither a \.mat list nor a \.sqlite database"):
        list(open_dataset(f"aflw:{tmp_path}@list.txt"))


def test_genuine_faces(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "samples" / "aflw"
    document = json.loads((source / "test_aflw.json").read_text())
    files = {image["id"]: image for image in document["images"]}
    faces = document["annotations"]
    stated = np.array([entry["keypoints"] for entry in faces]).reshape(-1, 19, 3)[..., :2]
    names = np.empty((len(faces), 1), object)
    names[:, 0] = [files[entry["image_id"]]["file_name"] for entry in faces]
    for name in names[:, 0]:
        (tmp_path / name).symlink_to(source / name)
    middles, half = (
        np.array([entry["center"] for entry in faces]),
        np.array([entry["box_size"] / 2 for entry in faces]),
    )
    content = {
        "nameList": names,
        "data": np.concatenate([stated[..., 0], stated[..., 1]], axis=1),
        "mask_new": np.ones((len(faces), 19)),
        "bbox": np.column_stack(
            [middles[:, 0] - half, middles[:, 0] + half, middles[:, 1] - half, middles[:, 1] + half]
        ),
        "ra": np.arange(len(faces)) + 1,
    }
    scipy_io.savemat(tmp_path / MAT, content)
    samples = list(open_dataset(f"aflw:{tmp_path}"))
    assert len(samples) == 2
    for sample, points, entry in zip(samples, stated, faces, strict=True):
        np.testing.assert_allclose(sample.keypoints, points, atol=1e-3)
        image = files[entry["image_id"]]
        assert read_image(sample.image).shape == (image["height"], image["width"], 3)
        assert sample.box is not None and sample.box[2] == entry["box_size"]
        # The box's mapping leads to the crop that the keypoints give.
        listed, tight = (np.array(tight_box_of(sample, listed)) for listed in (True, False))
        assert np.abs(listed - tight).max() < 0.1 * tight[2]


def test_the_list_is_read_where_both_are_there(five_faces: Path) -> None:
    write_database(
        five_faces / DATABASE, [{"path": NAMES[0], "points": face(21), "placed": range(21), "box": BOX}] * 2
    )
    assert {len(sample.keypoints) for sample in open_dataset(f"aflw:{five_faces}")} == {19}
    samples = [s for split in ("train", "full") for s in open_dataset(f"aflw:{five_faces}@{DATABASE}", split)]
    assert [len(sample.keypoints) for sample in samples] == [21, 21]


# Five of AFLW's points


def test_five_of_19_and_21_are_the_named_points() -> None:
    wanted = ["LeftEyeCenter", "RightEyeCenter", "NoseCenter", "MouthLeftCorner", "MouthRightCorner"]
    assert [KEYPOINTS[place] for place in five_matrix(21).argmax(axis=1)] == wanted
    without_ears = [name for name in KEYPOINTS if not name.endswith("Ear")]
    assert [without_ears[place] for place in five_matrix(19).argmax(axis=1)] == wanted


def test_flips_exchange_left_and_right_in_name() -> None:
    for points, names in ((21, KEYPOINTS), (19, [name for name in KEYPOINTS if not name.endswith("Ear")])):
        places = np.column_stack([np.zeros(points), np.arange(points, dtype=float)])
        for here, there in zip(names, flip_keypoints(places)[:, 1].astype(int), strict=True):
            mirrored = here.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
            assert names[there] == mirrored


def test_hidden_points_hide_only_the_five_that_need_them() -> None:
    points = face(21)
    points[[10, 0]] = np.nan
    np.testing.assert_array_equal(np.isnan(to_five(points)).any(axis=1), [False, True, False, False, False])
    np.testing.assert_allclose(to_five(points)[0], points[7])
