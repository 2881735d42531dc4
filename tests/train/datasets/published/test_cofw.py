"""COFW: its two MATLAB files, hidden keypoints, photographs that stay where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.images import read_image
from tests.support.files.annotated_faces import face_like
from tests.support.files.packed_files import write_mat
from tests.support.models.train_cli import command, printed


def photograph(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (120, 130, 3), np.uint8)


def row(seed: int, hidden: int) -> np.ndarray:
    """29 x, 29 y counted from 1, 29 flags of which the first so many say hidden."""
    places = face_like(29, seed).T * 80 + 20
    return np.concatenate([places.ravel() + 1, np.arange(29) < hidden])


def write(folder: Path, split: str = "test", hidden: tuple[int, ...] = (0, 5, 12), **changed: Any) -> Path:
    """The split's file with a face for each count of hidden keypoints."""
    suffix = {"train": "Tr", "test": "T"}[split]
    matrices = {
        f"phis{suffix}": np.stack([row(seed, count) for seed, count in enumerate(hidden)]),
        f"bboxes{suffix}": np.tile([11.0, 12, 90, 95], (len(hidden), 1)),
    }
    file = folder / f"COFW_{split}_color.mat"
    write_mat(file, {f"Is{suffix}": [photograph(seed) for seed in range(len(hidden))]}, matrices | changed)
    return file


def test_the_tiny_file_has_the_form_of_matlab_7_3(tmp_path: Path) -> None:
    loadmat = pytest.importorskip("scipy.io", reason="needs facekp[train]").loadmat
    with pytest.raises(NotImplementedError, match=r"matlab v7\.3 files"):
        loadmat(write(tmp_path))


@pytest.mark.parametrize(("split", "folder"), [("train", ""), ("test", ""), ("test", "COFW_color")])
def test_keypoints_count_from_one_and_the_hidden_ones_have_a_place(
    tmp_path: Path, split: str, folder: str
) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    write(tmp_path / folder, split)
    dataset = open_dataset(f"cofw:{tmp_path}", split)
    samples = list(dataset)
    assert len(samples) == 3 and dataset.skipped == []
    for seed, (sample, hidden) in enumerate(zip(samples, (0, 5, 12), strict=True)):
        stated = row(seed, hidden)
        np.testing.assert_allclose(sample.keypoints, stated[:58].reshape(2, 29).T - 1, rtol=1e-6)
        assert sample.visible.tolist() == [place >= hidden for place in range(29)]
        assert (sample.box, sample.box_source) == ((10, 11, 90, 95), "cofw")
        np.testing.assert_array_equal(read_image(sample.image), photograph(seed))
    assert dataset.warnings[0].endswith(f"faces where COFW has {'1,345' if split == 'train' else '507'}")


BAD = {
    "a coordinate is not a finite number": (3, np.nan),
    "is larger than any photograph": (3, 1e30),
    "a keypoint's flag is neither 0 nor 1": (60, 2),
}


@pytest.mark.parametrize(("reason", "change"), BAD.items(), ids=list(BAD))
def test_bad_faces_are_counted_and_named(tmp_path: Path, reason: str, change: tuple[int, float]) -> None:
    phis = np.stack([row(seed, 2) for seed in range(3)])
    phis[1, change[0]] = change[1]
    file = write(tmp_path, phisT=phis)
    dataset = open_dataset(f"cofw:{tmp_path}", "test")
    assert [sample.image.name for sample in dataset] == ["1", "3"]
    (entry,) = dataset.skipped
    assert entry["file"] == f"{file}: face 2" and reason in entry["reason"]
    with pytest.raises(DataError, match=r"face 2: .*--strict"):
        list(open_dataset(f"cofw:{tmp_path}", "test", strict=True))


def test_faces_without_a_box_and_faces_met_twice_are_named(tmp_path: Path) -> None:
    phis = np.stack([row(0, 1), row(1, 1), row(0, 1)])
    boxes = np.array([[11.0, 12, 90, 95], [11, 12, 0, 95], [11, 12, 90, 95]])
    write(tmp_path, "train", phisTr=phis, bboxesTr=boxes)
    dataset = open_dataset(f"cofw:{tmp_path}", "train")
    assert len(list(dataset)) == 1
    assert [entry["reason"] for entry in dataset.skipped] == [
        "its face box is empty", "face 1 already has the same keypoints",
    ]  # fmt: skip
    assert dataset.warnings[0].endswith("COFW_train_color.mat gives 1 faces where COFW has 1,345")


def test_a_test_face_with_the_keypoints_of_another_counts(tmp_path: Path) -> None:
    """The published 507 come out, also where two rows are equal."""
    phis = np.stack([row(seed, 1) for seed in range(507)])
    phis[400] = phis[7]
    tiny = [photograph(0)[:2, :2]] * 507
    write_mat(tmp_path / "COFW_test_color.mat", {"IsT": tiny}, {
        "phisT": phis, "bboxesT": np.tile([11.0, 12, 90, 95], (507, 1)),
    })  # fmt: skip
    dataset = open_dataset(f"cofw:{tmp_path}", "test")
    samples = list(dataset)
    assert (len(samples), dataset.skipped, dataset.warnings) == (507, [], [])
    np.testing.assert_array_equal(samples[400].keypoints, samples[7].keypoints)
    assert samples[400].image.name == "401"


def test_the_warning_counts_what_was_kept(tmp_path: Path) -> None:
    """507 rows of which one cannot be used are not the published faces."""
    phis = np.stack([row(seed, 1) for seed in range(507)])
    phis[3, 0] = np.nan
    tiny = [photograph(0)[:2, :2]] * 507
    write_mat(tmp_path / "COFW_test_color.mat", {"IsT": tiny}, {
        "phisT": phis, "bboxesT": np.tile([11.0, 12, 90, 95], (507, 1)),
    })  # fmt: skip
    dataset = open_dataset(f"cofw:{tmp_path}", "test")
    assert len(list(dataset)) == 506
    assert dataset.warnings[0].endswith("gives 506 faces where COFW has 507")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"phisT": np.ones((3, 58))}, "lacks 'phisT' as F x 87 numbers"),
        ({"bboxesT": np.ones((3, 5))}, "lacks 'bboxesT' as F x 4 numbers"),
        ({"phisT": np.ones((2, 87))}, "lacks 'IsT' as a photograph for each of 2 faces"),
    ],
)
def test_a_file_of_other_variables_is_refused(tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    write(tmp_path, **changed)
    with pytest.raises(DataError, match=reason):
        list(open_dataset(f"cofw:{tmp_path}", "test"))


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="needs facekp[train]")
    with pytest.raises(FileNotFoundError, match=r"no COFW_train_color\.mat, from which"):
        list(open_dataset(f"cofw:{tmp_path}"))
    (tmp_path / "COFW_train_color.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(200))
    with pytest.raises(DataError, match=r"not a MATLAB file of version 7\.3"):
        list(open_dataset(f"cofw:{tmp_path}"))
    write(tmp_path)
    with pytest.raises(DataError, match="lacks 'phisTr'"):
        list(open_dataset(f"cofw:{tmp_path}@COFW_test_color.mat", "train"))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_end_in_a_sentence(tmp_path: Path, seed: int) -> None:
    file = write(tmp_path)
    random, data = np.random.default_rng(seed), bytearray(file.read_bytes())
    # The tables of what lies where are at the front; the rest is mostly pixels.
    for _ in range(30):
        data[int(random.integers(512, 9000))] = int(random.integers(256))
    file.write_bytes(data)
    dataset = open_dataset(f"cofw:{tmp_path}", "test")
    try:
        for sample in dataset:
            read_image(sample.image)
    except (DataError, OSError) as error:
        assert str(file) in str(error) and "\n" not in str(error).strip()


@pytest.mark.parametrize("points", [5, 29])
def test_nets_learn_from_photographs_inside_the_file(tmp_path: Path, points: int) -> None:
    """The training store opens them from several threads at once."""
    from facekp_train.batches.face_store import FaceStore, gather_faces
    from facekp_train.crop import CropRule

    write(tmp_path, "train", hidden=(0, 3) * 8)
    store = FaceStore(gather_faces(open_dataset(f"cofw:{tmp_path}"), points), points, CropRule())
    assert (store.size, store.skipped) == (16, [])
    assert len({store.views[number].tobytes() for number in range(store.size)}) == 16


def test_without_h5py_one_sentence_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert command("data", f"cofw:{tmp_path}") == 1
    assert "needs h5py; install it with: pip install 'facekp[train]'" in capsys.readouterr().err


def test_data_draws_and_evaluate_groups_by_occlusion(
    tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    write(tmp_path, "train", hidden=(0, 0))
    assert command("data", f"cofw:{tmp_path}", "--json", "--out", "sheet.png") == 0
    document = printed(capsys)
    assert (document["splits"], document["points"]) == ({"train": 2, "test": 3}, 29)
    assert document["skipped"] == [] and Path(document["sheet"]).is_file()
    arguments = ("--model", checkpoints / "68.safetensors", "--data", f"cofw:{tmp_path}", "--json")
    assert command("evaluate", *arguments, "--by", "occlusion", "--out", "report") == 0
    by = printed(capsys)["by"]["occlusion"]
    assert {group: figures["n"] for group, figures in by.items()} == {
        "none": 1, "below 20 %": 1, "40 % and more": 1,
    }  # fmt: skip
    assert "COFW_test_color.mat/IsT/2,below 20 %" in Path("report/errors.csv").read_text()


def test_labels_of_packed_photographs_are_read_back(tmp_path: Path) -> None:
    """What `facekp-train label` writes names them as it names any other."""
    from facekp_train.datasets.writing import coco
    from facekp_train.datasets.writing.written import Entry

    write(tmp_path)
    samples = list(open_dataset(f"cofw:{tmp_path}", "test"))
    coco.write(tmp_path / "labels.json", (Entry(sample, (130, 120)) for sample in samples))
    again = list(open_dataset(f"coco:{tmp_path / 'labels.json'}", strict=True))
    for seed, (face, sample) in enumerate(zip(again, samples, strict=True)):
        np.testing.assert_allclose(face.keypoints, sample.keypoints, atol=1e-3)
        assert (face.visible == sample.visible).all() and face.box == sample.box
        np.testing.assert_array_equal(read_image(face.image), photograph(seed))


def test_genuine_faces_written_as_a_mat_file_agree_with_their_json(shared_data: Path, tmp_path: Path) -> None:
    """The JSON counts from 0, has 2 for seen and 1 for hidden, and the box as the .mat file has it."""
    folder = shared_data / "samples" / "cofw"
    document = json.loads((folder / "test_cofw.json").read_text())
    names = {image["id"]: image["file_name"] for image in document["images"]}
    faces = document["annotations"]
    marks = np.array([face["keypoints"] for face in faces]).reshape(-1, 29, 3)
    photos = [read_image(folder / names[face["image_id"]]) for face in faces]
    phis = np.concatenate([marks[..., 0] + 1, marks[..., 1] + 1, 2 - marks[..., 2]], axis=1)
    matrices = {"phisT": phis, "bboxesT": np.array([face["bbox"] for face in faces])}
    write_mat(tmp_path / "COFW_test_color.mat", {"IsT": photos}, matrices)
    ours = list(open_dataset(f"cofw:{tmp_path}", "test"))
    theirs = list(open_dataset(f"coco:{folder / 'test_cofw.json'}"))
    assert len(ours) == len(theirs) == 2
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-4)
        assert (a.visible == b.visible).all() and not a.visible.all()
        np.testing.assert_array_equal(read_image(a.image), read_image(b.image))
