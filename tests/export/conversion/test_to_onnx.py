"""PyTorch to ONNX: the graph that the later steps rely on, and failures that name the layer."""

from __future__ import annotations

import numpy as np
import pytest

for module in ("torch", "onnx", "onnxsim"):
    pytest.importorskip(module)

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from facekp_export.conversion.to_onnx import to_onnx  # noqa: E402
from facekp_export.quantization.onnx_graph import float_tail, normalization_nodes, split_normalization  # noqa: E402
from facekp_train.common.console import UserError  # noqa: E402


class TinyNet(torch.nn.Module):
    """Normalization, a convolution, something odd, a head."""

    def __init__(self, odd: torch.nn.Module) -> None:
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 4, 3)
        self.middle = torch.nn.Sequential(torch.nn.ReLU(), odd)
        self.head = torch.nn.Linear(4, 10)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        features = self.middle(self.stem(crops / 128 - 1))
        return self.head(features.mean((2, 3))).sigmoid()


class Eigenvalues(torch.nn.Module):
    """Something that ONNX has no operator for."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.linalg.eigvals(x).real.sum(-1)[..., None, None]


def test_a_layer_without_onnx_counterpart_is_named() -> None:
    with pytest.raises(UserError, match=r"the layer 'middle\.1' \(Eigenvalues\) cannot be exported to ONNX"):
        to_onnx(TinyNet(Eigenvalues()), 16)


def test_nodes_are_named_after_their_layers() -> None:
    model = to_onnx(TinyNet(torch.nn.Identity()), 16)
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert "stem/Conv" in names and "head/Gemm" in names
    assert [node.op_type for node in normalization_nodes(model)] == ["Div", "Sub"]
    assert [node.op_type for node in float_tail(model)] == ["Gemm", "Sigmoid"]
    assert model.ir_version <= 8 and model.opset_import[0].version == 18


class OddSides(torch.nn.Module):
    """Pads as TF's SAME by arithmetic on the sides, and normalizes behind a convolution and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3, 2, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
        )
        self.dense, self.norm = torch.nn.Linear(64, 6, bias=False), torch.nn.BatchNorm1d(6)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        side = crops.shape[-1]
        missing = (-(-side // 2) - 1) * 2 + 3 - crops.size(-2)
        padded = torch.nn.functional.pad(crops, [missing // 2, missing - missing // 2] * 2)
        return self.norm(self.dense(self.layers(padded).flatten(1)))


def test_normalization_is_folded_and_arithmetic_on_sides_is_pythons() -> None:
    torch.manual_seed(0)
    net = OddSides()
    for norm in (net.layers[1], net.norm):
        for values in norm.state_dict().values():
            if values.is_floating_point():
                values.uniform_(0.5, 2)
    model = to_onnx(net, 7)
    assert [node.name for node in model.graph.node] == [
        "layers.0/Conv", "layers.2/Relu", "/Reshape", "dense/Gemm"
    ]  # fmt: skip
    crop = torch.rand(1, 3, 7, 7)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        answer = np.asarray(session.run(None, {"crop": crop.numpy()})[0])
        np.testing.assert_allclose(answer, net(crop).numpy(), atol=1e-5)


def test_a_layer_that_two_read_keeps_its_normalization() -> None:
    class Shared(OddSides):
        def forward(self, crops: torch.Tensor) -> torch.Tensor:
            features = self.layers[0](crops)
            return (self.layers[1](features) + features).mean((2, 3))

    operators = [node.op_type for node in to_onnx(Shared(), 7).graph.node]
    assert operators.count("BatchNormalization") == 1


def graph_of(*nodes: onnx.NodeProto, scale: np.ndarray) -> onnx.ModelProto:
    crop, keypoints = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in ("crop", "keypoints")
    )
    last = helper.make_node("Relu", [nodes[-1].output[0] if nodes else "crop"], ["keypoints"])
    shift = numpy_helper.from_array(np.array(0.25, np.float32), "shift")
    stored = [numpy_helper.from_array(scale, "scale"), shift]
    graph = helper.make_graph([*nodes, last], "g", [crop], [keypoints], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


MUL = helper.make_node("Mul", ["crop", "scale"], ["scaled"], name="mul")
ADD = helper.make_node("Add", ["scaled", "shift"], ["shifted"], name="add")


def test_the_normalization_is_split_off_exactly() -> None:
    body, scale, offset = split_normalization(graph_of(MUL, ADD, scale=np.array(1 / 64, np.float32)))
    assert (scale, offset) == (pytest.approx(1 / 64), 0.25)
    assert [(node.op_type, list(node.input)) for node in body.graph.node] == [("Relu", ["crop"])]
    onnx.checker.check_model(body)


def test_a_graph_without_normalization_has_none() -> None:
    body, scale, offset = split_normalization(graph_of(scale=np.array(1, np.float32)))
    assert (scale, offset) == (1, 0) and len(body.graph.node) == 1


def test_a_scale_for_each_channel_cannot_be_an_int8_inputs() -> None:
    per_channel = np.array([1, 2, 3], np.float32).reshape(1, 3, 1, 1)
    with pytest.raises(UserError, match="not one scale and offset for all channels"):
        split_normalization(graph_of(MUL, scale=per_channel))
