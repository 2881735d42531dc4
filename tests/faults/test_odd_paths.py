"""Names with spaces, quotes, shell characters and other alphabets: every command takes them as they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from facekp_export import cli as export_cli
from facekp_export.demo import demo_photo
from facekp_train.common.console import run
from facekp_train.common.shipped import shipped_models_dir
from tests.support.models.detect_cli import call
from tests.support.models.train_cli import command, printed

ODD = """it's "a" $(face) [1] {x} %20 & näh: 顔 *"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of that name with a photograph and an export of that name."""
    folder = tmp_path / ODD
    folder.mkdir()
    shutil.copyfile(demo_photo(), folder / f"{ODD}.png")
    shutil.copytree(shipped_models_dir() / "mdp-0.25x", folder / "export")
    return folder


def test_detect(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = folder / "export" / "model_int8.tflite"
    drawn = folder / f"{ODD} drawn.png"
    assert call(folder / f"{ODD}.png", "--model", model, "--out", drawn, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["image"] == str(folder / f"{ODD}.png")
    assert len(document["faces"]) == 1 and drawn.is_file()


def test_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="needs facekp[train]")
    with pytest.raises(SystemExit) as stop:
        run(export_cli.app, ["check", str(folder / "export"), "--json"])
    assert stop.value.code == 0
    assert {entry["file"] for entry in json.loads(capsys.readouterr().out)["files"]} >= {"model_int8.tflite"}


def test_bench(folder: Path, bench: Callable[..., tuple[int, str, str]]) -> None:
    model = folder / "export" / "model_int8.tflite"
    result = folder / f"{ODD}.json"
    code, stdout, _ = bench(
        "--models", model, "--min-runs", "3", "--min-seconds", "0", "--out", result, "--json"
    )
    assert code == 0
    assert json.loads(result.read_text()) == json.loads(stdout)
    assert json.loads(stdout)["records"][0]["model"] == str(model)


def test_evaluate_and_data(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # In the name of a data set, what follows an @ is a list in it.
    moved = shutil.copytree(photos, tmp_path / ODD)
    model = shutil.copyfile(shipped_models_dir() / "mdp-0.25x" / "model.safetensors", moved / "m.safetensors")
    assert (
        command("evaluate", "--model", model, "--data", f"pts:{moved}", "--json", "--out", moved / ODD) == 0
    )
    assert printed(capsys)["n"] == 4
    assert (moved / ODD / "worst.png").is_file()
    assert command("data", f"pts:{moved}", "--json", "--out", moved / f"{ODD}.png") == 0
    assert printed(capsys)["n"] == 4
