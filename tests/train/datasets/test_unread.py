"""What annotators and users give that is not read as it is: each answer says what to do instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.guess import named
from tests.support.files.annotated_faces import picture

# https://labelstud.io/guide/export#JSON-MIN
SHORT = {
    "image": "/data/upload/1/1a2b3c4d-a.png",
    "id": 1,
    "kp": [{"x": 5, "y": 5, "keypointlabels": ["nose"], "original_width": 20, "original_height": 20}],
    "annotator": 1,
    "annotation_id": 1,
}
# https://labelstud.io/guide/export#CSV
SHORT_CSV = 'annotation_id,annotator,id,image,kp\n1,1,1,/data/upload/1/a.png,"[{""x"": 5}]"\n'
# https://gitlab.com/vgg/via/-/blob/master/via-3.x.y/CodeDoc.md
VIA_3 = {"project": {"pid": "x"}, "config": {}, "attribute": {}, "file": {}, "metadata": {}, "view": {}}
FOUND = {"image": "a.png", "width": 20, "height": 20, "scheme": "ibug68", "faces": []}

UNREAD = {
    "min.json": (json.dumps([SHORT]), "Label Studio's short form, .* export the project as JSON"),
    "min.csv": (SHORT_CSV, "Label Studio's short form, .* export the project as JSON"),
    "via.json": (json.dumps(VIA_3), "a project of VIA 3, .* annotate in VIA 2"),
    "found.json": (json.dumps(FOUND), "what facekp-detect found, .* label --data detect:FILE"),
    "many.json": (json.dumps({"images": [FOUND], "skipped": []}), "what facekp-detect found"),
    "task.zip": ("PK", "an archive; unpack it"),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("alone", [True, False], ids=["file", "folder"])
def test_the_remedy_is_said(name: str, alone: bool, tmp_path: Path) -> None:
    text, said = UNREAD[name]
    (tmp_path / name).write_text(text)
    picture(tmp_path / "a.png")
    if name.endswith(".zip") and not alone:
        said = "holds photographs and no annotations"  # photographs may come as an archive, too
    with pytest.raises(DataError, match=said):
        named(str(tmp_path / name if alone else tmp_path))


def test_a_photograph_says_nothing_of_keypoints(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png is a photograph, .* facekp-train label"):
        named(str(tmp_path / "a.png"))


def test_a_folder_for_a_file_is_answered_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "other.json").write_text("[]")
    file = tmp_path / "annotations" / "faces.json"
    file.write_text('{"images": [], "annotations": []}')
    with pytest.raises(FileNotFoundError, match=f"is a folder; give coco:{file}$"):
        open_dataset(f"coco:{tmp_path}")
    with pytest.raises(FileNotFoundError, match="is a folder; give the file of the data set in 'cvat:"):
        open_dataset(f"cvat:{tmp_path}")


def test_a_format_that_there_is_not_is_answered_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"; 'cvat' may be meant$"):
        open_dataset("cvt:faces.xml")
    with pytest.raises(DataError, match=r"with a FORMAT of mtfl, .*, detect$"):
        open_dataset("zzz:faces.xml")


def test_a_file_of_another_format_is_said_to_be_one(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    marks = "".join(f'<points label="{name}" points="{place},5"/>' for place, name in enumerate("abc", 3))
    file = tmp_path / "annotations.xml"
    file.write_text(f'<annotations><image name="a.png">{marks}</image></annotations>')
    with pytest.raises(DataError, match=rf"is not COCO-style JSON .*; it looks like cvat: cvat:{file}$"):
        list(open_dataset(f"coco:{file}"))
    with pytest.raises(DataError, match=r"\(docs/guides/keypoints\.md\)$"):
        list(open_dataset(f"cvat:{file}"))
