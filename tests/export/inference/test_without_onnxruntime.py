"""The base install has no onnxruntime: .onnx files are named, and what runs .tflite files is as before."""

from __future__ import annotations

import sys

import pytest

from android_bench.engines.plan import plan
from facekp_export.detector import KeypointDetector
from facekp_export.verification.check import check_integrity, find_models
from facekp_train.common.console import UserError
from facekp_train.common.shipped import shipped_models_dir

FOLDER = shipped_models_dir() / "mdp-0.25x"
REMEDY = r"onnxruntime; install it with: pip install 'facekp\[onnx\]'"


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)


def test_a_file_by_itself_is_refused_with_the_remedy() -> None:
    with pytest.raises(UserError, match=REMEDY):
        KeypointDetector.from_export(FOLDER / "model.onnx")
    with pytest.raises(UserError, match=REMEDY):
        plan([FOLDER / "model.onnx"])


def test_of_a_folder_the_others_are_checked_and_measured(capsys: pytest.CaptureFixture[str]) -> None:
    models = find_models(FOLDER)
    assert {model.runtime.path.suffix for model in models} == {".tflite"}
    assert capsys.readouterr().err.count("pip install 'facekp[onnx]'") == 2
    assert check_integrity(models, FOLDER).good
    assert ".onnx" not in {one.path.suffix for one in plan([FOLDER])}
    assert "left out model.onnx, model_int8.onnx: onnxruntime is missing" in capsys.readouterr().err
