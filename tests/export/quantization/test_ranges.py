"""Ranges without outliers, and the bias that int8 leaves: against numpy over every value."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

pytest.importorskip("onnx")

import onnx
import onnxruntime
from onnx import helper, numpy_helper

from facekp_export.inference.flatbuffer import read_model, write_model
from facekp_export.quantization.output_bias import logit_shift
from facekp_export.quantization.quantize_onnx import quantize_onnx
from facekp_export.quantization.ranges import RAREST, without_outliers
from tests.support.models.small_nets import noise_crops
from tests.support.models.small_onnx import small_model
from tests.support.models.tiny_models import tiny_tflite


def _with_ranges(path: Path, low: float, high: float) -> bytes:
    """c = a + 1 with the same range stored for every tensor."""
    from ai_edge_litert import schema_py_generated as schema

    model = read_model(tiny_tflite(path, (1, 1000), constant=1.0).read_bytes())
    for tensor in model.subgraphs[0].tensors:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.min, tensor.quantization.max = [low], [high]
    return write_model(model)


def _ranges(content: bytes) -> dict[str, tuple[float, float]]:
    graph = read_model(content).subgraphs[0]
    return {
        t.name.decode(): (float(t.quantization.min[0]), float(t.quantization.max[0])) for t in graph.tensors
    }


def test_a_range_ends_where_the_rarest_values_begin(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(100, 1, 1000)).astype(np.float32)
    inputs[7, 0, 3], inputs[50, 0, 9] = 900, -800
    content = _with_ranges(tmp_path / "a.tflite", -1000, 1000)
    ranges = _ranges(without_outliers(content, inputs[:, 0]))
    values = np.sort(inputs.ravel() + 1)
    out = round(RAREST * values.size)
    assert out == 1
    assert ranges["c"] == pytest.approx((values[out], values[-1 - out]))
    assert ranges["a"] == (-1000, 1000), "the input keeps its own"


def test_a_range_is_measured_whatever_stood_there(tmp_path: Path) -> None:
    """Calibration before it sees one crop, whose range says nothing of others."""
    inputs = np.random.default_rng(1).normal(size=(10, 1000)).astype(np.float32) * 100
    content = _with_ranges(tmp_path / "a.tflite", -0.5, 0.25)
    ends = inputs.min() + 1, inputs.max() + 1
    assert _ranges(without_outliers(content, inputs))["c"] == pytest.approx(ends)


def test_measuring_keeps_the_rarest_values_alone(tmp_path: Path) -> None:
    """A view of them would keep every tensor of every input: 0.7 GB of a MobileNet's."""
    inputs = np.zeros((100, 1000), np.float32)
    content = _with_ranges(tmp_path / "a.tflite", -1, 1)
    without_outliers(content, inputs[:1])  # what it imports stays
    tracemalloc.start()
    without_outliers(content, inputs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < inputs.nbytes / 2


_SHARES = arrays.arrays(np.float64, (6, 4), elements=st.floats(0.01, 0.99))


@given(truth=_SHARES, shift=arrays.arrays(np.float64, 4, elements=st.floats(-2, 2)))
def test_a_shift_of_logits_is_found(truth: np.ndarray, shift: np.ndarray) -> None:
    moved = 1 / (1 + np.exp(-(np.log(truth / (1 - truth)) - shift)))
    assert logit_shift(truth, moved) == pytest.approx(shift, abs=1e-5)


def test_answers_of_nought_and_one_give_finite_shifts() -> None:
    assert np.isfinite(logit_shift(np.array([[0.0, 1.0]]), np.array([[1.0, 0.5]]))).all()


def _answers(net: onnx.ModelProto, crops: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(net.SerializeToString(), providers=["CPUExecutionProvider"])
    planes = [crop.transpose(2, 0, 1)[None].astype(np.float32) for crop in crops]
    return np.concatenate([np.asarray(session.run(None, {"crop": plane})[0]) for plane in planes])


def test_int8_onnx_is_off_by_nothing_on_average() -> None:
    """In logits, over the crops that it was calibrated with."""
    model, crops = small_model("Relu"), noise_crops(20, 8)
    dense = next(node for node in model.graph.node if node.op_type == "Gemm")
    weights = next(tensor for tensor in model.graph.initializer if tensor.name == dense.input[1])
    widest = np.abs(_answers(model, crops)).max()
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) / widest, weights.name))
    dense.input.append("bias")
    width = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(width, np.float32), "bias"))
    model.graph.node.append(helper.make_node("Sigmoid", [model.graph.output[0].name], ["shares"]))
    model.graph.output[0].name = "shares"
    truth, quantized = _answers(model, crops), _answers(quantize_onnx(model, crops), crops)
    assert np.abs(quantized - truth).max() > 0
    assert np.abs(logit_shift(truth, quantized)).max() < 1e-4
