"""`facekp-train data` and `evaluate`: what they print, where, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facekp_train.cli import app
from facekp_train.console import run
from facekp_train.datasets import aflw_mat


def command(*words: str | Path) -> int:
    """Run `facekp-train` in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        run(app, [str(word) for word in words])
    return int(ended.value.code or 0)


def ring(points: int) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.column_stack([60 + 30 * np.cos(turn), 50 + 30 * np.sin(turn)])


def annotated(folder: Path, name: str, points: int = 68, middle: float = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), np.full((100, 120, 3), 80, np.uint8))
    rows = "\n".join(f"{x + 1 + middle} {y + 1}" for x, y in ring(points).tolist())
    (folder / f"{name}.pts").write_text(f"version: 1\nn_points: {points}\n{{\n{rows}\n}}\n")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four good faces, one broken photograph and one broken annotation."""
    folder = tmp_path / "photos"
    for name in "abcdxy":
        annotated(folder, name)
    (folder / "x.png").write_bytes(b"\x89PNG no more")
    (folder / "y.pts").write_text("version: 1")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained nets, as NAME.safetensors by their number of keypoints."""
    torch = pytest.importorskip("torch", reason="needs facekp[train]")
    from facekp_train.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks import NetConfig, build_net

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints")
    for points in (5, 19, 68):
        config = NetConfig.model_validate({"points": points, "widths": [8] * 16})
        header = CheckpointHeader.model_validate({"net": config})
        save_checkpoint(folder / f"{points}.safetensors", build_net(config), header)
    return folder


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    return json.loads(capsys.readouterr().out)


# data


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
    assert command("data", f"pts:{photos}") == 0
    assert "photos_sheet.png" in capsys.readouterr().out
    sheet = cv2.imread("photos_sheet.png")
    # Four tiles in a row; grey photographs, so that every colour on them is drawn.
    assert sheet.shape[1] > 3 * sheet.shape[0]
    assert (np.ptp(sheet, axis=2) > 50).sum() > 4 * 68
    assert command("data", f"pts:{photos}", "--out", "deep/other.jpg") == 0
    assert Path("deep/other.jpg").is_file()


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
    assert "  ... and 37 more: no .pts file lies beside it" in lines
    assert any("x.png: not an image" in line for line in lines)
    assert len(lines) < 12


def test_data_strict_stops_with_one_sentence(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", f"pts:{photos}", "--strict", "--json") == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "x.png" in streams.err
    assert "Traceback" not in streams.err
    assert not Path("photos_sheet.png").exists()


def test_data_without_a_usable_face_fails(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcd":
        (photos / f"{name}.png").write_bytes(b"")
    assert command("data", f"pts:{photos}", "--json") == 1
    streams = capsys.readouterr()
    document = json.loads(streams.out)
    assert (document["n"], document["points"], document["sheet"]) == (0, None, None)
    assert "no face that can be used; 6 were skipped" in streams.err


def test_data_warns_of_annotations_of_another_photograph(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotated(photos, "far", middle=500)
    assert command("data", f"pts:{photos}", "--json") == 0
    assert "far.png: the face's centre (560, 50) lies outside" in printed(capsys)["warnings"][0]


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


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["data", "webcam:x"], 2, "FORMAT:PATH"),
        (["data", "pts:photos", "--split", "test"], 2, "no split 'test'"),
        (["data", "pts:gone"], 1, "gone does not exist"),
        (["data", "mtfl:photos"], 1, "trainImageList.txt is missing"),
        (["data", "pts:photos", "--out", "sheet.docx"], 1, "sheet.docx"),
        (["data"], 2, "Missing argument"),
        (["evaluate", "--model", "gone.safetensors", "--data", "pts:photos"], 1, "gone.safetensors"),
        (["evaluate", "--model", "a.tflite", "--data", "pts:photos"], 1, "facekp-export check a.tflite"),
        (["evaluate", "--model", "a.onnx", "--data", "pts:photos"], 1, "facekp-export check a.onnx"),
        (["evaluate", "--model", "a.safetensors", "--data", "photos"], 2, "FORMAT:PATH"),
        (["evaluate", "--model", "a.safetensors", "--data", "pts:photos", "--boxes", "mine"], 2, "listed"),
        (["evaluate", "--model", "a.safetensors", "--data", "pts:photos", "--batch", "0"], 2, "batch"),
        (["evaluate", "--model", "photos/a.pts", "--data", "pts:photos"], 1, "safetensors"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_and_failures(
    photos: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert command(*words) == code
    streams = capsys.readouterr()
    assert message in " ".join(streams.err.split())
    assert "Traceback" not in streams.err
    assert not Path("sheet.docx").exists()


# evaluate


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


def test_evaluate_is_what_the_checkpoint_predicts(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same figure, worked out by hand from the net's answer to one crop."""
    import torch

    from facekp_train.boxes import tight_box_of
    from facekp_train.checkpoint import load_checkpoint
    from facekp_train.crop import cut
    from facekp_train.datasets import open_dataset
    from facekp_train.networks import DeployedNet
    from facekp_train.samples import read_image

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
        "evaluation.json", "errors.csv", "ced.png", "best.png", "worst.png",
    }  # fmt: skip
    assert json.loads((folder / "evaluation.json").read_text())["n"] == 4
    assert len((folder / "errors.csv").read_text().splitlines()) == 5
    for name in ("ced.png", "best.png", "worst.png"):
        assert cv2.imread(str(folder / name)).size > 0


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
    from facekp_train import table_row

    here = {"common": 2, "challenging": 1, "full": 3}
    table = replace(table_row.TABLES["300w"], faces=here)
    monkeypatch.setitem(table_row.TABLES, "300w", table)
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


def test_evaluate_prints_a_row_of_table_2(
    tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scipy_io = pytest.importorskip("scipy.io", reason="needs facekp[train]")
    monkeypatch.setattr(aflw_mat, "_TRAIN_FACES", 4)
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
    words = ["evaluate", "--model", str(checkpoints / "19.safetensors"), "--data", f"aflw:{tmp_path}"]
    assert command(*words, "--json") == 0
    document = printed(capsys)
    assert (document["split"], document["normaliser"]) == ("full", "face_box")
    assert {split: figures["n"] for split, figures in document["splits"].items()} == {"frontal": 2, "full": 3}
    assert document["settings"]["boxes"] == {"aflw": 3}
    assert command(*words) == 0
    assert "NME over the data set's face box's size" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert command("data", f"aflw:{tmp_path}", "--json") == 0
    surveyed = printed(capsys)
    assert (surveyed["splits"], surveyed["points"]) == ({"train": 4, "full": 3}, 19)
    assert "gives 3 testing faces, not 4,386" in surveyed["warnings"][0]
    assert Path(surveyed["sheet"]).is_file()


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
    assert document["mse"] > 0
    assert command("data", f"celeba:{tmp_path}", "--json", "--out", tmp_path / "sheet.png") == 0
    surveyed = printed(capsys)
    assert (surveyed["n"], surveyed["points"]) == (4, 5)
    assert surveyed["splits"] == {"train": 1, "validation": 1, "test": 2}
    assert cv2.imread(str(tmp_path / "sheet.png")).size > 0


# The program


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"], ["evaluate", "-h"]], ids=" ".join)
def test_help_needs_nothing_heavy(words: list[str]) -> None:
    """That is how it answers at once."""
    program = (
        "import sys\nfrom facekp_train.cli import app\nfrom facekp_train.console import run\n"
        f"try:\n    run(app, {words!r})\nfinally:\n"
        "    heavy = {'torch', 'cv2', 'numpy', 'matplotlib', 'lightning_fabric'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert "heavy: []" in done.stderr


def test_module_runs_as_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "facekp_train", "data", "webcam:x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "FORMAT:PATH" in done.stderr


@pytest.mark.parametrize(
    "module", ["landmarks", "crop", "samples", "metrics", "boxes", "evaluate", "datasets"]
)
def test_light_modules_stay_light(module: str) -> None:
    program = f"import sys, facekp_train.{module}; print({{'torch', 'tensorflow'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
