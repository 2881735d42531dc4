"""facekp-bench from end to end, on models of one operator, with true measuring processes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from android_bench.host.bench import bench_models
from android_bench.records.record import Document, Record
from android_bench.timing import StopRule
from tests.support.models.tiny_models import tiny_onnx, tiny_tflite

QUICK = ("--min-runs", "5", "--min-seconds", "0")
QUICK_RULE = StopRule(5, 0)
needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnx") is None, reason="makes an ONNX file with the package onnx (extra export)"
)


def only(records: Sequence[Record]) -> Record:
    (record,) = records
    return record


def test_a_record_is_complete_and_agrees_with_its_own_samples(
    tmp_path: Path, bench: Callable[..., tuple[int, str, str]]
) -> None:
    path = tiny_tflite(tmp_path / "add.tflite", (1, 300_000))
    code, stdout, _ = bench("--device", "cpu", "--models", path, "--min-seconds", "0.3", "--json")
    assert code == 0
    record = only(Document.model_validate_json(stdout).records)
    assert (record.valid, record.runtime, record.device, record.threads) == (True, "litert", "cpu", 1)
    assert record.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert record.bytes == path.stat().st_size
    assert record.runtime_version
    assert [(i.name, i.shape, i.dtype) for i in record.inputs] == [
        ("a", [1, 300_000], "float32"),
        ("b", [1, 300_000], "float32"),
    ]
    samples = np.array(record.samples_ms)
    assert len(samples) >= 50
    assert samples.sum() >= 300
    assert record.p50_ms == pytest.approx(np.percentile(samples, 50))
    assert record.p95_ms == pytest.approx(np.percentile(samples, 95))
    assert record.warmup_runs >= 20
    assert record.first_ms is not None
    assert record.first_ms > 0


def test_names_are_not_folded_in_a_pipe(tmp_path: Path, bench: Callable[..., tuple[int, str, str]]) -> None:
    path = tiny_tflite(tmp_path / f"{'long_' * 20}name.tflite")
    code, stdout, _ = bench("--models", path, *QUICK)
    assert code == 0
    assert path.name in stdout and "fastest" in stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the rise in memory is read from /proc")
def test_memory_counts_the_model_and_not_the_interpreter(tmp_path: Path) -> None:
    small = tiny_tflite(tmp_path / "small.tflite", (1, 8))
    large = tiny_tflite(tmp_path / "large.tflite", (1, 5_000_000))
    records = bench_models([small, large], rule=QUICK_RULE, warmup=0)
    rises = [record.memory_increase_mb for record in records]
    assert rises[0] is not None
    assert rises[1] is not None
    # Three float32 tensors, and the two arrays that fill the inputs.
    assert 60 <= rises[1] - rises[0] <= 130
    assert all(
        r.peak_memory_mb and r.memory_increase_mb and r.peak_memory_mb > r.memory_increase_mb for r in records
    )


def test_foreign_tflite_files_with_odd_inputs(tmp_path: Path) -> None:
    tiny_tflite(tmp_path / "int32.tflite", (2, 3), "INT32")
    tiny_tflite(tmp_path / "scalar.tflite", ())
    tiny_tflite(tmp_path / "open.tflite", (1, 4), open_batch=True)
    (tmp_path / "notes.txt").write_text("not a model")
    (tmp_path / "folder.onnx").mkdir()
    records = {Path(r.model).name: r for r in bench_models([tmp_path], rule=QUICK_RULE)}
    assert list(records) == ["int32.tflite", "open.tflite", "scalar.tflite"]
    assert all(record.valid for record in records.values())
    assert all((record.name, record.kind) == (None, None) for record in records.values())
    assert records["int32.tflite"].inputs[0].dtype == "int32"
    assert records["scalar.tflite"].inputs[0].shape == []
    assert any("open" in warning for warning in records["open.tflite"].warnings)
    assert not any("open" in warning for warning in records["scalar.tflite"].warnings)


@needs_onnx
def test_foreign_onnx_files_with_odd_inputs(tmp_path: Path) -> None:
    tiny_onnx(tmp_path / "float.onnx")
    tiny_onnx(tmp_path / "ids.onnx", ("batch", 7), "INT64")
    tiny_onnx(tmp_path / "scalar.onnx", ())
    records = {Path(r.model).stem: r for r in bench_models([tmp_path], rule=QUICK_RULE)}
    assert all(record.valid for record in records.values())
    assert {record.runtime for record in records.values()} == {"onnxruntime"}
    assert records["ids"].inputs[0].shape == [1, 7]
    assert any("open" in warning for warning in records["ids"].warnings)


@needs_onnx
def test_every_file_is_measured_with_every_number_of_threads(
    tmp_path: Path, bench: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever else this machine does meanwhile: several threads have no clock that it leaves alone.
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    monkeypatch.setattr("android_bench.host.verdict.RESTLESS", float("inf"))
    many = (os.cpu_count() or 1) + 1
    tiny_tflite(tmp_path / "a.tflite")
    tiny_onnx(tmp_path / "b.onnx")
    words = ("--models", tmp_path, "--models", tmp_path / "a.tflite", "--threads", f"1,{many}", *QUICK)
    table, document = tmp_path / "out" / "table.md", tmp_path / "out" / "records.json"
    code, stdout, _ = bench(*words, "--markdown", table, "--out", document)
    assert code == 0
    assert "a.tflite" in stdout
    assert "onnxruntime" in stdout
    records = Document.model_validate_json(document.read_text()).records
    assert [(Path(r.model).name, r.threads) for r in records] == [
        ("a.tflite", 1), ("b.onnx", 1), ("a.tflite", many), ("b.onnx", many),
    ]  # fmt: skip
    for record in records:
        assert any("threads" in warning for warning in record.warnings) == (record.threads == many)
    assert table.read_text().count("\n| ") == 6


def test_usage_errors_exit_with_2(bench: Callable[..., tuple[int, str, str]]) -> None:
    for words, says in (
        (("--device", "tpu"), "tpu"),
        (("--device", "tpu"), "gpu"),
        (("--runtime", "tvm"), "tvm"),
        (("--threads", "0"), "1024"),
        (("--threads", "1,two"), "two"),
        (("--threads", "1,,2"), "commas"),
        (("--min-runs", "0"), "min-runs"),
        (("--nonsense",), "nonsense"),
    ):
        code, stdout, stderr = bench(*words)
        assert (code, stdout) == (2, ""), words
        assert says in stderr


def test_what_cannot_be_measured_is_said_in_one_sentence(
    tmp_path: Path, bench: Callable[..., tuple[int, str, str]]
) -> None:
    good = tiny_tflite(tmp_path / "good.tflite")
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.pt").write_bytes(b"PK")
    for words, says in (
        (("--models", tmp_path / "gone.onnx"), "no such file"),
        (("--models", tmp_path / "empty"), "no .onnx"),
        (("--models", tmp_path / "model.pt"), "ends in"),
        (("--models", good, "--runtime", "onnxruntime"), "none of the files"),
        (("--models", good, "--markdown", tmp_path), "is a folder"),
        (("--models", good, "--out", good / "x.json"), "cannot be written"),
    ):
        code, stdout, stderr = bench(*words)
        assert (code, stdout) == (1, ""), words
        assert says in stderr
        assert stderr.startswith("error: ")
        assert stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["bad.tflite", "bad.onnx", "cut.tflite"])
def test_a_damaged_model_is_an_error_and_an_invalid_record(
    name: str, tmp_path: Path, bench: Callable[..., tuple[int, str, str]]
) -> None:
    path = tmp_path / name
    whole = tiny_tflite(tmp_path / "whole.tflite").read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if name == "cut.tflite" else b"no model at all")
    code, stdout, stderr = bench("--models", path)
    assert (code, stdout) == (1, "")
    assert stderr.count("\n") == 1
    assert "cannot open it" in stderr
    code, stdout, _ = bench("--models", path, "--json")
    record = only(Document.model_validate_json(stdout).records)
    assert (code, record.valid, record.samples_ms) == (1, False, [])


def test_a_bad_file_does_not_spoil_the_good_one(
    tmp_path: Path, bench: Callable[..., tuple[int, str, str]]
) -> None:
    tiny_tflite(tmp_path / "good.tflite")
    (tmp_path / "bad.tflite").write_bytes(b"no model at all")
    tiny_tflite(tmp_path / "nan.tflite", constant=float("nan"))
    code, stdout, stderr = bench("--models", tmp_path, *QUICK, "--json")
    assert code == 1
    assert "2 of 3 measurements are invalid" in stderr
    records = {Path(r.model).stem: r for r in Document.model_validate_json(stdout).records}
    assert records["good"].valid
    assert "not finite" in only([records["nan"]]).invalid_reasons[0]


def test_the_schema_command_prints_json(bench: Callable[..., tuple[int, str, str]]) -> None:
    code, stdout, _ = bench("schema")
    assert code == 0
    assert set(json.loads(stdout)["properties"]) == {"schema", "records"}


def test_the_module_runs_as_the_command() -> None:
    words = [sys.executable, "-m", "android_bench", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "--min-runs" in done.stdout


@pytest.mark.slow
def test_a_checkpoint_is_timed_in_pytorch(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs torch (extra train)")
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig, build_net

    config = NetConfig.model_validate({"points": 5, "size": 32, "heatmap_width": 0})
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, build_net(config), CheckpointHeader(name="small", net=config))
    record = only(bench_models([tmp_path], rule=QUICK_RULE, timeout=600))
    assert record.valid, record.invalid_reasons
    assert (record.runtime, record.name, record.kind) == ("torch", "small", "checkpoint")
    assert record.inputs[0].shape == [1, 3, 32, 32]
