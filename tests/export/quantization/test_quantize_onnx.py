"""int8 ONNX: the same answers but for rounding, and the given model left alone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
import onnxruntime

from facekp_export.quantization.quantize_onnx import quantize_onnx
from tests.support.models.small_nets import noise_crops
from tests.support.models.small_onnx import small_model

CROPS = noise_crops(20, 8)


def run(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    planes = [crop.transpose(2, 0, 1)[None].astype(np.float32) for crop in CROPS]
    return np.concatenate([np.asarray(session.run(None, {"crop": plane})[0]) for plane in planes])


def test_int8_lies_near_float_and_the_given_model_stays() -> None:
    model = small_model("Relu")
    before, untouched = run(model), model.SerializeToString()
    quantized = quantize_onnx(model, CROPS)
    assert model.SerializeToString() == untouched
    difference = np.abs(run(quantized) - before)
    assert 0 < difference.mean() < 0.05 * before.std()


def test_convolutions_are_int8_and_the_last_layer_is_not() -> None:
    quantized = quantize_onnx(small_model("Relu"), CROPS)
    makers = {output: node.op_type for node in quantized.graph.node for output in node.output}
    inputs = {node.op_type: [makers.get(name) for name in node.input] for node in quantized.graph.node}
    assert inputs["Conv"][:2] == ["DequantizeLinear", "DequantizeLinear"]
    assert inputs["Gemm"][1] is None, "its weights are stored in float"
    kinds = {tensor.data_type for tensor in quantized.graph.initializer if tensor.name.endswith("zero_point")}
    assert onnx.TensorProto.UINT8 in kinds, "activations are uint8"
