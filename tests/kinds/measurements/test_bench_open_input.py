"""An input of any size is measured at the size that is given; a clock that cannot be right gives no time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from android_bench.cli import app
from android_bench.host.bench import bench_models
from android_bench.phone.parity import reference_of
from android_bench.records.record import Record
from android_bench.timing import StopRule, impossible
from facekp_train.common.console import run

onnx = pytest.importorskip("onnx", reason="needs facekp[export]")


def _model(path: Path, shape: Sequence[int | str], operator: str = "Relu") -> Path:
    """y = operator(input) of any size."""
    from onnx import helper

    x, y = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n in ("input", "y"))
    graph = helper.make_graph([helper.make_node(operator, ["input"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def _measured(path: Path, **shapes: Sequence[int]) -> Record:
    (record,) = bench_models([path], rule=StopRule(2, 0), warmup=0, shapes=shapes)
    return record


def test_an_open_size_is_asked_for_with_the_remedy(tmp_path: Path) -> None:
    path = _model(tmp_path / "any.onnx", ["N", 3, "H", "W"])
    record = _measured(path)
    assert not record.valid and record.p50_ms is None
    (reason,) = record.invalid_reasons
    assert reason.startswith("its input 'input' is [open, 3, open, open]")
    assert "--shape input=1,3,128,128" in reason
    with pytest.raises(ValueError, match="give its size"):  # what a phone would be compared with
        reference_of(path)


def test_the_size_that_is_given_is_measured(tmp_path: Path) -> None:
    record = _measured(_model(tmp_path / "any.onnx", ["N", 3, "H", "W"]), input=[2, 3, 24, 32])
    assert record.valid, record.invalid_reasons
    assert record.inputs[0].shape == [2, 3, 24, 32] and not any("open" in text for text in record.warnings)


def test_an_open_batch_is_one(tmp_path: Path) -> None:
    """The control: as many exporters leave it."""
    record = _measured(_model(tmp_path / "batch.onnx", ["N", 3, 8, 8]))
    assert record.valid and record.inputs[0].shape == [1, 3, 8, 8]
    assert any("open" in text for text in record.warnings)


@pytest.mark.parametrize("given", [[1, 3, 24], [1, 4, 24, 24], [1, 3, 24, 24, 1]], ids=str)
def test_a_size_of_another_form_is_refused(tmp_path: Path, given: list[int]) -> None:
    record = _measured(_model(tmp_path / "any.onnx", ["N", 3, "H", "W"]), input=given)
    assert not record.valid and "--shape gives" in record.invalid_reasons[0]


def test_an_input_that_is_not_there_is_named(tmp_path: Path) -> None:
    record = _measured(_model(tmp_path / "fixed.onnx", [1, 3, 8, 8]), other=[1, 3, 8, 8])
    assert record.valid and any("no input 'other'" in text for text in record.warnings)


def _bench(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        run(app, list(words))
    return int(stop.value.code or 0)


def test_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--models", str(_model(tmp_path / "any.onnx", [1, 3, "H", "W"])), "--min-runs", "2")
    assert _bench(*words, "--min-seconds", "0", "--json", "--shape", "input=1,3,16,16") == 0
    (record,) = json.loads(capsys.readouterr().out)["records"]
    assert record["inputs"][0]["shape"] == [1, 3, 16, 16]
    for wrong in ("input", "=1,3", "input=", "input=1,,3", "input=1,0,3", "input=-1,3", "input=1,3.5"):
        assert _bench(*words, "--shape", wrong) == 2
        assert "is not NAME=SIZES" in " ".join(capsys.readouterr().err.split())
    assert _bench(*words, "--shape", "input=1,3,8,8", "--device", "adb") == 2


@pytest.mark.parametrize(
    ("samples", "seconds", "other_ms", "says"),
    [
        ([10**30] * 5, 3.0, 0.0, "longer than"),
        ([10**400] * 5, 3.0, 0.0, "longer than"),
        ([1_000_000] * 5, 3.0, 1e308, "longer than"),
        ([0] * 5, 3.0, 0.0, "no time"),
        ([0, 0, 5], 3.0, 0.0, "no time"),
        ([1_000_000] * 5, 0.1, 10.0, None),
        ([0, 1_000, 1_000], 0.1, 0.0, None),
    ],
    ids=str,
)
def test_times_that_no_clock_can_give(
    samples: Any, seconds: float, other_ms: float, says: str | None
) -> None:
    reason = impossible(samples, seconds, other_ms)
    assert (reason is None) if says is None else (reason is not None and says in reason)
