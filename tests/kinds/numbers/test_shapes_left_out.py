"""What a tool's file has beside keypoints is said; keypoints are read with whatever tag they were placed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.registry import Dataset
from tests.support.files.annotated_faces import picture
from tests.support.files.tool_files import NAMES, PLACES, SOUND, write

SHAPES = {
    "cvat": ["polyline", "polygon", "ellipse", "mask", "cuboid"],
    "labelme": ["linestrip", "line", "circle", "polygon", "points"],
    "labelstudio": ["polygon", "ellipse", "brush", "vector"],
    "via": ["circle", "ellipse", "polyline", "polygon"],
}
KINDS = [(form, shape) for form, shapes in SHAPES.items() for shape in shapes]


def _with(form: str, shape: str, alone: bool) -> str:
    """A sound file with another shape beside its keypoints, or in their place."""
    text = SOUND[form][1]
    if form == "cvat":
        start, end = text.index("<skeleton"), text.index("</image>")
        return text[: start if alone else end] + f'<{shape} label="face" points="1,2;3,4"/>' + text[end:]
    document = json.loads(text)
    if form == "labelme":
        other: Any = {"label": "jaw", "points": [[1, 2], [3, 4]], "shape_type": shape, "flags": {}}
        shapes = document["shapes"]
    elif form == "via":
        other = {"shape_attributes": {"name": shape, "cx": 1, "cy": 2}, "region_attributes": {"part": "jaw"}}
        shapes = document["_via_img_metadata"]["a.png9"]["regions"]
    else:
        other = {"id": "x", "type": f"{shape}labels", "value": {f"{shape}labels": ["jaw"]}}
        shapes = document[0]["annotations"][0]["result"]
    shapes[:] = [other] if alone else [*shapes, other]
    return json.dumps(document)


@pytest.mark.parametrize(("form", "shape"), KINDS)
def test_shapes_that_are_no_points_are_said(form: str, shape: str, tmp_path: Path) -> None:
    control = open_dataset(write(tmp_path, form, SOUND[form][1].encode()))
    faces, before = len(list(control)), list(control.warnings)
    dataset = open_dataset(write(tmp_path, form, _with(form, shape, alone=False).encode()))
    assert len(list(dataset)) == faces
    (said,) = set(dataset.warnings) - set(before)
    assert f"left out are shapes that are no points: 1 {shape}; draw each keypoint as a point" in said
    with pytest.raises(DataError, match=f"no face with keypoints, but shapes that are no points: 1 {shape};"):
        list(open_dataset(write(tmp_path, form, _with(form, shape, alone=True).encode())))


def _label_studio(folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Dataset:
    document = json.loads(SOUND["labelstudio"][1])
    annotation = document[0]["annotations"][0]
    annotation["result"] = change(annotation["result"])
    return open_dataset(write(folder, "labelstudio", json.dumps(document).encode()))


def test_label_studio_s_labels_may_have_a_tag_of_their_own(tmp_path: Path) -> None:
    def apart(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for each in results:
            (name,) = each["value"].pop("keypointlabels")
            labels = each["value"] | {"labels": [name]}
            found += [each | {"type": "keypoint"}, each | {"type": "labels", "value": labels}]
        return found[::-1]

    (sample,) = _label_studio(tmp_path, apart)
    np.testing.assert_allclose(sample.keypoints, PLACES, atol=1e-4)


def test_label_studio_s_second_label_may_hide_a_keypoint(tmp_path: Path) -> None:
    def hide(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        results[2]["value"]["keypointlabels"] += ["occluded"]
        results[4]["value"]["keypointlabels"].insert(0, "hidden")
        return results

    (sample,) = _label_studio(tmp_path, hide)
    assert sample.visible.tolist() == [True, True, False, True, False]
    np.testing.assert_allclose(sample.keypoints, PLACES, atol=1e-4)


@pytest.mark.parametrize("name", ["", None])
def test_a_keypoint_without_a_name_among_named_ones_is_said(name: str | None, tmp_path: Path) -> None:
    """Their order in the file says nothing where others have names."""
    document = json.loads(SOUND["labelme"][1])
    if name is None:  # all of another photograph bear the face's
        other = [shape | {"label": "face"} for shape in document["shapes"]]
        (tmp_path / "b.json").write_text(json.dumps(document | {"imagePath": "b.png", "shapes": other}))
    else:
        document["shapes"][1]["label"] = name
    dataset = open_dataset(write(tmp_path, "labelme", json.dumps(document).encode()))
    with pytest.raises(
        DataError, match=r"some keypoints have names of their own \(left eye, .* name each, or"
    ):
        list(dataset)


def test_keypoints_that_all_bear_the_face_s_name_stand_in_order(tmp_path: Path) -> None:
    document = json.loads(SOUND["labelme"][1])
    for shape in document["shapes"]:
        shape["label"] = "face"
    (sample,) = open_dataset(write(tmp_path, "labelme", json.dumps(document).encode()))
    np.testing.assert_allclose(sample.keypoints, PLACES)
    assert len(NAMES) == len(PLACES)


def test_a_project_of_cvat_s_has_a_folder_a_subset(tmp_path: Path) -> None:
    text = SOUND["cvat"][1].replace('name="a.png"', 'name="a.png" subset="Validation"')
    spec = write(tmp_path, "cvat", text.encode())
    (tmp_path / "a.png").unlink()
    picture(tmp_path / "images" / "Validation" / "a.png")
    sample, *_ = open_dataset(spec)
    assert sample.image == tmp_path / "images" / "Validation" / "a.png"


@pytest.mark.parametrize(
    "told", [{"occluded": "yes"}, {"Hidden": True}, {"state": "occluded"}, {"is": {"hidden": 1}}]
)
def test_an_attribute_of_vias_may_hide_a_keypoint(told: dict[str, Any], tmp_path: Path) -> None:
    document = json.loads(SOUND["via"][1])
    regions = document["_via_img_metadata"]["a.png9"]["regions"]
    others: dict[str, Any] = {"occluded": "no", "hidden": False, "state": "visible", "is": {"hidden": 0}}
    for number, region in enumerate(regions):
        region["region_attributes"] |= told if number == 2 else others
    (sample,) = open_dataset(write(tmp_path, "via", json.dumps(document).encode()))
    assert sample.visible.tolist() == [True, True, False, True, True]
    np.testing.assert_allclose(sample.keypoints, PLACES)


@pytest.mark.parametrize(("value", "hidden"), [("1", True), ("true", True), ("0", False), ("False", False)])
def test_flags_of_xml_are_read_as_programs_write_them(value: str, hidden: bool, tmp_path: Path) -> None:
    text = SOUND["cvat"][1].replace('"nose" occluded="0"', f'"nose" occluded="{value}"')
    text = text.replace('"right eye" occluded', f'"right eye" outside="{value}" occluded')
    sample, *_ = open_dataset(write(tmp_path, "cvat", text.encode()))
    assert sample.visible.tolist() == [True, not hidden, not hidden, True, True]
    assert np.isnan(sample.keypoints[1]).all() == hidden


def test_a_flag_that_is_none_is_named(tmp_path: Path) -> None:
    text = SOUND["cvat"][1].replace('occluded="0"', 'occluded="0.87"', 1)
    with pytest.raises(DataError, match=r"its 'occluded' is '0\.87', not 0 or 1"):
        list(open_dataset(write(tmp_path, "cvat", text.encode())))
    text = SOUND["dlib"][1].replace("<box", "<box ignore='true'", 1)
    dataset = open_dataset(write(tmp_path, "dlib", text.encode()))
    assert len(list(dataset)) == 1
    assert any("boxes to be ignored are left out: 1" in warning for warning in dataset.warnings)
