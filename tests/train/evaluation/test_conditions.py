"""Conditions: which group a face is in, and which conditions a data set has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.datasets import Dataset, open_dataset
from facekp_train.evaluation.conditions import UNKNOWN, Condition, chosen, conditions_of
from facekp_train.landmarks import SCHEMES, five_matrix
from facekp_train.pose import TURN_EDGES, turn_of
from facekp_train.samples import FaceSample
from tests.support.files.aflw_files import DATABASE, NAMES, pictures, write_database
from tests.support.files.aflw_files import face as aflw_face

FRONTAL = np.array([(-0.5, -0.6), (0.5, -0.6), (0.0, 0.0), (-0.4, 0.5), (0.4, 0.5)])


def turned(aside: float, eyes: float = 50.0) -> np.ndarray:
    """Five points whose nose lies so many eye distances off the eyes' middle."""
    five = FRONTAL.copy()
    five[2, 0] += aside
    return five * eyes + (100, 90)


def face(keypoints: np.ndarray, **attributes: str) -> FaceSample:
    return FaceSample(Path("a.png"), keypoints, np.ones(len(keypoints), bool), attributes=attributes)


class Given:
    """Stands in for a reader: these faces, whatever is asked for."""

    def __init__(self, *faces: FaceSample):
        self.faces = faces

    def __call__(self, *_: object):
        yield from self.faces


def data_of(*faces: FaceSample) -> Dataset:
    known = open_dataset("pts:.")
    return replace(known, format=replace(known.format, read=Given(*faces)))


def known(points: int = 5) -> dict[str, Condition]:
    return conditions_of(data_of(face(100 * np.random.default_rng(0).random((points, 2)))))


@given(st.floats(-1, 1), st.floats(0.1, 500), st.floats(-3, 3), st.floats(-1e3, 1e3), st.booleans())
def test_turn_is_the_noses_way_whatever_the_size_tilt_place_and_side(
    aside: float, size: float, tilt: float, place: float, mirrored: bool
) -> None:
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    five = (turned(aside, 1.0) * size) @ turn + place
    if mirrored:
        five = (five * (-1, 1))[[1, 0, 2, 4, 3]]
    assert turn_of(five) == pytest.approx(abs(aside), abs=1e-6)


def test_turn_is_told_of_many_faces_at_once() -> None:
    asides = np.linspace(-0.8, 0.8, 17)
    assert turn_of(np.stack([turned(aside) for aside in asides])) == pytest.approx(abs(asides))


def test_eyes_in_one_place_and_unplaced_points_tell_nothing() -> None:
    flat, unplaced = turned(0), turned(0)
    flat[0] = flat[1]
    unplaced[2] = np.nan
    assert np.isnan(turn_of(np.stack([flat, unplaced]))).all()
    assert known()["turn"].group(face(flat)) == UNKNOWN
    assert known()["turn"].group(face(unplaced)) == UNKNOWN
    assert known()["size"].group(face(unplaced)) == "40 to 80 px"


@pytest.mark.parametrize(
    ("aside", "group"),
    [(0, "frontal"), (0.14, "frontal"), (-0.16, "half"), (0.39, "half"), (-0.41, "profile")],
)
def test_groups_of_turn(aside: float, group: str) -> None:
    assert known()["turn"].group(face(turned(aside))) == group


@pytest.mark.parametrize(
    ("eyes", "group"),
    [
        (1, "below 20 px"), (20, "20 to 30 px"), (29.9, "20 to 30 px"), (30, "30 to 40 px"),
        (79, "40 to 80 px"), (159, "80 to 160 px"), (160, "160 px and more"), (5000, "160 px and more"),
    ],
)  # fmt: skip
def test_an_edge_of_size_belongs_to_the_larger_group(eyes: float, group: str) -> None:
    assert known()["size"].group(face(np.round(turned(0.1, eyes), 6))) == group
    assert known()["size"].groups[0] == "below 20 px"


@pytest.mark.parametrize("points", list(SCHEMES))
def test_every_scheme_has_turn_and_size(points: int) -> None:
    assert list(known(points)) == ["turn", "size"]
    # Keypoints that imply these five: spread back by the pseudo-inverse of the map to them.
    keypoints = np.linalg.pinv(five_matrix(points)) @ turned(0.3, 100)
    assert known(points)["turn"].group(face(keypoints)) == "half"
    assert known(points)["size"].group(face(keypoints)) == "80 to 160 px"


def test_attributes_are_conditions_and_a_face_without_one_is_unknown() -> None:
    faces = [face(turned(0), pose="left"), face(turned(0), pose="frontal"), face(turned(0))]
    pose = conditions_of(data_of(*faces))["pose"]
    groups = [pose.group(each) for each in faces]
    assert groups == ["left", "frontal", UNKNOWN]
    assert pose.ordered(groups) == ["frontal", "left", UNKNOWN]
    assert pose.ordered(groups[:2]) == ["frontal", "left"]


def test_head_angles_are_grouped_and_other_measured_numbers_are_no_condition() -> None:
    faces = [face(turned(0), yaw=yaw, score="0.931") for yaw in ("-3.0", "15.0", "-44.9", "71.5")]
    conditions = conditions_of(data_of(*faces, face(turned(0))))
    assert list(conditions) == ["turn", "size", "yaw"]
    groups = [conditions["yaw"].group(each) for each in (*faces, face(turned(0)))]
    assert groups == ["below 15 degrees", *["15 to 45 degrees"] * 2, "45 degrees and more", UNKNOWN]
    assert conditions["yaw"].ordered(groups[::-1]) == list(dict.fromkeys(groups))


def test_chosen_conditions_come_in_the_order_asked_for_and_once() -> None:
    assert [condition.name for condition in chosen("size, turn,size", known())] == ["size", "turn"]


@pytest.mark.parametrize(
    ("hidden", "group"),
    [
        (0, "none"),
        (1, "below 20 %"),
        (5, "below 20 %"),
        (6, "20 to 40 %"),
        (12, "40 % and more"),
        (29, "40 % and more"),
    ],
)
def test_groups_of_occlusion_are_shares_of_the_labelled_keypoints(hidden: int, group: str) -> None:
    keypoints = 100 * np.random.default_rng(1).random((29, 2))
    covered = replace(face(keypoints), visible=np.arange(29) >= hidden)
    condition = conditions_of(data_of(covered, replace(covered, visible=np.arange(29) > 0)))["occlusion"]
    assert condition.group(covered) == group
    keypoints[20:] = np.nan
    assert condition.group(replace(covered, visible=np.arange(29) < 20)) == "none"


def test_faces_without_a_hidden_keypoint_have_no_occlusion() -> None:
    assert list(known(29)) == ["turn", "size"]


@pytest.mark.parametrize("names", ["landmark", "turn,pose", "", "turn,", "Turn"])
def test_an_unknown_condition_names_those_that_exist(names: str) -> None:
    with pytest.raises(ValueError, match="these faces have turn, size"):
        chosen(names, known())


def test_a_data_set_without_a_face_has_nothing_to_group() -> None:
    with pytest.raises(ValueError, match="gave no face to group"):
        conditions_of(data_of())


def test_the_angles_of_aflws_database_are_conditions(tmp_path: Path) -> None:
    pictures(tmp_path)
    rows = [{"path": name, "points": aflw_face(21), "placed": range(21), "pose": (0, 0, 1)} for name in NAMES]
    write_database(tmp_path / DATABASE, rows)
    conditions = conditions_of(open_dataset(f"aflw:{tmp_path}", "train"))
    assert list(conditions) == ["turn", "size", "roll", "pitch", "yaw"]
    groups = {conditions["yaw"].group(each) for each in open_dataset(f"aflw:{tmp_path}", "train")}
    assert groups == {"45 degrees and more"}


def test_a_split_without_mtfls_attributes_says_so(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((99, 99, 3), np.uint8))
    numbers = "60 90 75 62 88 40 40 55 70 70"
    (tmp_path / "training.txt").write_text(f"a.png {numbers} 1 2 2 3\n")
    (tmp_path / "testImageList.txt").write_text("a.png 40 110 20 90 60 40 90 40 75 55 62 70 88 70\n")
    names = ["turn", "size", "gender", "smile", "glasses", "pose"]
    for split, left_out in (("training", []), ("validation", names[2:])):
        conditions = conditions_of(open_dataset(f"mtfl:{tmp_path}", split))
        assert list(conditions) == names
        assert [name for name, condition in conditions.items() if condition.caveat] == left_out
    left = face(turned(-0.3))
    assert [conditions[name].group(left) for name in names[2:]] == [UNKNOWN, UNKNOWN, UNKNOWN, "left"]


def test_turn_agrees_with_the_pose_that_people_saw(shared_data: Path) -> None:
    """The shares that TURN_EDGES states."""
    faces = list(open_dataset(f"mtfl:{shared_data / 'mtfl'}", "train"))
    turns = turn_of(np.stack([each.keypoints for each in faces]))
    seen = np.array([{"frontal": 0, "left": 1, "right": 1}.get(f.attributes["pose"], 2) for f in faces])
    by_turn = np.digitize(turns, TURN_EDGES)
    shares = [round(100 * (by_turn[seen == group] == group).mean()) for group in range(3)]
    assert shares == [83, 83, 71]


def test_pose_told_from_keypoints_agrees_with_people(shared_data: Path) -> None:
    """The share that POSE_EDGES states."""
    faces = list(open_dataset(f"mtfl:{shared_data / 'mtfl'}", "train"))
    pose = conditions_of(open_dataset(f"mtfl:{shared_data / 'mtfl'}", "validation"))["pose"]
    assert round(100 * np.mean([pose.group(each) == each.attributes["pose"] for each in faces])) == 89
