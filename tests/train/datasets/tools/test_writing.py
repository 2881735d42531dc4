"""What is written for annotation tools is read back as it was, to a hundredth of a pixel."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from facekp_train.datasets import open_dataset
from facekp_train.datasets.guess import named
from facekp_train.datasets.writing.formats import WRITERS
from facekp_train.datasets.writing.label_studio import interface_of
from facekp_train.datasets.writing.written import Entry
from facekp_train.landmarks import scheme_of
from facekp_train.samples import FaceSample
from tests.support.files.annotated_faces import face_like, picture
from tests.support.models.quick_fits import save_disc_teacher
from tests.support.models.train_cli import command

FILES = {"coco": "faces.json", "cvat": "annotations.xml", "labelstudio": "faces.json"}
SIZE = (640, 480)


def faces(folder: Path, points: int, seed: int, several: bool = True) -> list[Entry]:
    """Two on one photograph and one on another; hidden keypoints, one not labeled, one box."""
    random = np.random.default_rng(seed)
    made = []
    for number, image in enumerate(("a b.png", "a b.png", "deep/ö&c.png")[0 if several else 2 :]):
        if not (folder / image).is_file():
            picture(folder / image, *SIZE)
        keypoints = (face_like(points, seed + number) * random.uniform(50, 400) + 1.234).astype(np.float32)
        visible = random.random(points) < 0.7
        if number == 1:
            keypoints[-1] = np.nan
            visible[-1] = False
        visible[0] = True
        boxed = {"box": (10.25, 20.5, 100.125, 120.75), "box_source": "mtfl"} if number else {}
        sample = FaceSample(folder / image, keypoints, visible, **boxed)
        made.append(Entry(sample, SIZE, {"spread": 0.125}))
    return made


@pytest.mark.parametrize("form", WRITERS)
@given(points=st.sampled_from([5, 19, 29, 68, 98]), seed=st.integers(0, 10_000))
@example(points=68, seed=0)
@example_settings(max_examples=12)
def test_what_is_written_is_read_back(form: str, points: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        written = faces(folder, points, seed)
        assert WRITERS[form](folder / FILES[form], iter(written), None, None) == 3
        dataset = open_dataset(f"{form}:{folder / FILES[form]}", strict=True)
        for face, entry in zip(dataset, written, strict=True):
            was = entry.sample
            assert (face.image.resolve(), face.stated_size) == (was.image, SIZE)
            np.testing.assert_allclose(face.keypoints, was.keypoints, atol=0.01)
            assert face.visible.tolist() == was.visible.tolist()
            assert face.box_source == (was.box_source if was.box else "tight")
            assert face.box == (None if was.box is None else pytest.approx(was.box, abs=0.01))


@pytest.mark.parametrize("form", WRITERS)
def test_the_form_is_told_from_the_file(form: str, tmp_path: Path) -> None:
    WRITERS[form](tmp_path / FILES[form], faces(tmp_path, 5, 0), None, None)
    assert named(str(tmp_path / FILES[form])).startswith(f"{form}:")


def test_photographs_are_called_as_they_are_once_uploaded(tmp_path: Path) -> None:
    written = faces(tmp_path / "photos", 5, 0)
    WRITERS["cvat"](tmp_path / "elsewhere" / "annotations.xml", written, None, None)
    document = ET.parse(tmp_path / "elsewhere" / "annotations.xml")
    assert [image.get("name") for image in document.iter("image")] == ["a b.png", "deep/ö&c.png"]
    WRITERS["labelstudio"](tmp_path / "elsewhere" / "labels.json", written, None, None)
    tasks = json.loads((tmp_path / "elsewhere" / "labels.json").read_text())
    assert [task["data"]["img"] for task in tasks] == [
        "/data/local-files/?d=a%20b.png", "/data/local-files/?d=deep/%C3%B6%26c.png",
    ]  # fmt: skip


def test_label_studio_gets_an_interface_that_knows_every_result(tmp_path: Path) -> None:
    WRITERS["labelstudio"](tmp_path / "labels.json", faces(tmp_path, 5, 0), None, None)
    interface = ET.fromstring((tmp_path / "labels.xml").read_text())
    assert interface_of(scheme_of(5).names) == (tmp_path / "labels.xml").read_text()
    controls = {each.get("name"): {value.get("value") for value in each} for each in interface}
    for task in json.loads((tmp_path / "labels.json").read_text()):
        assert task["annotations"] == []
        assert task["predictions"][0]["score"] == 0.875
        for result in task["predictions"][0]["result"]:
            assert set(result["value"][result["type"]]) <= controls[result["from_name"]]


def test_corrected_annotations_count_before_predictions(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    WRITERS["labelstudio"](file, faces(tmp_path, 5, 0), None, None)
    dataset = open_dataset(f"labelstudio:{file}")
    assert len(list(dataset)) == 3
    assert any("a model's predictions are read" in warning for warning in dataset.warnings)
    tasks = json.loads(file.read_text())
    tasks[1]["annotations"] = [{"id": 1, "result": tasks[1]["predictions"][0]["result"]}]
    file.write_text(json.dumps(tasks))
    assert [face.image.name for face in dataset] == ["ö&c.png"]


@pytest.mark.parametrize("form", WRITERS)
def test_label_writes_what_the_annotator_opens(
    form: str, discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    teacher = save_disc_teacher(tmp_path / "teacher.safetensors")
    words = ("--model", teacher, "--data", f"mtfl:{discs}", "--limit", "2", "--format", form)
    assert command("label", *words) == 0
    file = "annotations.xml" if form == "cvat" else "labels.json"
    assert f"wrote {file}: 2 faces of 5 keypoints" in capsys.readouterr().err
    for face in open_dataset(f"{form}:{file}", images=discs):
        assert face.image.resolve().parent == discs and len(face.keypoints) == 5
