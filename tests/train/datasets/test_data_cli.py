"""`facekp-train data`: what it prints, where, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.models.train_cli import annotated, command, printed, ring


def test_data_json(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", f"pts:{photos}", "--json") == 0
    document = printed(capsys)
    assert (document["data"], document["n"], document["points"]) == (f"pts:{photos}", 4, 68)
    assert document["splits"] == {"all": 4}
    assert {Path(entry["file"]).name for entry in document["skipped"]} == {"x.png", "y.pts"}
    assert all(entry["reason"] for entry in document["skipped"])


def test_data_draws_the_keypoints_on_a_contact_sheet(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("data", f"pts:{photos}", "--out", "sheet.png") == 0
    assert (
        "left keypoints green, right magenta, others white, hidden red: sheet.png" in capsys.readouterr().out
    )
    sheet = cv2.imread("sheet.png")
    # Four tiles in a row; gray photographs, so that every color on them is drawn.
    assert sheet.shape[1] > 3 * sheet.shape[0]
    assert (np.ptp(sheet, axis=2) > 50).sum() > 4 * 68
    assert command("data", f"pts:{photos}", "--out", "deep/other.jpg") == 0
    assert Path("deep/other.jpg").is_file()


def test_a_picture_is_written_only_where_it_was_asked_for(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(Path().rglob("*"))
    for more in ((), ("--json",)):
        assert command("data", f"pts:{photos}", *more) == 0
    assert set(Path().rglob("*")) == before
    streams = capsys.readouterr()
    assert json.loads(streams.out[streams.out.index("{") :])["sheet"] is None
    assert "--out sheet.png draws some faces" in streams.err


def test_data_names_what_was_left_out_on_stderr(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", f"pts:{photos}") == 0
    streams = capsys.readouterr()
    assert "2 skipped" in streams.err
    assert "x.png: not an image" in streams.err.replace("\n", "")
    assert "4 faces, 68 keypoints each" in streams.out


def test_data_names_a_file_once_in_each_sentence(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", f"pts:{photos}", "--json") == 0
    document = printed(capsys)
    assert not any(str(photos) in entry["reason"] for entry in document["skipped"])
    assert command("data", f"pts:{photos}", "--strict") == 1
    assert capsys.readouterr().err.count("x.png") == 1


def test_many_photographs_without_annotation_do_not_hide_the_damaged_one(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(40):
        (photos / f"0{i}.jpg").touch()
    assert command("data", f"pts:{photos}", "--json") == 0
    assert len(printed(capsys)["skipped"]) == 42
    assert command("data", f"pts:{photos}") == 0
    lines = capsys.readouterr().err.splitlines()
    assert "42 skipped:" in lines
    (unmarked,) = (line for line in lines if "no .pts file lies beside it" in line)
    assert unmarked.startswith("  40 times no .pts file lies beside it: ") and unmarked.endswith(
        " and 37 more"
    )
    assert unmarked.count(".jpg") == 3
    assert any("x.png: not an image" in line for line in lines)
    assert len(lines) < 12


def test_data_strict_stops_with_one_sentence(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", f"pts:{photos}", "--strict", "--json") == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "x.png" in streams.err
    assert "Traceback" not in streams.err
    assert not list(Path().glob("*.png"))


def test_data_without_a_usable_face_fails(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcd":
        (photos / f"{name}.png").write_bytes(b"")
    assert command("data", f"pts:{photos}", "--json") == 1
    streams = capsys.readouterr()
    document = json.loads(streams.out)
    assert (document["n"], document["points"], document["sheet"]) == (0, None, None)
    assert "no face that can be used; 6 were skipped, first " in streams.err


def test_a_sheet_that_cannot_be_written_is_said_before_anything_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("data", "pts:nowhere", "--out", "sheet.xyz") == 1
    assert "no picture can be written as '.xyz'; end the name in .png or .jpg" in capsys.readouterr().err


def test_a_reason_that_all_share_is_said_once(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcd":
        (photos / f"{name}.png").write_bytes(b"")
    assert command("data", f"pts:{photos}") == 1
    said = capsys.readouterr().err
    reasons = [line.partition(": ")[0] for line in said.splitlines() if " times " in line]
    assert len(reasons) == len(set(reasons)) == 1
    assert said.splitlines()[-1] == f"error: pts:{photos} has no face that can be used; 6 skipped"


def test_data_warns_of_annotations_of_another_photograph(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotated(photos, "beside", middle=70)
    annotated(photos, "far", middle=500)
    assert command("data", f"pts:{photos}", "--json") == 0
    survey = printed(capsys)
    assert "beside.png: the face's center (130, 50) lies outside" in survey["warnings"][0]
    far = next(entry["reason"] for entry in survey["skipped"] if entry["file"].endswith("far.png"))
    assert "all of its keypoints lie outside the photograph of 120 x 100" in far


def test_data_counts_every_part_of_300w_or_one_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "300w"
    for part, count in (("afw", 2), ("helen/testset", 1), ("ibug", 3)):
        for i in range(count):
            annotated(root / part, f"{i}")
    assert command("data", f"300w:{root}", "--json") == 0
    document = printed(capsys)
    assert document["splits"] == {"train": 2, "common": 1, "challenging": 3}
    assert document["n"] == 6
    assert "lfpw/trainset is missing: 811 faces of the standard list" in document["warnings"]
    assert command("data", f"300w:{root}", "--split", "full", "--json") == 0
    assert printed(capsys)["n"] == 4


def test_data_of_a_part_that_is_missing_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    annotated(tmp_path / "300w" / "ibug", "a")
    assert command("data", f"300w:{tmp_path / '300w'}", "--json") == 0
    document = printed(capsys)
    assert document["splits"] == {"challenging": 1}
    assert any("no split 'train'" in warning for warning in document["warnings"])


def test_boxes_without_a_mapping_are_warned_of_and_named_where_they_leave_no_face(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = [value for x, y in ring(68).tolist() for value in (x, y, 2)]
    face = {"image_id": 1, "keypoints": marks, "bbox": [30, 20, 60, 60], "box_source": "retina"}
    document = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [face]}
    (photos / "x.json").write_text(json.dumps(document))
    assert command("data", f"coco:{photos / 'x.json'}") == 0
    streams = capsys.readouterr()
    assert ": 1 face, 68 keypoints\n" in streams.out
    assert "warning: boxes of 'retina' have no mapping" in streams.err and "--boxes tight" in streams.err
    words = "evaluate", "--model", checkpoints / "68.safetensors", "--data", f"coco:{photos / 'x.json'}"
    assert command(*words) == 1
    ended = capsys.readouterr().err
    assert "gave no face to measure; 1 was skipped, " in ended
    assert "a.png: no box mapping is called 'retina'" in ended
    assert command(*words, "--boxes", "tight") == 0
    assert ": 1 face, 68 keypoints\n" in capsys.readouterr().out
