"""`--limit N`: so many faces of each list, spread over it, wherever faces are read; and it is said."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
import typer

from facekp_export.cli import app as export_app
from facekp_export.verification.labelled import LabelledFaces
from facekp_train.cli import app
from facekp_train.common.console import UserError, run
from facekp_train.datasets import Dataset, open_dataset
from facekp_train.pipeline.settings import load_pipeline
from facekp_train.training.data import FaceSettings, load_training_data, samples_of
from facekp_train.training.provenance import faces_fingerprint
from tests.support.models.train_cli import annotated, command, printed


@pytest.fixture
def ten(tmp_path: Path) -> str:
    for number in range(10):
        annotated(tmp_path / "ten", f"p{number}", middle=number)
    return f"pts:{tmp_path / 'ten'}"


def names(faces: list[str]) -> list[str]:
    return [Path(name).stem for name in faces]


def test_faces_are_spread_over_the_list_and_that_is_said(ten: str) -> None:
    dataset = open_dataset(ten, limit=4)
    for _ in range(2):
        assert names([str(sample.image) for sample in dataset]) == ["p0", "p3", "p6", "p9"]
        assert dataset.warnings[-1] == "--limit: 4 of 10 faces, spread over the list"
    whole = open_dataset(ten, limit=10)
    assert len(list(whole)) == 10
    assert not any("--limit" in warning for warning in whole.warnings)


def test_whoever_reads_faces_reads_so_many(ten: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(samples_of([ten, ten], None, [], limit=3))) == 6
    assert len(LabelledFaces.of(open_dataset(ten, limit=3)).samples) == 3
    settings = FaceSettings(data=[ten], limit=4, size=32)
    faces = load_training_data(settings)
    assert faces.train.size + faces.validation.size == 4
    assert "--limit: 4 of 10 faces" in capsys.readouterr().err
    assert faces_fingerprint(settings) != faces_fingerprint(FaceSettings(data=[ten]))


def test_data_and_evaluate(ten: str, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("data", ten, "--limit", "3", "--json") == 0
    document = printed(capsys)
    assert document["n"] == 3
    assert any("3 of 10 faces" in warning for warning in document["warnings"])
    model = checkpoints / "68.safetensors"
    assert command("evaluate", "--model", model, "--data", ten, "--limit", "3", "--json") == 0
    document = printed(capsys)
    assert document["n"] == 3
    assert any("3 of 10 faces" in warning for warning in document["warnings"])


def test_label(ten: str, checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "labels.json"
    words = ("label", "--model", checkpoints / "68.safetensors", "--data", ten, "--out", out)
    assert command(*words, "--limit", "2") == 0
    assert len(json.loads(out.read_text())["annotations"]) == 2
    assert "2 of 10 faces" in capsys.readouterr().err


def test_a_pipelines_faces(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("shared: {data: [mtfl:x], limit: 9}\nteacher: {}\n")
    for given, meant in ((None, 9), (4, 4)):
        pipeline = load_pipeline(file, limit=given)
        assert pipeline.recipe(pipeline.student).limit == meant


def test_an_exports_calibration_and_its_layers(
    ten: str, checkpoints: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`--limit` is of --calibration alone where there is no --data."""
    pytest.importorskip("onnx")
    counted: list[int] = []

    def stop(*words: object, calibration: Dataset | None = None, **_: object) -> None:
        dataset = calibration if calibration is not None else words[0]
        assert isinstance(dataset, Dataset)
        counted.append(len(list(dataset)))
        raise UserError("counted")

    monkeypatch.setattr("facekp_export.export.export_model", stop)
    monkeypatch.setattr("facekp_export.quantization.calibration.crop_sets", stop)
    net = str(checkpoints / "68.safetensors")
    for words in (
        ["--model", net, "--calibration", ten, "--limit", "7", "--out", str(tmp_path / "out")],
        ["layers", net, "--data", ten, "--limit", "6"],
    ):
        with pytest.raises(SystemExit) as ended:
            run(export_app, words)
        assert ended.value.code == 1
    assert counted == [7, 6]


@pytest.mark.parametrize("words", [["--limit", "3"], ["layers", "--limit", "3"]])
def test_a_limit_of_no_faces_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(export_app, words)
    assert ended.value.code == 2
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["data", "evaluate", "fit", "label", "distill", "prune", "quantize-aware", "run", "study"]
)
def test_every_command_takes_it_and_refuses_none_at_all(
    name: str, ten: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (known,) = [each for each in app.registered_commands if _called(each) == name]
    assert known.callback and "limit" in inspect.signature(known.callback).parameters
    words = {"data": [ten], "run": ["p.yaml"], "study": []}.get(name, ["--data", ten, "--model", "m"])
    assert command(name, *(words if name != "fit" else ["--data", ten]), "--limit", "0") == 2
    assert "--limit" in capsys.readouterr().err


def _called(known: typer.models.CommandInfo) -> str:
    return known.name or getattr(known.callback, "__name__", "")
