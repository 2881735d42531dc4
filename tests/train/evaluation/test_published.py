"""`facekp-train evaluate` without a split: rows of the paper's tables 1 and 2."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.datasets.published import aflw_mat
from facekp_train.evaluation.published import TABLES
from tests.support.models.train_cli import annotated, command, printed, ring


@pytest.fixture
def w300(tmp_path: Path) -> Path:
    """Faces of three of 300W's folders; shapes differ, so that splits have different figures."""
    root = tmp_path / "300w"
    for folder, name, middle in (("helen/testset", "a", 0), ("helen/testset", "b", 9), ("ibug", "c", 25)):
        annotated(root / folder, name, middle=middle)
    annotated(root / "afw", "not-for-testing")
    return root


def test_evaluate_prints_a_row_of_table_1(
    w300: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --split: every split's figures, the same as each alone has, from one pass."""
    words = ["evaluate", "--model", str(checkpoints / "68.safetensors"), "--data", f"300w:{w300}"]
    assert command(*words, "--json") == 0
    document = printed(capsys)
    assert list(document)[:7] == ["data", "split", "n", "nme", "failure_rate", "auc", "mse"]
    assert (document["split"], document["n"]) == ("full", 3)
    assert {split: figures["n"] for split, figures in document["splits"].items()} == {
        "common": 2, "challenging": 1, "full": 3,
    }  # fmt: skip
    for split, figures in document["splits"].items():
        assert command(*words, "--split", split, "--json") == 0
        alone = printed(capsys)
        assert "splits" not in alone
        assert figures == {field: alone[field] for field in figures}
        assert list(figures) == ["n", "nme", "failure_rate", "auc", "mse"]
    assert command(*words) == 0
    table = capsys.readouterr().out
    (line,) = [line for line in table.splitlines() if "inter-pupil distance" in line and "NME" not in line]
    values = [f"{document['splits'][split]['nme']['inter_pupil']:.2f}" for split in document["splits"]]
    assert [value for value in values if value in line] == values
    assert "common (2)" in table
    # Three faces do not compare with the paper's 689.
    assert "paper" not in table


def test_a_split_without_a_face_is_left_open(
    w300: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (w300 / "helen" / "testset").iterdir():
        file.unlink()
    words = ["evaluate", "--model", str(checkpoints / "68.safetensors"), "--data", f"300w:{w300}"]
    assert command(*words, "--json") == 0
    assert printed(capsys)["splits"]["common"] is None
    assert command(*words) == 0
    assert "common (0)" in capsys.readouterr().out


def test_the_papers_figures_stand_beside_the_same_faces_alone(
    w300: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from facekp_train.evaluation import published

    here = {"common": 2, "challenging": 1, "full": 3}
    table = replace(published.TABLES["300w"], faces=here)
    monkeypatch.setitem(published.TABLES, "300w", table)
    words = ["evaluate", "--model", str(checkpoints / "68.safetensors"), "--data", f"300w:{w300}"]
    assert command(*words) == 0
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if "the paper's 0.25X, inter-pupil" in line]
    assert all(value in line for value in ("3.36", "6.78", "3.98"))
    assert "Appl. Sci. 2024, 14, 7153, table 1" in text


def test_evaluate_writes_the_row_too(w300: Path, checkpoints: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    model, folder = checkpoints / "68.safetensors", tmp_path / "report"
    assert command("evaluate", "--model", model, "--data", f"300w:{w300}", "--out", folder) == 0
    assert set(json.loads((folder / "evaluation.json").read_text())["splits"]) == {
        "common",
        "challenging",
        "full",
    }


@pytest.fixture
def aflw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AFLW's list of 19 keypoints with three test faces, the left eye of one of them hidden."""
    scipy_io = pytest.importorskip("scipy.io", reason="needs facekp[train]")
    monkeypatch.setattr(aflw_mat, "TRAIN_FACES", 4)
    count = 7
    cv2.imwrite(str(tmp_path / "a.png"), np.full((100, 120, 3), 80, np.uint8))
    names = np.empty((count, 1), object)
    names[:, 0] = "a.png"
    mask = np.ones((count, 19))
    mask[5, 7] = 0
    data = np.tile(ring(19).T.ravel(), (count, 1)) + np.arange(count)[:, None] / 1e4
    content = {
        "nameList": names, "data": data, "mask_new": mask, "ra": np.arange(count) + 1.0,
        "bbox": np.tile([20.0, 100.0, 10.0, 90.0], (count, 1)),
    }  # fmt: skip
    scipy_io.savemat(tmp_path / "AFLWinfo_release.mat", content)
    return tmp_path


def test_evaluate_prints_a_row_of_table_2(
    aflw: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", "--model", str(checkpoints / "19.safetensors"), "--data", f"aflw:{aflw}"]
    assert command(*words, "--json") == 0
    document = printed(capsys)
    assert (document["split"], document["normaliser"]) == ("full", "face_box")
    assert {split: figures["n"] for split, figures in document["splits"].items()} == {"frontal": 2, "full": 3}
    assert document["settings"]["boxes"] == {"aflw": 3}
    assert command(*words) == 0
    assert "NME over the data set's face box's size" in capsys.readouterr().out
    monkeypatch.chdir(aflw)
    assert command("data", f"aflw:{aflw}", "--json", "--out", "sheet.png") == 0
    surveyed = printed(capsys)
    assert (surveyed["splits"], surveyed["points"]) == ({"train": 4, "full": 3}, 19)
    assert any("gives 3 testing faces, not 4,386" in warning for warning in surveyed["warnings"])
    assert Path(surveyed["sheet"]).is_file()


def test_a_68_point_model_is_measured_on_aflws_five_and_not_beside_the_paper(
    aflw: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLES, "aflw", replace(TABLES["aflw"], faces={"full": 3}))
    data = ["--data", f"aflw:{aflw}"]
    assert command("evaluate", "--model", checkpoints / "19.safetensors", *data) == 0
    assert "the paper's" in capsys.readouterr().out
    words = ["evaluate", "--model", checkpoints / "68.safetensors", *data]
    assert command(*words) == 0
    text = capsys.readouterr().out
    assert "keypoints: 5, those that the model's 68 and the data's 19 both imply" in text
    assert "NME over the data set's face box's size" in text
    assert "the paper's" not in text
    assert command(*words, "--json", "--by", "turn") == 0
    document = printed(capsys)
    assert (document["points"], document["normaliser"]) == (5, "face_box")
    assert {split: figures["n"] for split, figures in document["splits"].items()} == {"frontal": 2, "full": 3}
    assert document["settings"]["keypoints"] == {"model": 68, "data": 19, "compared": 5}
    assert len(document["per_landmark"]) == 5
    assert sum(group["n"] for group in document["by"]["turn"].values()) == 3
