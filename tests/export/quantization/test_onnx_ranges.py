"""Ranges without the rarest values are those of onnxruntime's own percentile calibration."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facekp_export.quantization.onnx_graph import INPUT
from facekp_export.quantization.onnx_ranges import percentile_ranges
from facekp_export.quantization.ranges import RAREST

onnx = pytest.importorskip("onnx", reason="needs facekp[export]")


def small_net() -> Any:
    """Two convolutions, one of them into nothing but zeros."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(3)
    weights = random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", [INPUT, "w"], ["conv"]),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("Mul", ["relu", "zero"], ["nothing"]),
        helper.make_node("Add", ["relu", "nothing"], ["sum"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, 3, 48, 48])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 4, 46, 46])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.zeros(1, np.float32), "zero")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_ranges_are_onnxruntimes_own(tmp_path: Path):
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
    from onnxruntime.quantization.calibrate import create_calibrator

    crops = np.random.default_rng(5).integers(0, 255, (30, 48, 48, 3)).astype(np.uint8)
    crops[3] = crops[3] // 255 * 255

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._rest = iter(crops)

        def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
            crop = next(self._rest, None)
            return None if crop is None else {INPUT: crop.transpose(2, 0, 1)[None].astype(np.float32)}

    model, file = small_net(), tmp_path / "net.onnx"
    onnx.save(model, file)
    with redirect_stdout(io.StringIO()):
        calibrator = create_calibrator(
            file,
            ["Conv", "Relu", "Mul", "Add"],
            str(tmp_path / "augmented.onnx"),
            CalibrationMethod.Percentile,
            extra_options={"percentile": 100 * (1 - RAREST)},
        )
        calibrator.collect_data(Reader())
        wanted = calibrator.compute_data().data
    ours = percentile_ranges(model, crops)
    assert set(wanted) <= set(ours) and len(wanted) >= 4
    assert {name: tuple(map(float, data.range_value)) for name, data in wanted.items()} == {
        name: tuple(map(float, ours[name])) for name in wanted
    }
