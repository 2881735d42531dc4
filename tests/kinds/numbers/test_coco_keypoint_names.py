"""Which keypoint is which: by its name in a COCO file, by geometry over the list where none is given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.reading.face_shape import Reading, readings
from facekp_train.datasets.registry import Dataset
from facekp_train.landmarks import scheme_of
from tests.support.files.annotated_faces import FACE_68, picture, points_file
from tests.support.models.train_cli import command, printed

# Of a solid, so that it can be turned: left eye, right eye, nose, mouth corners; x, y down, z to the viewer.
SOLID = np.array([[-1, -1, 0], [1, -1, 0], [0, 0.1, 0.9], [-0.8, 1.1, 0.1], [0.8, 1.1, 0.1]])
NAMES = ["left_eye", "right_eye", "nose", "left_mouth", "right_mouth"]


def five(yaw: float = 0, tilt: float = 0) -> np.ndarray:
    """Degrees to a side and in the image."""
    yaw, tilt = np.radians(yaw), np.radians(tilt)
    x = SOLID[:, 0] * np.cos(yaw) + SOLID[:, 2] * np.sin(yaw)
    y = SOLID[:, 1]
    turned = np.stack([x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)], axis=1)
    return turned * 20 + 60


def coco(folder: Path, faces: Sequence[np.ndarray], names: list[str] | None = None) -> Dataset:
    picture(folder / "a.png", 200, 200)
    marks = [np.column_stack([face, np.full(len(face), 2)]).ravel().tolist() for face in faces]
    document: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"image_id": 1, "category_id": 3, "keypoints": each} for each in marks],
        "categories": [{"id": 3, "name": "face"} | ({} if names is None else {"keypoints": names})],
    }
    (folder / "c.json").write_text(json.dumps(document))
    return open_dataset(f"coco:{folder / 'c.json'}")


@pytest.mark.parametrize("form", [", ".join, lambda names: dict(enumerate(names))])
def test_names_as_other_programs_write_them(form: Any, tmp_path: Path) -> None:
    names, order = ["nose", "left_eye", "right_eye", "left_mouth", "right_mouth"], [2, 0, 1, 3, 4]
    (sample,) = coco(tmp_path, [five()[order]], form(names))
    np.testing.assert_allclose(sample.keypoints, five(), atol=1e-4)


def many(change: Any = None, wrong: int = 25, faces: int = 25) -> list[np.ndarray]:
    """Faces of many turns, the first `wrong` of them changed."""
    found = [five(yaw, tilt) + place / 100 for place, (yaw, tilt) in enumerate(_turns(faces))]
    return [each if change is None or place >= wrong else change(each) for place, each in enumerate(found)]


def _turns(faces: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(0)
    return [(float(yaw), float(tilt)) for yaw, tilt in rng.uniform((-60, -30), (60, 30), (faces, 2))]


@pytest.mark.parametrize(
    "spelling",
    [
        NAMES,
        ["LeftEye", "RightEye", "NoseTip", "MouthLeft", "MouthRight"],
        ["leye", "reye", "nose", "lmouth", "rmouth"],
        ["eye-l", "eye-r", "nose", "lip corner l", "lip corner r"],
        ["left_eye", "right_eye", "nose_tip", "left_mouth_corner", "right_mouth_corner"],
        ["left pupil", "right pupil", "Nose", "Left mouth corner", "Right mouth corner"],
    ],
)
def test_names_decide_the_order(spelling: list[str], tmp_path: Path) -> None:
    face = five(10)
    (control,) = coco(tmp_path, [face], spelling)
    np.testing.assert_allclose(control.keypoints, face, atol=1e-4)
    for order in ([2, 0, 1, 3, 4], [0, 3, 2, 1, 4], [4, 3, 2, 1, 0]):
        dataset = coco(tmp_path, [face[order]], [spelling[place] for place in order])
        np.testing.assert_allclose(next(iter(dataset)).keypoints, face, atol=1e-4)
        assert len(list(dataset)) == 1
        assert [warning for warning in dataset.warnings if "in order by their names" in warning]
        assert dataset.skipped == []


@pytest.mark.parametrize("stem", ["point_", "", "face-"])
def test_names_that_count_are_put_in_order(stem: str, tmp_path: Path) -> None:
    """By letters 10 stands before 2."""
    letters = sorted(range(68), key=str)
    dataset = coco(tmp_path, [FACE_68[letters]], [f"{stem}{place}" for place in letters])
    np.testing.assert_allclose(next(iter(dataset)).keypoints, FACE_68, atol=1e-4)
    plain = coco(tmp_path, [FACE_68], [f"{stem}{place + 1}" for place in range(68)])
    assert len(list(plain)) == 1 and plain.warnings == []


@pytest.mark.parametrize("identity", [3, "3", 9, 0, None])
def test_a_face_of_an_only_category_has_its_names(identity: Any, tmp_path: Path) -> None:
    """Whatever number the annotation has for it; of several categories it has to be one."""
    order = [2, 0, 1, 3, 4]
    coco(tmp_path, [five()[order]], [NAMES[place] for place in order])
    document = json.loads((tmp_path / "c.json").read_text())
    document["annotations"][0]["category_id"] = identity
    (tmp_path / "c.json").write_text(json.dumps(document))
    (sample,) = open_dataset(f"coco:{tmp_path / 'c.json'}")
    np.testing.assert_allclose(sample.keypoints, five(), atol=1e-4)
    document["categories"].append({"id": 4, "name": "hand"})
    (tmp_path / "c.json").write_text(json.dumps(document))
    dataset = open_dataset(f"coco:{tmp_path / 'c.json'}")
    assert len(list(dataset)) == (str(identity) == "3")
    assert all("which no category of the file has" in entry["reason"] for entry in dataset.skipped)


def test_a_scheme_s_own_names_are_put_in_order(tmp_path: Path) -> None:
    names = scheme_of(68).names
    order = np.random.default_rng(0).permutation(68).tolist()
    dataset = coco(tmp_path, [FACE_68[order]], [names[place] for place in order])
    np.testing.assert_allclose(next(iter(dataset)).keypoints, FACE_68, atol=1e-4)


def test_other_names_have_to_agree_part_by_part(tmp_path: Path) -> None:
    sizes = {"Chin": 17, "R eyebrow": 5, "L eyebrow": 5, "Nose": 9, "R eye": 6, "L eye": 6, "Lips": 20}
    names = [f"{part} {place}" for part, size in sizes.items() for place in range(size)]
    dataset = coco(tmp_path, [FACE_68], names)
    assert len(list(dataset)) == 1 and dataset.warnings == []
    moved = coco(tmp_path, [FACE_68], names[17:] + names[:17])
    assert list(moved) == []
    assert "its keypoint 0 is named 'R eyebrow 0', where the order has jaw_0" in moved.skipped[0]["reason"]


@pytest.mark.parametrize(
    "names",
    [
        ["nose", "left_eye", "right_eye", "left_ear", "right_ear"],
        ["left_eye", "right_eye", "nose", "left_mouth", "left_mouth2"],
        ["left_eye_outer", "right_eye_outer", "nose", "left_mouth", "right_mouth"],
        ["oeil_gauche", "oeil_droit", "nez", "bouche_gauche", "bouche_droite"],
        ["left_eye", "right_eye", "nose"],
    ],
)
def test_names_of_other_points_are_refused(names: list[str], tmp_path: Path) -> None:
    dataset = coco(tmp_path, [five()], names)
    assert list(dataset) == []
    reason = dataset.skipped[0]["reason"]
    assert names[0] in reason and "name five left_eye, right_eye, nose, left_mouth, right_mouth" in reason


def test_a_hand_of_21_points_is_refused(tmp_path: Path) -> None:
    fingers = [
        f"{each}_{place}" for each in ("thumb", "index", "middle", "ring", "little") for place in range(4)
    ]
    dataset = coco(tmp_path, [np.random.default_rng(0).random((21, 2)) * 90], ["wrist", *fingers])
    assert list(dataset) == []
    reason = dataset.skipped[0]["reason"]
    assert "not those of 21 points of a face (wrist, thumb_0" in reason
    assert "keypoints of your own are described in a file, --scheme FILE.yaml" in reason
    assert "name five" not in reason


WRONG = {
    "left and right changed places": lambda face: face[[1, 0, 2, 4, 3]],
    "x and y changed places": lambda face: face[:, ::-1],
    "the mouth lies above the eyes": lambda face: face[[3, 4, 2, 0, 1]],
    "y counts from the bottom": lambda face: [0, 130] + face * [1, -1],
    "stands on its head": lambda face: face[[4, 3, 2, 1, 0]],
    "no view of a face": lambda face: face[[2, 0, 1, 3, 4]],
}


@pytest.mark.parametrize("says", WRONG)
def test_lists_without_names_are_told_by_geometry(says: str, tmp_path: Path) -> None:
    """Of twenty faces and more 80 % are enough; of fewer all, and that is a warning."""
    change = WRONG[says]
    with pytest.raises(DataError, match=says):
        list(coco(tmp_path, many(change, wrong=20)))
    fewer = coco(tmp_path, many(change, wrong=19))
    assert (len(list(fewer)), fewer.warnings) == (25, [])
    short = coco(tmp_path, [change(five(place * 8 - 24, place)) for place in range(7)])
    assert len(list(short)) == 7
    (warning,) = short.warnings
    assert says in warning
    mixed = coco(tmp_path, many(change, wrong=6, faces=7))
    assert (len(list(mixed)), mixed.warnings) == (7, [])


def test_a_profile_is_no_mirror(tmp_path: Path) -> None:
    for yaw in (85, 90, 95, -95):
        faces = [five(yaw, place / 3) for place in range(30)]
        assert set(readings(np.array(faces))) == {Reading.UNCLEAR}
        dataset = coco(tmp_path, faces)
        assert (len(list(dataset)), dataset.warnings) == (30, [])


def test_faces_on_their_side_are_a_warning(tmp_path: Path) -> None:
    dataset = coco(tmp_path, [five(place, 90) for place in range(25)])
    assert len(list(dataset)) == 25
    assert "25 of 25 faces lie on their side" in dataset.warnings[0]


def test_every_other_order_of_five_is_told() -> None:
    faces = np.array(many(faces=40))
    told = {
        Reading.MIRRORED,
        Reading.TRANSPOSED,
        Reading.FLIPPED,
        Reading.TURNED,
        Reading.NO_FACE,
        Reading.SIDEWAYS,
    }
    for order in permutations(range(5)):
        share = np.mean([each in told for each in readings(faces[:, order])])
        assert share == 0 if order == (0, 1, 2, 3, 4) else share >= 0.8, order


def test_points_of_no_face_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """19 points in three rows, as of a tongue; the first time alone, then in a list."""
    monkeypatch.chdir(tmp_path)
    tongue = np.array([[120 + 3 * i, 120 + 4 * (i % 7)] for i in range(19)], float)
    for place in range(20):
        picture(tmp_path / f"{place}.png", 200, 200)
        points_file(tmp_path / f"{place}.pts", tongue + place)
        if not place:
            assert command("data", f"pts:{tmp_path}", "--json") == 0
            assert "no view of a face has its keypoints so" in printed(capsys)["warnings"][0]
    assert command("data", f"pts:{tmp_path}") == 1
    assert "in 20 of 20 faces no view of a face" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("points", [5, 68])
def test_real_faces_of_every_turn_raise_no_alarm(points: int, shared_data: Path) -> None:
    folder = "mtfl" if points == 5 else "aflw2000"
    dataset = open_dataset(f"mtfl:{shared_data / folder}" if points == 5 else f"pts:{shared_data / folder}")
    faces = np.stack([sample.keypoints for sample in dataset])
    wrong = sum(each not in (Reading.RIGHT, Reading.UNCLEAR, Reading.SIDEWAYS) for each in readings(faces))
    assert wrong <= len(faces) / 1000
    assert dataset.warnings == []
