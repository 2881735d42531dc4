"""Rewrites of the ONNX graph change what converters make of it, never what it computes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from facekp_export.conversion.tidy import tidy


def model_of(*nodes: onnx.NodeProto, output: list[int]) -> onnx.ModelProto:
    crop = helper.make_tensor_value_info("crop", TensorProto.FLOAT, [1, 3, 8, 8])
    keypoints = helper.make_tensor_value_info("keypoints", TensorProto.FLOAT, output)
    stored = [numpy_helper.from_array(np.array(axes, np.int64), f"axes{axes}") for axes in ([2, 3], [1, 2])]
    graph = helper.make_graph(list(nodes), "g", [crop], [keypoints], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def pool(source: str, pads: list[int]) -> onnx.NodeProto:
    return helper.make_node(
        "MaxPool", [source], ["keypoints"], name="pool", kernel_shape=[3, 3], strides=[2, 2], pads=pads
    )


RELU = helper.make_node("Relu", ["crop"], ["positive"])


def run(model: onnx.ModelProto) -> np.ndarray:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    crop = np.random.default_rng(0).normal(0, 1, (1, 3, 8, 8)).astype(np.float32)
    return np.asarray(session.run(None, {"crop": crop})[0])


def tidied(model: onnx.ModelProto) -> list[str]:
    """The operators after tidying, which must not change the answer."""
    before = run(model)
    tidy(model.graph)
    assert np.allclose(run(model), before, atol=1e-6)
    return [node.op_type for node in model.graph.node]


def mean(axes: list[int], keepdims: int) -> onnx.NodeProto:
    return helper.make_node("ReduceMean", ["crop", f"axes{axes}"], ["keypoints"], keepdims=keepdims)


def test_a_mean_over_the_picture_becomes_a_pool() -> None:
    assert tidied(model_of(mean([2, 3], 1), output=[1, 3, 1, 1])) == ["GlobalAveragePool"]


def test_other_means_stay() -> None:
    assert tidied(model_of(mean([1, 2], 1), output=[1, 1, 1, 8])) == ["ReduceMean"]
    assert tidied(model_of(mean([2, 3], 0), output=[1, 3])) == ["ReduceMean"]


def test_a_pool_after_a_relu_is_padded_with_zeros() -> None:
    assert tidied(model_of(RELU, pool("positive", [1, 1, 1, 1]), output=[1, 3, 4, 4])) == [
        "Relu",
        "Pad",
        "MaxPool",
    ]
    assert tidied(model_of(RELU, pool("positive", [0, 0, 0, 0]), output=[1, 3, 3, 3])) == ["Relu", "MaxPool"]


def test_a_pool_of_negative_values_keeps_its_padding() -> None:
    """Zeros would be larger than what they stand beside."""
    assert tidied(model_of(pool("crop", [1, 1, 1, 1]), output=[1, 3, 4, 4])) == ["MaxPool"]


def test_flattening_becomes_a_reshape() -> None:
    flatten = helper.make_node("Flatten", ["crop"], ["keypoints"], name="head/Flatten", axis=1)
    model = model_of(flatten, output=[1, 192])
    assert tidied(model) == ["Reshape"]
    assert model.graph.node[0].name == "head/Reshape"
