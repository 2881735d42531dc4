"""facekp-bench predict: every figure says that it is predicted, and with what error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from android_bench.predict.predict import predict
from android_bench.predict.socs import SOCS
from android_bench.records.documents import read_document
from facekp_train.common.console import UserError
from facekp_train.common.shipped import shipped_models_dir
from tests.support.models.tiny_models import tiny_tflite

Bench = Callable[..., tuple[int, str, str]]


def test_a_shipped_model_by_name_on_one_processor(bench: Bench) -> None:
    code, stdout, _ = bench("predict", "mdp-0.25x", "--soc", "kirin-980")
    lines = stdout.splitlines()
    assert code == 0 and lines[0].strip() == "predicted, not measured"
    assert "predicted ms" in lines[1]
    assert [line.split()[0].rpartition("_")[2] for line in lines[2:6]] == [
        "dynamic.tflite", "float16.tflite", "float32.tflite", "int8.tflite",
    ]  # fmt: skip
    assert "error on those rows" in stdout and "-25% to +15%" in stdout
    assert "nothing has judged these" in stdout and "dynamic range: predicted as float32" in stdout


def test_the_document_holds_every_operator_and_no_name_of_a_measurement(bench: Bench, tmp_path: Path) -> None:
    file = shipped_models_dir() / "mdp-1x" / "model_int8.tflite"
    code, stdout, _ = bench("predict", file, "--json")
    document = json.loads(stdout)
    assert code == 0 and document["predicted"] is True
    assert [entry["soc"] for entry in document["predictions"]] == list(SOCS)
    assert len(document["fit"]["judged"]) == 6
    for entry in document["predictions"]:
        assert entry["precision"] == "int8" and len(entry["operators"]) == 67
        assert entry["predicted_low_ms"] < entry["predicted_ms"] < entry["predicted_high_ms"]
        parts = sum(operator["predicted_ms"] for operator in entry["operators"])
        assert parts == pytest.approx(entry["predicted_net_ms"])
        assert parts + entry["predicted_fixed_ms"] == pytest.approx(entry["predicted_ms"])
        assert all(name.startswith("predicted_") for name in entry if name.endswith("_ms"))
    path = tmp_path / "predicted.json"
    path.write_text(stdout)
    with pytest.raises(UserError, match="facekp-bench-predict/1"):
        read_document(path)


def test_a_net_that_only_adds_costs_little_beyond_the_fixed_part(tmp_path: Path) -> None:
    tiny = predict(tiny_tflite(tmp_path / "a.tflite"), SOCS["kirin-980"])
    assert tiny.macs == 0 and not tiny.int8 and not tiny.dynamic
    assert 0 < tiny.net_ms < 0.001 < tiny.fixed_ms


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("m.tflite", "--soc", "kirin"), 2, "'kirin' is not one of kirin-960, snapdragon-855, kirin-980"),
        (("gone.tflite",), 1, "no such file or folder"),
        (("m.onnx",), 1, "only a .tflite file is predicted"),
        (("empty",), 1, "no .tflite file in this folder"),
        (("m.tflite",), 1, "it is not a TFLite file"),
    ],
)
def test_what_cannot_be_predicted_is_said(
    words: tuple[str, ...],
    code: int,
    said: str,
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("m.onnx").write_bytes(b"x")
    Path("m.tflite").write_bytes(b"no such thing")
    found, _, stderr = bench("predict", *words)
    assert found == code
    assert said in " ".join(stderr.replace("│", " ").split())
