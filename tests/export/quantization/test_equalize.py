"""Moving factors between layers never changes the function, and brings channel ranges together."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from facekp_export.quantization.equalize import equalise
from tests.support.models.small_nets import noise_crops

CROPS = noise_crops(6, 8)


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


def run(model: onnx.ModelProto, output: str) -> np.ndarray:
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    if output != "keypoints":
        probed.graph.output.add(name=output)
    session = onnxruntime.InferenceSession(probed.SerializeToString(), providers=["CPUExecutionProvider"])
    planes = [crop.transpose(2, 0, 1)[None].astype(np.float32) for crop in CROPS]
    return np.concatenate([np.asarray(session.run([output], {"crop": plane})[0]) for plane in planes])


def spread(values: np.ndarray) -> float:
    """The widest channel over the narrowest."""
    ranges = np.abs(values).max(axis=(0, 2, 3))
    return float(ranges.max() / ranges.min())


@pytest.mark.parametrize("activation", [None, "Relu", "Clip"])
def test_the_function_stays(activation: str | None) -> None:
    model = small_model(activation)
    before, after = run(model, "keypoints"), run(equalise(model, CROPS), "keypoints")
    assert np.ptp(before) > 1
    assert np.abs(before - after).max() < 1e-4 * np.abs(before).max()


@pytest.mark.parametrize("activation", [None, "Relu"])
def test_channel_ranges_come_together(activation: str | None) -> None:
    model = small_model(activation)
    equal = equalise(model, CROPS)
    for tensor in ("sum", "deep"):
        assert spread(run(equal, tensor)) < 0.3 * spread(run(model, tensor)), tensor


def test_a_clipped_map_keeps_its_scale() -> None:
    """A factor would not pass through min(x, 6), so the tensors around a ReLU6 stay untouched."""
    model = small_model("Clip")
    assert np.array_equal(run(model, "active"), run(equalise(model, CROPS), "active"))


def test_layers_that_share_a_bias_get_their_own() -> None:
    model = small_model(shared_bias=True)
    before, after = run(model, "keypoints"), run(equalise(model, CROPS), "keypoints")
    assert np.abs(before - after).max() < 1e-4 * np.abs(before).max()


def test_the_given_model_is_left_alone() -> None:
    model = small_model()
    before = model.SerializeToString()
    equalise(model, CROPS)
    assert model.SerializeToString() == before
