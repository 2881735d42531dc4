"""The parts of the exported ONNX graph that quantization must know: normalization and float tail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facekp_train.common.console import UserError

if TYPE_CHECKING:
    import onnx


INPUT, OUTPUT = "crop", "keypoints"


def normalization_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The nodes at the graph's beginning that only shift and scale the crop, in order."""
    tensor, nodes = INPUT, []
    while True:
        readers = [node for node in model.graph.node if tensor in node.input]
        if len(readers) != 1 or readers[0].op_type not in ("Add", "Sub", "Mul", "Div"):
            return nodes
        nodes.append(readers[0])
        tensor = readers[0].output[0]


def float_tail(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The nodes that int8 files compute in float: the last dense layer and what follows it.

    In int8 the logits and the sigmoid would each have a step of about half a pixel of 128.
    """
    nodes = list(model.graph.node)
    last = max((i for i, node in enumerate(nodes) if node.op_type in ("Gemm", "Conv")), default=len(nodes))
    return nodes[last:]


def split_normalization(model: onnx.ModelProto) -> tuple[onnx.ModelProto, float, float]:
    """Part a model from its input normalization.

    An integer file needs the two apart: its input's quantization then *is* the normalization.

    Args:
        model: stays as it is.

    Returns:
        The model without it, and that as scale and offset: x * scale + offset.

    Raises:
        UserError: where the graph does not begin with one scalar scale and offset.
    """
    import onnx

    body = onnx.ModelProto()
    body.CopyFrom(model)
    nodes = normalization_nodes(model)
    if not nodes:
        return body, 1.0, 0.0
    for node in nodes:
        body.graph.node.remove(node)
    for node in body.graph.node:
        node.input[:] = [INPUT if name == nodes[-1].output[0] else name for name in node.input]
    return body, *_scale_and_offset(model, nodes)


def _scale_and_offset(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> tuple[float, float]:
    import onnx
    from onnx.reference import ReferenceEvaluator

    head = onnx.ModelProto()
    head.CopyFrom(model)
    del head.graph.node[:], head.graph.output[:]
    head.graph.node.extend(nodes)
    head.graph.output.add(name=nodes[-1].output[0]).type.CopyFrom(model.graph.input[0].type)
    levels = np.broadcast_to(np.arange(256, dtype=np.float32)[:, None, None, None], (256, 3, 1, 1))
    answers = np.asarray(ReferenceEvaluator(head).run(None, {INPUT: levels})[0])  # type: ignore[index]
    offset = float(answers[0, 0, 0, 0])
    scale = float(answers[255, 0, 0, 0] - offset) / 255
    if not np.allclose(answers, levels * scale + offset, atol=1e-6):
        raise UserError("the net's input normalization is not one scale and offset for all channels")
    return scale, offset
