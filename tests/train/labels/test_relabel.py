"""A teacher's labels: averaged evenly, held exactly to what a hand has placed, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facekp_train.batches.face_store import Face, gather_faces
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import UserError
from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.tools.coco import read
from facekp_train.datasets.writing import coco
from facekp_train.datasets.writing.written import Entry
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.labels.averaging import AveragedNets
from facekp_train.labels.relabel import relabel, teachers_offset
from facekp_train.labels.store import write_labels
from facekp_train.landmarks import flip_keypoints, to_five
from facekp_train.networks.checkpoint import Checkpoint, CheckpointHeader, load_checkpoint, save_checkpoint
from facekp_train.samples import FaceSample
from tests.support.files.lidded_faces import HAND_OFFSET, lidded_faces
from tests.support.files.schemes import MOUTH
from tests.support.places import DEMO_PHOTO, MODELS

coordinates = st.floats(-500, 500, width=32)
# The demo photograph's eyes, nose tip and mouth corners, placed by eye.
FIVE = np.array([(204.0, 100), (246, 103), (224, 128), (201, 138), (245, 141)])


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    return load_checkpoint(MODELS / "mdp-0.25x" / "model.safetensors")


def demo_face() -> FaceSample:
    return FaceSample(DEMO_PHOTO, FIVE.astype(np.float32), np.ones(5, bool))


def test_the_averaged_answer_of_a_mirrored_photograph_is_mirrored(model: Checkpoint) -> None:
    face = demo_face()
    image = read_image(face.image)
    width = image.shape[1]
    mirrored = replace(face, keypoints=flip_keypoints(face.keypoints, width - 1))
    nets = AveragedNets([model])
    plain, spread = nets([image], [tight_box_of(face)])
    other, _ = nets([np.ascontiguousarray(image[:, ::-1])], [tight_box_of(mirrored)])
    assert np.abs(flip_keypoints(other[0], width - 1) - plain[0]).max() < 0.25
    # It is the same face that one plain look sees, only more carefully.
    assert np.linalg.norm(to_five(plain[0]) - FIVE, axis=1).max() < 3
    assert 0 < spread[0] < 0.02


def test_nets_of_different_schemes_are_not_averaged(model: Checkpoint) -> None:
    fewer = CheckpointHeader(net=model.header.net.model_copy(update={"points": 5}))
    renamed = CheckpointHeader(net=model.header.net, scheme=replace(model.header.scheme, name="other"))
    for header in (fewer, renamed):
        with pytest.raises(ValueError, match="one scheme"):
            AveragedNets([model, Checkpoint(model.net, header)])


def test_faces_are_labelled_and_what_was_not_found_is_named(model: Checkpoint, tmp_path: Path) -> None:
    face = demo_face()
    # Eyes and mouth where there is only background: no net can agree with them.
    wrong = replace(face, keypoints=face.keypoints + np.array([200, 260], np.float32))
    lost = replace(face, image=tmp_path / "lost.png")
    skipped: list[dict[str, str]] = []
    faces = [Face(sample, None, sample.keypoints) for sample in (face, wrong, lost)]
    labelled = list(relabel(AveragedNets([model]), faces, skipped))
    assert len(labelled) == 1 and labelled[0].miss is not None and labelled[0].miss < 0.25
    assert np.allclose(to_five(labelled[0].sample.keypoints), FIVE, atol=1e-3)
    assert sorted("lost.png" in entry["file"] for entry in skipped) == [False, True]

    target = tmp_path / "labels.json"
    assert coco.write(target, (Entry(f.sample, f.size, f.facts()) for f in labelled)) == 1
    (again,) = open_dataset(f"coco:{target}")
    assert again.image == face.image.resolve() and again.visible.all()
    assert np.allclose(again.keypoints, labelled[0].sample.keypoints, atol=1e-3)


class Seer:
    """A teacher whose answers are a face's own 68 points; the photograph's corner says whose."""

    points, five_offset = 68, None

    def __init__(self, faces: np.ndarray) -> None:
        self.faces = faces

    def __call__(self, images: list[np.ndarray], _boxes: object) -> tuple[np.ndarray, np.ndarray]:
        return np.array([self.faces[image[0, 0, 0]] for image in images]), np.zeros(len(images))


def test_labels_keep_the_mark_up_of_a_teacher_that_does_not_know_its_offset(tmp_path: Path) -> None:
    """Its answers on the faces tell; few faces do not, and then its five are taken for the hand's."""
    points = lidded_faces(tmp_path, 24)
    teacher: Any = Seer(points)
    faces = gather_faces(open_dataset(f"mtfl:{tmp_path}"), 68)
    offset = teachers_offset(teacher, faces)
    assert offset is not None
    np.testing.assert_allclose(offset, HAND_OFFSET, atol=1e-4)
    held = [face.sample.keypoints for face in relabel(teacher, faces, [], offset)]
    np.testing.assert_allclose(held, points, atol=0.02)
    assert teachers_offset(teacher, faces[:9]) is None
    onto_the_hand = [face.sample.keypoints for face in relabel(teacher, faces, [])]
    assert np.abs(np.array(onto_the_hand) - points)[:, 36:48].max() > 0.8


def test_a_teacher_that_knows_its_offset_holds_labels_by_it(model: Checkpoint, tmp_path: Path) -> None:
    known = Checkpoint(model.net, model.header.model_copy(update={"five_offset": HAND_OFFSET}))
    nets = AveragedNets([known, known])
    face = demo_face()
    faces = [Face(face, None, face.keypoints)]
    assert teachers_offset(nets, faces) == pytest.approx(np.array(HAND_OFFSET))
    (labelled,) = relabel(nets, faces, [], teachers_offset(nets, faces))
    assert np.allclose(implied_five(labelled.sample.keypoints, offset=HAND_OFFSET), FIVE, atol=1e-3)
    # One of two nets knows no offset: the mean answer's is another than the other's.
    unknown = Checkpoint(model.net, model.header.model_copy(update={"five_offset": None}))
    assert AveragedNets([known, unknown]).five_offset is None


def test_what_a_hand_placed_outlives_the_teacher(model: Checkpoint) -> None:
    """A face with all keypoints is the teacher's to see anew; where some are missing, the others stay."""
    face = demo_face()
    nets, skipped = AveragedNets([model]), []
    (whole,) = relabel(nets, [Face(face, None, face.keypoints)], skipped)
    stated = whole.sample.keypoints + np.float32(3)
    part = stated.copy()
    part[17:] = np.nan
    outlined = replace(face, keypoints=stated)
    (kept,) = relabel(nets, [Face(outlined, part, None)], skipped)
    assert np.array_equal(kept.sample.keypoints[:17], stated[:17])
    assert np.isfinite(kept.sample.keypoints).all()
    (anew,) = relabel(nets, [Face(outlined, stated, None)], skipped)
    assert not np.allclose(anew.sample.keypoints, stated, atol=1)


def test_labels_of_five_points_are_the_hands_own(checkpoints: Path, discs: Path, tmp_path: Path) -> None:
    """An untrained net of five sees nothing: its labels are refused or, held to the five, the hand's."""
    skipped: list[dict[str, str]] = []
    samples = list(open_dataset(f"mtfl:{discs}", "train"))[:8]
    nets = AveragedNets([load_checkpoint(checkpoints / "5.safetensors")])
    labelled = list(relabel(nets, gather_faces(samples, 5), skipped))
    assert len(labelled) + len(skipped) == 8 and all("five points are off by" in s["reason"] for s in skipped)
    truth = {sample.image: sample.keypoints for sample in samples}
    for label in labelled:
        assert np.allclose(label.sample.keypoints, truth[label.sample.image], atol=1e-3)


def test_a_scheme_that_cannot_be_held_is_named_before_the_work(
    checkpoints: Path, discs: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="19 points cannot be held to five"):
        write_labels([checkpoints / "19.safetensors"], [f"mtfl:{discs}"], "train", tmp_path / "labels.json")


def test_a_scheme_that_labels_could_not_name_is_refused(
    checkpoints: Path, discs: Path, tmp_path: Path
) -> None:
    net = load_checkpoint(checkpoints / "5.safetensors").net
    own = tmp_path / "mouth.safetensors"
    save_checkpoint(own, net, CheckpointHeader(net=net.config, scheme=MOUTH))
    with pytest.raises(UserError, match="of scheme 'mouth-5', and labels of so many are read as 'five'"):
        write_labels([own], [f"mtfl:{discs}"], "train", tmp_path / "labels.json")


def test_labels_of_no_face_are_a_failure_and_leave_no_file(checkpoints: Path, tmp_path: Path) -> None:
    """An untrained net agrees with no hand: an empty list of labels would train nothing, without a word."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((150, 150, 3), 80, np.uint8))
    (tmp_path / "training.txt").write_text("a.png 10 140 75 20 130 10 20 60 140 130 1 1 2 3\n")
    target = tmp_path / "labels.json"
    with pytest.raises(UserError, match=r"none of the 1 faces could be labeled, such as .*a.png: "):
        write_labels([checkpoints / "68.safetensors"], [f"mtfl:{tmp_path}"], "training", target)
    assert not target.exists()


@given(arrays(np.float32, (5, 2), elements=st.floats(0, 300, width=16)), st.integers(0, 4), st.booleans())
def test_coco_files_keep_coordinates_and_what_is_hidden(
    tmp_path_factory: pytest.TempPathFactory, points: np.ndarray, unknown: int, boxed: bool
) -> None:
    folder = tmp_path_factory.mktemp("coco")
    points[unknown] = np.nan
    visible = np.array([i % 2 == 1 and i != unknown for i in range(5)])
    visible[(unknown + 1) % 5] = True
    box = {"box": (1.0, 2.5, 30.0, 40.0), "box_source": "mtfl"} if boxed else {}
    sample = FaceSample(folder / "a b.png", points, visible, **box)
    coco.write(folder / "f.json", iter([Entry(sample, (400, 300))]))
    (again,) = read(folder / "f.json", "all", None, Notes(strict=True))
    assert np.allclose(again.keypoints, points, atol=1e-3, equal_nan=True)
    assert (again.visible == visible).all() and again.image == sample.image
    assert again.box == sample.box and again.box_source == sample.box_source


def test_genuine_coco_files_come_out_to_the_pixel(shared_data: Path) -> None:
    for name, points in (("300w", 68), ("wflw", 98), ("cofw", 29), ("aflw", 19)):
        file = next((shared_data / "samples" / name).glob("test_*.json"))
        stated = json.loads(file.read_text())["annotations"]
        faces = list(open_dataset(f"coco:{file}", strict=True))
        assert len(faces) == len(stated) and all(face.image.is_file() for face in faces)
        for face, annotation in zip(faces, stated, strict=True):
            marks = np.array(annotation["keypoints"]).reshape(points, 3)
            known = marks[:, 2] > 0
            assert np.array_equal(face.keypoints[known], marks[known, :2].astype(np.float32))


def test_bad_coco_files_are_refused_and_bad_faces_named(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text in ("", "[]", '{"images": []}', '{"images": [{}], "annotations": []}', "[" * 100_000):
        file.write_text(text)
        with pytest.raises(DataError, match="not COCO-style JSON"):
            list(open_dataset(f"coco:{file}"))
    annotations = [
        {"image_id": 1, "keypoints": [1, 2, 1, 9, 2, 1, 5, 6, 1, 2, 9, 1, 8, 9, 1]},
        {"image_id": 2, "keypoints": [1, 2, 1] * 5},
        {"image_id": 1, "keypoints": [1, 2] * 5},
        {"image_id": 1, "keypoints": [0, 0, 0] * 5},
        {"image_id": 1, "keypoints": ["a"] * 15},
        {"image_id": 1},
    ]
    file.write_text(json.dumps({"images": [{"id": 1, "file_name": "a.png"}], "annotations": annotations}))
    dataset = open_dataset(f"coco:{file}")
    assert len(list(dataset)) == 1 and len(dataset.skipped) == 5
    with pytest.raises(FileNotFoundError, match="is a folder; give coco:"):
        open_dataset(f"coco:{tmp_path}")


def test_what_the_detector_prints_is_a_data_set(tmp_path: Path) -> None:
    """Photographs without labels: one document of a folder, another of one photograph."""
    points = np.arange(10.0).reshape(5, 2).tolist()
    face = {"box": [0, 0, 9, 9], "score": 0.75, "keypoints": points}
    one = {"image": "a b.png", "width": 9, "height": 9, "scheme": "five", "faces": [face, {"score": 1}]}
    for document, faces in ((one, 1), ({"images": [one, {**one, "faces": []}, one]}, 2)):
        (tmp_path / "found.json").write_text(json.dumps(document))
        dataset = open_dataset(f"detect:{tmp_path / 'found.json'}")
        samples = list(dataset)
        assert len(samples) == faces == len(dataset.skipped)
        assert samples[0].image == tmp_path / "a b.png" and samples[0].keypoints.tolist() == points
    (tmp_path / "found.json").write_text('{"images": [3]}')
    with pytest.raises(DataError, match="facekp-detect"):
        list(open_dataset(f"detect:{tmp_path / 'found.json'}"))


def test_lists_of_one_face_become_one_label(tmp_path: Path) -> None:
    """A net of five points learns from the five that 68 imply, unless a list states them."""
    sixty_eight = np.random.default_rng(0).uniform(50, 90, (68, 2)).astype(np.float32)
    five = to_five(sixty_eight).astype(np.float32)
    whole = FaceSample(tmp_path / "a.png", sixty_eight, np.ones(68, bool))
    by_hand = FaceSample(tmp_path / "a.png", five + 0.25, np.ones(5, bool))
    (face,) = gather_faces([whole], 5)
    assert face.derived and face.points is not None and np.allclose(face.points, five)
    for order in ([whole, by_hand], [by_hand, whole]):
        (face,) = gather_faces(order, 5)
        assert not face.derived and face.points is not None and np.allclose(face.points, five + 0.25)
