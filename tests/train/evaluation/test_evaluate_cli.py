"""`facekp-train evaluate`: what it prints, where, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.common.shipped import default_checkpoint
from facekp_train.evaluation import measure, report
from tests.support.models.train_cli import annotated, command, printed


def test_evaluate_json(photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        command("evaluate", "--model", checkpoints / "68.safetensors", "--data", f"pts:{photos}", "--json")
        == 0
    )
    document = printed(capsys)
    assert list(document)[:7] == ["data", "split", "n", "nme", "failure_rate", "auc", "mse"]
    assert (document["data"], document["split"], document["n"]) == (f"pts:{photos}", "all", 4)
    assert set(document["nme"]) == {"inter_ocular", "inter_pupil", "box"}
    assert {Path(entry["file"]).name for entry in document["skipped"]} == {"x.png", "y.pts"}
    assert document["settings"] == {"boxes": {"tight": 4}, "refine": True}
    assert ["no view of a face" in warning for warning in document["warnings"]] == [True]  # points of chance


def test_evaluate_is_what_the_checkpoint_predicts(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same figure, worked out by hand from the net's answer to one crop."""
    import torch

    from facekp_train.boxes import tight_box_of
    from facekp_train.crop import cut
    from facekp_train.datasets import open_dataset
    from facekp_train.images import read_image
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.networks.keypoint_net import DeployedNet

    model = checkpoints / "68.safetensors"
    checkpoint = load_checkpoint(model)
    sample = next(iter(open_dataset(f"pts:{photos}")))
    rule = checkpoint.header.crop_rule
    square = rule.square(tight_box_of(sample))
    crop = torch.from_numpy(cut(read_image(sample.image), square, rule)).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        answer = DeployedNet(checkpoint.net)(crop)
    points = square.to_image(np.asarray(answer).reshape(68, 2))
    distances = np.linalg.norm(points - sample.keypoints, axis=1)
    eyes = np.linalg.norm(sample.keypoints[36] - sample.keypoints[45])
    assert command("evaluate", "--model", model, "--data", f"pts:{photos}", "--no-refine", "--json") == 0
    # The four photographs are alike.
    assert printed(capsys)["nme"]["inter_ocular"] == pytest.approx(100 * distances.mean() / eyes, rel=1e-4)


def test_every_printed_figure_names_its_normaliser(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = checkpoints / "68.safetensors"
    assert command("evaluate", "--model", model, "--data", f"pts:{photos}", "--verbose") == 0
    streams = capsys.readouterr()
    rows = [
        line
        for line in streams.out.splitlines()
        if "%" in line and any(w in line for w in ("NME", "AUC", "P9"))
    ]
    assert len(rows) == 6
    assert all("inter-ocular" in row or "inter-pupil" in row or "box" in row for row in rows)
    assert "mean error over inter-ocular distance" in streams.out
    assert "2 skipped" in streams.err


def test_evaluate_writes_figures_and_pictures(photos: Path, checkpoints: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    model, folder = checkpoints / "68.safetensors", tmp_path / "report"
    assert command("evaluate", "--model", model, "--data", f"pts:{photos}", "--out", folder) == 0
    assert {p.name for p in folder.iterdir()} == {
        "evaluation.json", "errors.csv", "ced.png", "best.png", "median.png", "worst.png",
    }  # fmt: skip
    assert json.loads((folder / "evaluation.json").read_text())["n"] == 4
    assert len((folder / "errors.csv").read_text().splitlines()) == 5
    for name in ("ced.png", "best.png", "median.png", "worst.png"):
        assert cv2.imread(str(folder / name)).size > 0


@pytest.mark.parametrize(
    ("folder", "code", "sentence"),
    [("afile", 2, "is a file, not a folder"), ("afile/deep", 1, "be written there")],
)
def test_an_unusable_out_is_named_before_the_work(
    folder: str, code: int, sentence: str, photos: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    monkeypatch.setattr(measure, "answer", lambda *_, **__: pytest.fail("it was measured"))
    Path("afile").touch()
    words = "evaluate", "--model", checkpoints / "68.safetensors", "--data", f"pts:{photos}", "--out", folder
    assert command(*words) == code
    assert sentence in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_figures_are_printed_although_the_report_fails(
    photos: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    monkeypatch.setattr(report, "write_text", lambda *_: Path("none/such").touch())
    words = (
        "evaluate",
        "--model",
        checkpoints / "68.safetensors",
        "--data",
        f"pts:{photos}",
        "--out",
        "report",
    )
    assert command(*words) == 1
    assert "NME over inter-ocular distance" in capsys.readouterr().out


def test_faces_for_a_curve_that_is_not_asked_for_are_wrong_usage(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("evaluate", "--data", f"pts:{photos}", "--curve-faces", "9") == 2
    assert "--curve-faces: it changes nothing without --box-jitter or --tilt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.safetensors", "model.safetensors"], "exports is a folder; give exports/model.safetensors"),
        (["last.safetensors", "best.safetensors"], "exports is a folder; give exports/best.safetensors"),
        (["of5.safetensors"], "exports is a folder; give exports/of5.safetensors"),
        ([], "exports is a folder; give a checkpoint, and there is none in it"),
    ],
)
def test_a_folder_in_place_of_a_checkpoint_is_named_with_the_one_inside(
    names: list[str], says: str, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("exports").mkdir()
    for name in names:
        (Path("exports") / name).touch()
    assert command("evaluate", "--model", "exports", "--data", f"pts:{photos}") == 1
    assert capsys.readouterr().err == f"error: {says}\n"


def test_68_points_are_measured_on_five_but_not_the_other_way(
    photos: Path, checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotated(tmp_path / "five", "a", points=5)
    five = f"pts:{tmp_path / 'five'}"
    assert command("evaluate", "--model", checkpoints / "68.safetensors", "--data", five, "--json") == 0
    assert set(printed(capsys)["nme"]) == {"inter_pupil", "box"}
    assert command("evaluate", "--model", checkpoints / "5.safetensors", "--data", f"pts:{photos}") == 1
    assert "the model has 5 keypoints" in capsys.readouterr().err


def test_evaluate_strict_stops(photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = checkpoints / "68.safetensors"
    assert command("evaluate", "--model", model, "--data", f"pts:{photos}", "--strict") == 1
    assert "--strict" in capsys.readouterr().err


def test_evaluate_measures_celeba_on_the_papers_share(
    tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    names = [f"{i:06}.jpg" for i in range(1, 5)]
    for name in names:
        cv2.imwrite(str(folder / name), np.full((218, 178, 3), 80, np.uint8))
    points = "69 109 106 113 77 142 73 152 108 154"
    (tmp_path / "list_landmarks_align_celeba.txt").write_text("".join(f"{name} {points}\n" for name in names))
    parts = "\n".join(f"{name} {part}" for name, part in zip(names, "0122", strict=True))
    (tmp_path / "list_eval_partition.txt").write_text(parts)
    model = checkpoints / "5.safetensors"
    assert command("evaluate", "--model", model, "--data", f"celeba:{tmp_path}", "--json") == 0
    document = printed(capsys)
    assert (document["split"], document["n"]) == ("heldout", 3)
    assert document["warnings"] == ["the split 'heldout' gives 3 faces where CelebA has 39,829"]
    assert document["mse"] > 0
    assert command("data", f"celeba:{tmp_path}", "--json", "--out", tmp_path / "sheet.png") == 0
    surveyed = printed(capsys)
    assert (surveyed["n"], surveyed["points"]) == (4, 5)
    assert surveyed["splits"] == {"train": 1, "validation": 1, "test": 2}
    assert cv2.imread(str(tmp_path / "sheet.png")).size > 0


def test_without_a_model_it_measures_the_shipped_one(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs facekp[train]")
    assert command("evaluate", "--data", f"pts:{photos}", "--json") == 0
    unnamed = printed(capsys)
    assert command("evaluate", "--model", default_checkpoint(), "--data", f"pts:{photos}", "--json") == 0
    assert printed(capsys) == unnamed
