"""What `facekp-detect --json` prints, as a data set: hostile numbers and names stop no other face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from facekp_train.datasets import open_dataset

POINTS = [[10.0, 10], [20, 10], [15, 15], [11, 20], [19, 20]]


def document(image: str, *faces: object) -> dict[str, Any]:
    return {"image": image, "faces": list(faces)}


@pytest.mark.parametrize(
    ("keypoints", "reason"),
    [
        ([[10**99, 0], *POINTS[1:]], "a coordinate of 1e+99 pixels is larger"),
        ([[float("nan"), 0], *POINTS[1:]], "a coordinate is not a finite number"),
        ([["x", 0], *POINTS[1:]], "could not convert string to float"),
        (POINTS[:3], "keypoints of shape [3, 2], which fits no scheme"),
    ],
    ids=["huge", "nan", "text", "few"],
)
def test_a_face_of_bad_keypoints_is_named_and_the_others_are_used(
    tmp_path: Path, keypoints: list[Any], reason: str
) -> None:
    good, bad = {"keypoints": POINTS, "score": 0.5}, {"keypoints": keypoints, "score": 0.5}
    (tmp_path / "found.json").write_text(json.dumps({"images": [document("a.png", bad, good)]}))
    dataset = open_dataset(f"detect:{tmp_path / 'found.json'}")
    assert [sample.keypoints.tolist() for sample in dataset] == [POINTS]
    (skipped,) = dataset.skipped
    assert skipped["file"] == "a.png: face 0" and reason in skipped["reason"]


def test_a_name_that_no_file_can_have_stops_nothing(tmp_path: Path) -> None:
    face = {"keypoints": POINTS, "score": 0.5}
    images = [document("x" * 300, face), document("a.png", face)]
    (tmp_path / "found.json").write_text(json.dumps({"images": images}))
    names = [sample.image.name for sample in open_dataset(f"detect:{tmp_path / 'found.json'}")]
    assert names == ["x" * 300, "a.png"]


def test_another_scheme_of_as_many_keypoints_is_said(tmp_path: Path) -> None:
    for name, said in (("five", False), ("mine", True)):
        face = {"keypoints": POINTS, "score": 0.9}
        (tmp_path / "d.json").write_text(json.dumps({"image": "a.png", "scheme": name, "faces": [face]}))
        dataset = open_dataset(f"detect:{tmp_path / 'd.json'}")
        assert len(list(dataset)) == 1
        assert any("are of the scheme 'mine'" in each for each in dataset.warnings) is said
