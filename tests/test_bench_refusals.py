"""Foreign models that are odd or cannot be measured: what is said of them, and the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from android_bench.host import bench_models
from android_bench.record import Record
from android_bench.timing import StopRule


def one_operator(
    path: Path, shape: Sequence[int] | None, kind: str = "Identity", element: str = "FLOAT", domain: str = ""
) -> Path:
    """y = kind(x) in ONNX, both of one shape, or of none that is told."""
    onnx = pytest.importorskip("onnx", reason="needs facekp[export]")
    from onnx import helper

    x, y = (helper.make_tensor_value_info(name, getattr(onnx.TensorProto, element), shape) for name in "xy")
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], domain=domain)], "g", [x], [y])
    operators = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    path.write_bytes(helper.make_model(graph, opset_imports=operators, ir_version=8).SerializeToString())
    return path


def measured(path: Path) -> Record:
    (record,) = bench_models([path], rule=StopRule(1, 0), warmup=0)
    return record


@pytest.mark.parametrize("shape", [None, []])
def test_an_input_without_a_shape_is_warned_of(tmp_path: Path, shape: Any) -> None:
    record = measured(one_operator(tmp_path / "a.onnx", shape))
    assert record.valid and record.inputs[0].shape == []
    says = "the file gives no shape of its input 'x', or it is a scalar; one number was given"
    assert says in record.warnings


def test_a_size_of_none_stays_none(tmp_path: Path) -> None:
    record = measured(one_operator(tmp_path / "a.onnx", [0, 4]))
    assert record.valid and record.inputs[0].shape == [0, 4]
    assert not any("input 'x'" in warning for warning in record.warnings)
