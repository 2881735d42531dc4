"""`facekp-export check`: which faces it measures on, what it says of damaged files and faces."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_export.cli import app
from facekp_export.demo import demo_face
from facekp_export.inference.metadata import tflite_with_info
from facekp_export.inference.runtimes import open_model
from facekp_export.verification.check import check_labelled
from facekp_export.verification.labelled import LabelledFaces
from facekp_train.common.console import run
from facekp_train.common.shipped import WEIGHTS_LICENCE, default_model
from facekp_train.draw import write_picture
from facekp_train.evaluation.evaluate import answer
from facekp_train.implied_five import implied_five
from facekp_train.samples import FaceSample

MODEL = default_model()


def check(*words: object) -> int:
    """Run `facekp-export check` in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        run(app, ["check", *map(str, words)])
    return int(ended.value.code or 0)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().out)


def annotated(folder: Path, name: str) -> None:
    """The demo photo with 68 points on an ellipse within its face's box."""
    image, (x, y, width, height) = demo_face()
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([np.cos(turn) * width / 2 + x + width / 2, np.sin(turn) * height / 2 + y])
    write_picture(folder / f"{name}.png", image)
    rows = "\n".join(f"{px + 1:.2f} {py + 1:.2f}" for px, py in points)
    (folder / f"{name}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A 300W folder: one face to train on, two to measure on, and a photograph cut short."""
    root = tmp_path / "300w"
    for folder, name in (("afw", "t"), ("ibug", "a"), ("ibug", "b"), ("ibug", "cut")):
        (root / folder).mkdir(parents=True, exist_ok=True)
        annotated(root / folder, name)
    cut = root / "ibug" / "cut.png"
    cut.write_bytes(cut.read_bytes()[:100])
    return root


def test_faces_are_those_that_figures_are_reported_on(
    faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(MODEL, "--data", f"300w:{faces}", "--json") == 0
    document = printed(capsys)
    assert (document["split"], document["files"][0]["n"]) == ("full", 2)
    assert check(MODEL, "--data", f"300w:{faces}", "--split", "train", "--json") == 0
    document = printed(capsys)
    assert (document["split"], document["files"][0]["n"]) == ("train", 1)


def test_shipped_weights_are_said_to_be_for_research(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files say so themselves, so that a copy of another name does, too."""
    shutil.copy(MODEL, tmp_path / "a.tflite")
    for each in (MODEL, MODEL.parents[1] / "mdp-1x" / MODEL.name, tmp_path / "a.tflite"):
        assert check(each) == 0
        assert f"What the weights may be used for: {WEIGHTS_LICENCE}" in capsys.readouterr().out


def test_faces_that_cannot_be_used_are_named(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (faces / "ibug" / "b.pts").write_text("version: 1")
    assert check(MODEL, "--data", f"300w:{faces}", "--json") == 0
    (entry,) = printed(capsys)["files"]
    assert entry["n"] == 1
    assert [Path(skip["file"]).name for skip in entry["skipped"]] == ["b.pts", "cut.png"]
    assert check(MODEL, "--data", f"300w:{faces}") == 0
    said = capsys.readouterr().err
    assert "2 skipped" in said and "cut.png: not an image" in said
    assert "warning: ibug gives 2 faces where the standard list has 135" in said


@pytest.mark.parametrize("damaged", ["ibug/cut.png", "ibug/a.pts"])
def test_strict_stops_at_the_first_of_them(
    faces: Path, capsys: pytest.CaptureFixture[str], damaged: str
) -> None:
    if damaged.endswith(".pts"):
        (faces / damaged).write_text("version: 1")
    assert check(MODEL, "--data", f"300w:{faces}", "--strict", "--json") == 1
    streams = capsys.readouterr()
    assert not streams.out
    assert damaged in streams.err and "--strict" in streams.err and "Traceback" not in streams.err


@pytest.mark.parametrize("words", [["--split", "full"], ["--limit", "3"], ["--strict"]], ids=" ".join)
def test_what_is_about_faces_needs_data(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert check(MODEL, *words) == 2
    assert "--data" in capsys.readouterr().err


def test_a_damaged_file_in_a_folder_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(MODEL, tmp_path / "model_int8.tflite")
    (tmp_path / "model_float16.tflite").write_bytes(MODEL.read_bytes()[:5000])
    assert check(tmp_path, "--json") == 1
    streams = capsys.readouterr()
    assert not streams.out
    assert "model_float16.tflite" in streams.err and "Traceback" not in streams.err


def test_a_foreign_file_in_a_folder_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.support.models.tiny_models import tiny_tflite

    shutil.copy(MODEL, tmp_path / "model_int8.tflite")
    tiny_tflite(tmp_path / "foreign.tflite")
    (tmp_path / "folder.onnx").mkdir()
    assert check(tmp_path, "--json") == 0
    streams = capsys.readouterr()
    assert [entry["file"] for entry in json.loads(streams.out)["files"]] == ["model_int8.tflite"]
    assert "foreign.tflite" in streams.err


def test_the_files_offset_brings_its_five_to_where_a_hand_places_them(
    tmp_path: Path,
) -> None:
    """Two files of one net, measured on the five that its own 68 points imply, moved by a known amount."""
    offset = ((0.01, -0.03), (-0.01, -0.028), (0.0, 0.025), (0.02, -0.012), (-0.02, -0.011))
    image, box = demo_face()
    write_picture(tmp_path / "a.png", image)
    model = open_model(MODEL)
    blank = FaceSample(tmp_path / "a.png", np.zeros((5, 2), np.float32), np.ones(5, bool), box, "tight")
    seen = answer(model.predict, [blank], model.info.crop, progress=False).predicted[0]
    hand = implied_five(seen, offset=offset).astype(np.float32)
    faces = LabelledFaces("own", "all", [replace(blank, keypoints=hand)])
    figures = {}
    for name, five_offset in (("plain", None), ("moved", offset)):
        info = replace(model.info, five_offset=five_offset)
        (tmp_path / f"{name}.tflite").write_bytes(tflite_with_info(MODEL.read_bytes(), info))
        (entry,) = check_labelled([open_model(tmp_path / f"{name}.tflite")], faces).document["files"]
        figures[name] = entry
    assert figures["moved"]["nme"]["inter_pupil"] == pytest.approx(0, abs=1e-3)
    # The hand's eyes lie 0.98 of the implied ones' distance apart.
    expected = 100 * np.linalg.norm(offset, axis=1).mean() / 0.98
    assert figures["plain"]["nme"]["inter_pupil"] == pytest.approx(expected, rel=0.01)
    assert figures["plain"]["groups"]["eyes"]["offset"] == pytest.approx([0, 2.96], abs=0.05)


def test_keypoints_of_no_part_of_a_face_have_no_table_of_parts(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = open_model(MODEL).info
    assert info is not None
    mine = replace(info.scheme, name="mine", names=tuple(map(str, range(68))), lines=())
    file = tmp_path / "mine.tflite"
    file.write_bytes(tflite_with_info(MODEL.read_bytes(), replace(info, scheme=mine)))
    assert check(file, "--data", f"300w:{faces}") == 0
    table = capsys.readouterr().out
    assert "mine.tflite" in table and "by group of keypoints" not in table


def test_groups_and_the_normalizer_asked_for(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = MODEL, "--data", f"300w:{faces}", "--normalizer", "box"
    assert check(*words, "--json") == 0
    (entry,) = printed(capsys)["files"]
    assert entry["normaliser"] == "box"
    assert list(entry["groups"]) == ["jaw", "brows", "nose", "eyes", "mouth", "inner51"]
    assert check(*words) == 0
    table = capsys.readouterr().out
    assert "NME over box in % by group of keypoints" in table
    assert all(f"{group['nme']:.2f}" in table for group in entry["groups"].values())
    assert check(MODEL, "--normalizer", "box") == 2
