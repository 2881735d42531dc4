"""A small ONNX model with every kind of layer that ours have."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def weights(name: str, *shape: int, seed: int) -> onnx.TensorProto:
    values = np.random.default_rng(seed).normal(0, 0.05, shape).astype(np.float32)
    if shape[0] == 4 and len(shape) == 4:
        values[1] *= 300  # one channel drowns the others
    return numpy_helper.from_array(values, name)


def small_model(activation: str | None = None, shared_bias: bool = False) -> onnx.ModelProto:
    """conv -> [activation] -> residual conv -> add -> depthwise conv -> pool -> gemm."""
    second = "b1" if shared_bias else "b2"
    nodes = [helper.make_node("Conv", ["crop", "w1", "b1"], ["first"], name="a")]
    start = "first"
    if activation is not None:
        limits = ["low", "high"] if activation == "Clip" else []
        nodes.append(helper.make_node(activation, ["first", *limits], ["active"], name="act"))
        start = "active"
    nodes += [
        helper.make_node("Conv", [start, "w2", second], ["branch"], name="b"),
        helper.make_node("Add", [start, "branch"], ["sum"], name="add"),
        helper.make_node("Conv", ["sum", "w3"], ["deep"], name="c", group=4, pads=[1, 1, 1, 1]),
        helper.make_node("GlobalAveragePool", ["deep"], ["pool"], name="pool"),
        helper.make_node("Flatten", ["pool"], ["flat"], name="flat"),
        helper.make_node("Gemm", ["flat", "w4"], ["keypoints"], name="d", transB=1),
    ]
    stored = [
        weights("w1", 4, 3, 1, 1, seed=1), weights("w2", 4, 4, 1, 1, seed=2),
        weights("w3", 4, 1, 3, 3, seed=3), weights("w4", 6, 4, seed=4),
        weights("b1", 4, seed=5), weights("b2", 4, seed=6),
        numpy_helper.from_array(np.array(0, np.float32), "low"),
        numpy_helper.from_array(np.array(6, np.float32), "high"),
    ]  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("crop", TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("keypoints", TensorProto.FLOAT, [1, 6])], stored,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
