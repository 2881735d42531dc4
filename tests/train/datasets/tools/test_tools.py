"""Files of annotation tools, each in the form that its documentation gives, found by their path alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_train.commands.inputs import told_by_data
from facekp_train.common.console import UserError
from facekp_train.datasets import DataError, Dataset, open_dataset
from facekp_train.datasets.guess import named
from facekp_train.landmarks import scheme_of
from tests.support.files.annotated_faces import picture
from tests.support.models.train_cli import command

# left eye, right eye, nose, left and right corner of the mouth
FIVE = np.array([(10, 11), (20, 10.5), (15, 16), (11, 20), (19, 21)])
NAMES = ("left eye", "right eye", "nose", "left mouth", "right mouth")


def told(path: Path) -> Dataset:
    """The data set that a path alone means."""
    return open_dataset(named(str(path)))


# https://docs.cvat.ai/docs/other/xml_format, version 1.1, annotation mode; skeletons as it exports them.
CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><name>faces</name><size>4</size><mode>annotation</mode></task></meta>
  <image id="0" name="a.png" width="40" height="30">
    <skeleton label="face" source="manual" z_order="0">
      <points label="nose" source="manual" outside="0" occluded="1" points="15.00,16.00"></points>
      <points label="left eye" source="manual" outside="0" occluded="0" points="10.00,11.00"></points>
      <points label="right eye" source="manual" outside="0" occluded="0" points="20.00,10.50"></points>
      <points label="right mouth" source="manual" outside="1" occluded="0" points="19.00,21.00"></points>
      <points label="left mouth" source="manual" outside="0" occluded="0" points="11.00,20.00"></points>
    </skeleton>
    <skeleton label="face" source="manual" z_order="0">
      <points label="nose" source="manual" outside="0" occluded="0" points="25.00,16.00"></points>
      <points label="left eye" source="manual" outside="0" occluded="0" points="20.00,11.00"></points>
      <points label="right eye" source="manual" outside="0" occluded="0" points="30.00,10.50"></points>
      <points label="right mouth" source="manual" outside="0" occluded="0" points="29.00,21.00"></points>
      <points label="left mouth" source="manual" outside="0" occluded="0" points="21.00,20.00"></points>
    </skeleton>
    <box label="face" source="manual" occluded="0" xtl="5.00" ytl="5.00" xbr="25.00" ybr="25.00" z_order="0">
    </box>
  </image>
  <image id="1" name="b.png" width="40" height="30">
  </image>
</annotations>
"""


def cvat(folder: Path, text: str = CVAT) -> Path:
    """As 'CVAT for images 1.1' unpacks."""
    for name in ("a.png", "b.png"):
        picture(folder / "images" / name)
    (folder / "annotations.xml").write_text(text)
    return folder


def test_cvat_says_hidden_unlabeled_and_several_faces(tmp_path: Path) -> None:
    dataset = told(cvat(tmp_path))
    first, second = dataset
    assert first.image == tmp_path / "images" / "a.png"
    assert first.stated_size == (40, 30)
    assert np.allclose(first.keypoints[:4], FIVE[:4])
    assert np.isnan(first.keypoints[4]).all()
    assert first.visible.tolist() == [True, True, False, True, False]
    assert np.allclose(second.keypoints, FIVE + np.array([10, 0]))
    assert any("photographs without keypoints are left out: 1" in text for text in dataset.warnings)
    assert any("put in order by their names" in text for text in dataset.warnings)


@pytest.mark.parametrize("grouped", [True, False])
def test_cvats_single_points_are_a_face_by_group_or_photograph(grouped: bool, tmp_path: Path) -> None:
    def points(group: int, move: float) -> str:
        mark = f' group_id="{group}"' if grouped else ""
        return "".join(
            f'<points label="{name}" occluded="0" points="{x + move},{y}" z_order="0"{mark}/>'
            for name, (x, y) in zip(NAMES, FIVE, strict=True)
        )

    images = f'<image id="0" name="a.png">{points(1, 0)}{points(2, 10) * grouped}</image>'
    faces = list(told(cvat(tmp_path, f"<annotations>{images}</annotations>")))
    assert [face.keypoints[0, 0] for face in faces] == ([10, 20] if grouped else [10])
    assert np.allclose(faces[0].keypoints, FIVE)


def test_cvats_points_of_one_shape_stand_in_order(tmp_path: Path) -> None:
    places = ";".join(f"{x},{y}" for x, y in FIVE)
    shape = f'<points label="face" occluded="1" points="{places}"/>'
    text = f'<annotations><image id="0" name="a.png">{shape}</image></annotations>'
    (face,) = told(cvat(tmp_path, text))
    assert np.allclose(face.keypoints, FIVE)
    assert not face.visible.any()


CVAT_FAULTS = {
    "is CVAT's XML for videos": "<annotations><track/></annotations>",
    "holds no face with keypoints": "<annotations/>",
    "defines a document type": '<!DOCTYPE a [<!ENTITY b "c">]><annotations/>',
    "not CVAT's XML for images": "<annotations>",
    "names are not those of 5 points of a face|keypoints' names are not": (
        '<annotations><image name="a.png"><skeleton>'
        + "".join(f'<points label="{letter}" points="1,2"/>' for letter in "vwxyz")
        + "</skeleton></image></annotations>"
    ),
}


@pytest.mark.parametrize("says", CVAT_FAULTS)
def test_what_is_no_cvat_file_of_faces_is_one_sentence(says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        list(open_dataset(f"cvat:{cvat(tmp_path, CVAT_FAULTS[says]) / 'annotations.xml'}"))


def test_a_bad_cvat_face_is_named_and_the_others_stay(tmp_path: Path) -> None:
    bad = '<image id="7" name="b.png"><points label="nose" points="x,1"/></image></annotations>'
    dataset = told(cvat(tmp_path, CVAT.replace("</annotations>", bad)))
    assert len(list(dataset)) == 2
    assert dataset.skipped == [
        {"file": "annotations.xml: image b.png", "reason": "its points hold 'x,1', which is not x,y"}
    ]


# https://github.com/davisking/dlib/tree/master/tools/imglab: what imglab writes for --parts.
DLIB = """<?xml version='1.0' encoding='ISO-8859-1'?>
<?xml-stylesheet type='text/xsl' href='image_metadata_stylesheet.xsl'?>
<dataset>
<name>imglab dataset</name>
<comment>Created by imglab tool.</comment>
<images>
  <image file='a.png' width='40' height='30'>
    <box top='5' left='5' width='20' height='20'>
      <part name='0' x='10' y='11'/>
      <part name='1' x='20' y='10'/>
      <part name='2' x='15' y='16'/>
      <part name='3' x='11' y='20'/>
      <part name='4' x='19' y='21'/>
    </box>
    <box top='0' left='0' width='4' height='4' ignore='1'/>
    <box top='0' left='0' width='4' height='4'/>
  </image>
</images>
</dataset>
"""


def test_dlibs_boxes_are_faces(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "faces.xml").write_text(DLIB)
    dataset = told(tmp_path / "faces.xml")
    (face,) = dataset
    assert np.allclose(face.keypoints, np.floor(FIVE))
    assert face.stated_size == (40, 30)
    assert [text.rpartition(": ")[2] for text in dataset.warnings] == ["1", "1"]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "utf-1.2.3"])
def test_an_encoding_that_is_stated_wrongly_changes_no_name(encoding: str, tmp_path: Path) -> None:
    picture(tmp_path / "é.png")
    text = DLIB.replace("ISO-8859-1", encoding).replace("a.png", "é.png")
    (tmp_path / "faces.xml").write_text(text, encoding="utf-8")
    (face,) = open_dataset(f"dlib:{tmp_path / 'faces.xml'}")
    assert face.image.name == "é.png"


@pytest.mark.parametrize(
    ("size", "left_out"), [((0, 0), []), ((0, 30), []), ((10**40, 30), ["a size that no photograph has"])]
)
def test_a_stated_size_that_is_none(size: tuple[int, int], left_out: list[str], tmp_path: Path) -> None:
    text = CVAT.replace('width="40" height="30"', f'width="{size[0]}" height="{size[1]}"')
    dataset = open_dataset(f"cvat:{cvat(tmp_path, text) / 'annotations.xml'}")
    assert len(list(dataset)) == (0 if left_out else 2)
    assert all(part in entry["reason"] for part in left_out for entry in dataset.skipped)


def keypoint(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """As https://labelstud.io/tags/keypointlabels shows a result, in percent of 40 x 30 pixels."""
    value = {"x": x / 0.4, "y": y / 0.3, "width": 0.6, "keypointlabels": [name]}
    return {
        "original_width": 40, "original_height": 30, "image_rotation": 0, "value": value, "id": f"{name}{x}",
        "from_name": "kp", "to_name": "img", "type": "keypointlabels", "origin": "manual", **more,
    }  # fmt: skip


def face(move: float = 0, **more: Any) -> list[dict[str, Any]]:
    pairs = reversed(list(zip(NAMES, FIVE.tolist(), strict=True)))
    return [keypoint(name, x + move, y, **more) for name, (x, y) in pairs]


def task(number: int, image: str, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    """As https://labelstud.io/guide/task_format."""
    annotation = {"id": 1000 + number, "result": list(results), "was_cancelled": False, **more}
    return {"id": number, "data": {"img": image}, "annotations": [annotation], "predictions": []}


def test_label_studios_percents_are_pixels_and_rectangles_faces(tmp_path: Path) -> None:
    rectangle = {"type": "rectanglelabels", "id": "r1", "value": {"x": 1, "y": 1, "width": 9, "height": 9}}
    tasks = [
        task(1, "/data/upload/3/0a1b2c3d-a.png", *face()),
        task(2, "/data/local-files/?d=deep/b.png", rectangle, *face(parentID="r1"), *face(10, parentID="r2")),
        task(3, "https://example.com/c%20c.png", *face()[1:]),
        task(4, "a.png"),
        task(5, "a.png", *face(image_rotation=90)),
        task(6, "a.png", *face(5), was_cancelled=True),
        {"id": 7, "data": {"img": "a.png"}, "annotations": [7]},
    ]
    for name in ("a.png", "deep/b.png", "c c.png"):
        picture(tmp_path / name)
    (tmp_path / "project.json").write_text(json.dumps(tasks))
    dataset = told(tmp_path)
    first, second, third, fourth = dataset
    assert first.image == tmp_path / "a.png"
    assert first.stated_size == (40, 30)
    assert np.allclose(first.keypoints, FIVE, atol=0.01)
    assert (second.image, third.image) == (tmp_path / "deep/b.png",) * 2
    assert np.allclose(third.keypoints - second.keypoints, [10, 0], atol=0.01)
    assert fourth.image == tmp_path / "c c.png"
    assert np.isnan(fourth.keypoints).any(axis=1).tolist() == [False] * 4 + [True]
    turned, foreign = dataset.skipped
    assert "turned by 90 degrees" in turned["reason"]
    assert foreign["file"] == "project.json: task 7"
    assert any("without keypoints are left out: 2" in text for text in dataset.warnings)


def test_label_studios_short_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "min.json").write_text(json.dumps([{"img": "a.png", "kp-1": [], "id": 1}]))
    with pytest.raises(DataError, match="export the project as JSON, not as JSON-MIN"):
        list(open_dataset(f"labelstudio:{tmp_path / 'min.json'}"))


def labelme(file: Path, image: str, *shapes: tuple[str, float, float, int | None, dict[str, bool]]) -> None:
    """As LabelMe 5 writes it: https://github.com/wkentaro/labelme, examples of primitives."""
    drawn = [
        {"label": name, "points": [[x, y]], "group_id": group, "description": "", "shape_type": "point",
         "flags": flags, "mask": None}
        for name, x, y, group, flags in shapes
    ]  # fmt: skip
    box = {
        "label": "face",
        "points": [[1, 1], [9, 9]],
        "group_id": None,
        "shape_type": "rectangle",
        "flags": {},
    }
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": [box, *drawn],
        "imagePath": image,
        "imageData": None,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content | {"imageHeight": 30, "imageWidth": 40}))


def test_labelmes_groups_are_faces(tmp_path: Path) -> None:
    def points(move: float, group: int | None, **flags: bool) -> list[Any]:
        return [(name, x + move, y, group, flags) for name, (x, y) in zip(NAMES, FIVE.tolist(), strict=True)]

    labelme(tmp_path / "x" / "a.json", "..\\photos\\a.png", *points(0, 1), *points(10, 2, hidden=True))
    labelme(tmp_path / "b.json", "b.png", *points(0, None)[:4])
    labelme(tmp_path / "c.json", "c.png")
    (tmp_path / "other.json").write_text("{}")
    for name in ("photos/a.png", "b.png"):
        picture(tmp_path / name)
    dataset = told(tmp_path)
    third, first, second = dataset
    assert first.image.resolve() == tmp_path / "photos" / "a.png"
    assert np.allclose(first.keypoints, FIVE)
    assert np.allclose(second.keypoints - first.keypoints, [10, 0])
    assert (first.visible.all(), second.visible.any()) == (True, False)
    assert np.isnan(third.keypoints[4]).all()
    assert [entry["reason"] for entry in dataset.skipped] == ["it is not LabelMe's JSON"]
    assert any("without keypoints are left out: 1" in text for text in dataset.warnings)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("form", ["{name}_x {name}_y", "x_{name} y_{name}"])
def test_a_tables_columns_are_keypoints(form: str, separator: str, tmp_path: Path) -> None:
    names = [name.replace(" ", "_") for name in reversed(NAMES)]
    header = ["image", *(word for name in names for word in form.format(name=name).split())]
    values = [f"{number:g}" for number in FIVE[::-1].ravel()]
    rows = [
        header,
        ["a.png", *values],
        ["a.png", "", "", *values[2:]],
        ["a.png", "x", *values[1:]],
        ["a.png"],
    ]
    picture(tmp_path / "a.png")
    (tmp_path / "faces.csv").write_text("\n".join(separator.join(row) for row in rows))
    dataset = told(tmp_path)
    first, second = dataset
    assert np.allclose(first.keypoints, FIVE)
    assert np.isnan(second.keypoints[4]).all()
    assert np.allclose(second.keypoints[:4], FIVE[:4])
    assert [entry["file"] for entry in dataset.skipped] == ["faces.csv: line 4", "faces.csv: line 5"]


@pytest.mark.parametrize(
    ("header", "says"), [("a_x,a_y,b_x,b_y", "names the photograph"), ("image,a,b", "names no keypoints")]
)
def test_a_table_without_names_is_refused(header: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text(f"{header}\n1,2,3,4\n")
    with pytest.raises(DataError, match=says):
        list(open_dataset(f"csv:{tmp_path / 'faces.csv'}"))


def region(name: str, x: float, y: float, **more: str) -> dict[str, Any]:
    """As VIA 2 exports a point: https://www.robots.ox.ac.uk/~vgg/software/via."""
    shape = {"name": "point", "cx": x, "cy": y}
    return {"shape_attributes": shape, "region_attributes": {"part": name, **more}}


@pytest.mark.parametrize("project", [True, False])
def test_vias_points_are_named_by_their_attributes(project: bool, tmp_path: Path) -> None:
    pairs = list(zip(NAMES, FIVE.tolist(), strict=True))[::-1]
    regions = [region(name, x + move, y, face=str(move)) for move in (0, 10) for name, (x, y) in pairs]
    rectangle = {"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 9, "height": 9},
                 "region_attributes": {}}  # fmt: skip
    images = {
        "a.png812": {
            "filename": "a.png",
            "size": 812,
            "regions": [rectangle, *regions],
            "file_attributes": {},
        },
        "b.png99": {"filename": "b.png", "size": 99, "regions": {}, "file_attributes": {}},
        "c.png99": {
            "filename": "c.png",
            "size": 99,
            "regions": {"0": regions[0] | {"region_attributes": {}}},
        },
    }
    picture(tmp_path / "a.png")
    whole = {"_via_settings": {}, "_via_img_metadata": images, "_via_attributes": {}} if project else images
    (tmp_path / "via.json").write_text(json.dumps(whole))
    dataset = told(tmp_path)
    first, second = dataset
    assert np.allclose(first.keypoints, FIVE)
    assert np.allclose(second.keypoints - first.keypoints, [10, 0])
    assert [entry["file"] for entry in dataset.skipped] == ["via.json: c.png"]
    assert any("without keypoints are left out: 1" in text for text in dataset.warnings)


@pytest.mark.parametrize(
    ("states", "visible", "labeled"),
    [([2, 1, 2, 2, 0], "10110", "11110"), ([1, 1, 1, 1, 0], "11110", "11110"), (None, "11111", "11111")],
)
def test_yolos_shares_are_pixels(
    states: list[int] | None, visible: str, labeled: str, tmp_path: Path
) -> None:
    # https://docs.ultralytics.com/datasets/pose
    pytest.importorskip("yaml", reason="needs facekp[train]")
    numbers = 2 if states is None else 3
    (tmp_path / "data.yaml").write_text(
        f"path: ../elsewhere\ntrain: images/train\nval: images/val\nkpt_shape: [5, {numbers}]\n"
        "flip_idx: [1, 0, 2, 4, 3]\nnames:\n  0: face\n"
    )
    picture(tmp_path / "images" / "train" / "a.png")
    picture(tmp_path / "images" / "train" / "b.png")
    picture(tmp_path / "images" / "val" / "c.png")
    shares = (FIVE / [40, 30]).tolist()
    words = [
        f"{x:.6f} {y:.6f}" + ("" if states is None else f" {states[n]}") for n, (x, y) in enumerate(shares)
    ]
    labels = tmp_path / "labels" / "train"
    labels.mkdir(parents=True)
    (labels / "a.txt").write_text(f"0 0.4 0.5 0.3 0.4 {' '.join(words)}\n0 0.1 0.1 0.1 0.1\n0 0 0 1 1 0.5\n")
    dataset = told(tmp_path)
    (face,) = dataset
    known = np.array(list(labeled)) == "1"
    assert np.allclose(face.keypoints[known], FIVE[known], atol=1e-3)
    assert np.isnan(face.keypoints[~known]).all()
    assert face.visible.tolist() == [mark == "1" for mark in visible]
    ((skipped),) = dataset.skipped
    assert "1 keypoint numbers where kpt_shape makes" in skipped["reason"]
    assert any("without keypoints are left out: 1" in text for text in dataset.warnings)
    with pytest.raises(FileNotFoundError, match="names no 'test'"):
        list(open_dataset(f"yolo:{tmp_path / 'data.yaml'}", "test"))


def test_without_pyyaml_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.yaml").write_text("train: images\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs yaml; install it with: pip install 'facekp\[train\]'"):
        list(open_dataset(f"yolo:{tmp_path / 'data.yaml'}"))


def test_a_detectors_yaml_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="needs facekp[train]")
    (tmp_path / "data.yaml").write_text("train: images\nval: images\nnames: {0: face}\n")
    with pytest.raises(DataError, match="it has no kpt_shape"):
        list(open_dataset(f"yolo:{tmp_path / 'data.yaml'}"))


def test_two_formats_that_fit_are_named_and_refused(tmp_path: Path) -> None:
    cvat(tmp_path)
    (tmp_path / "faces.xml").write_text(DLIB)
    with pytest.raises(
        DataError, match=r"can be read as cvat:.*annotations\.xml or as dlib:.*faces\.xml; give"
    ):
        named(str(tmp_path))
    assert named(f"dlib:{tmp_path / 'faces.xml'}").startswith("dlib:")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="is of no format that can be told"):
        named(str(tmp_path / "empty"))
    assert named("mtfl:nowhere") == "mtfl:nowhere"


def test_a_path_that_leads_nowhere_and_photographs_alone_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone does not exist; give annotated photographs"):
        named(str(tmp_path / "gone"))
    picture(tmp_path / "holiday" / "a.jpg")
    with pytest.raises(DataError, match=r"photographs and no annotations.*facekp-detect .*--json > found"):
        named(str(tmp_path / "holiday"))


def test_data_says_what_a_path_is_read_as(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", cvat(tmp_path), "--out", tmp_path / "sheet.png") == 0
    assert f"is read as cvat:{tmp_path / 'annotations.xml'}" in capsys.readouterr().err


def test_a_scheme_of_another_number_of_keypoints_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("data", cvat(tmp_path), "--scheme", "lapa106") == 1
    assert "its faces have 5 keypoints and scheme 'lapa106' 106" in capsys.readouterr().err
    assert command("data", cvat(tmp_path), "--scheme", "five") == 0


OWN = [*NAMES[:3], "left ear", "right ear", "chin"]


def own(folder: Path, names: list[str]) -> Path:
    """CVAT's file of a face of other keypoints than any scheme has."""
    points = "".join(
        f'<points label="{name}" outside="0" occluded="0" points="{10 + 3 * place},{20 - place}"/>'
        for place, name in enumerate(names)
    )
    image = f'<image id="0" name="a.png"><skeleton label="face">{points}</skeleton></image>'
    return cvat(folder, f"<annotations>{image}</annotations>") / "annotations.xml"


def test_names_tell_a_scheme_where_no_other_has_as_many_points(tmp_path: Path) -> None:
    dataset = open_dataset(f"cvat:{own(tmp_path, OWN)}")
    (face,) = dataset
    assert len(face.keypoints) == 6
    scheme = scheme_of(6)
    assert (scheme.name, list(scheme.names), scheme.flip) == ("own6", OWN, (1, 0, 2, 4, 3, 5))
    assert "left eye and right eye, left ear and right ear change places" in dataset.warnings[0]
    assert told_by_data([dataset.spec]) == scheme.as_dict()
    assert told_by_data([f"cvat:{cvat(tmp_path / 'five')}/annotations.xml"]) is None


def test_names_that_do_not_tell_sides_are_asked_for(tmp_path: Path) -> None:
    file = own(tmp_path, [name.replace("left", "one").replace("right", "other") for name in OWN])
    with pytest.raises(DataError, match=r"no point's name says left or right; .* with --scheme"):
        list(open_dataset(f"cvat:{file}"))
