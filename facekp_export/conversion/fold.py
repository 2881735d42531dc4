"""Batch normalization folded into the layer before it: what converters and engines would do, done once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from facekp_train.landmarks import Floats

if TYPE_CHECKING:
    import onnx

_EPSILON = 1e-5  # ONNX's default


def fold_batch_norms(graph: onnx.GraphProto) -> None:
    """Rewrite a graph in place: each BatchNormalization whose layer nothing else reads becomes part of it.

    Layers are convolutions and dense ones, which become Gemms; their weights are [C', ...], or [C, C'] in
    a MatMul. In float32, as the weights are.
    """
    stored = {tensor.name: tensor for tensor in graph.initializer}
    _own_copies(graph, stored)
    makers = {node.output[0]: node for node in graph.node}
    reads = Counter(name for node in graph.node for name in node.input)
    for norm in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        layer = makers.get(norm.input[0])
        if layer is None or not _foldable(layer, norm, reads, stored):
            continue
        _fold(graph, layer, norm, stored)
        layer.output[0] = norm.output[0]
        makers[norm.output[0]] = layer
        graph.node.remove(norm)


def _own_copies(graph: onnx.GraphProto, stored: dict[str, onnx.TensorProto]) -> None:
    """Give values that the exporter found equal, and reads through Identity, their own names again.

    Those of an untrained net's normalizations all are.
    """
    for node in [node for node in graph.node if node.op_type == "Identity" and node.input[0] in stored]:
        copy = graph.initializer.add()
        copy.CopyFrom(stored[node.input[0]])
        copy.name = node.output[0]
        stored[copy.name] = copy
        graph.node.remove(node)


def _foldable(
    layer: onnx.NodeProto, norm: onnx.NodeProto, reads: Counter[str], stored: dict[str, onnx.TensorProto]
) -> bool:
    if reads[layer.output[0]] != 1 or any(reads[name] != 1 for name in layer.input[1:]):
        return False
    if any(name not in stored for name in (*layer.input[1:], *norm.input[1:])):
        return False
    settings = {attribute.name: attribute for attribute in layer.attribute}
    if layer.op_type == "Gemm":
        factors = [settings[name].f for name in ("alpha", "beta") if name in settings]
        return factors == [1.0] * len(factors) and "transB" in settings and settings["transB"].i == 1
    if layer.op_type == "MatMul":
        # Of more than a vector a face, its channels stand elsewhere than the normalization's.
        return list(stored[layer.input[1]].dims)[1:] == list(stored[norm.input[1]].dims)
    return layer.op_type == "Conv"


def _fold(
    graph: onnx.GraphProto,
    layer: onnx.NodeProto,
    norm: onnx.NodeProto,
    stored: dict[str, onnx.TensorProto],
) -> None:
    """Give the layer weights and a bias of its own that do what both did."""
    from onnx import helper, numpy_helper

    gain, shift, mean, variance = (numpy_helper.to_array(stored[name]) for name in norm.input[1:5])
    epsilon = next((attribute.f for attribute in norm.attribute if attribute.name == "epsilon"), _EPSILON)
    scale = gain / np.sqrt(variance + epsilon)
    name, weights = layer.input[1], numpy_helper.to_array(stored[layer.input[1]])
    if layer.op_type == "MatMul":
        weights = weights.T
        layer.op_type = "Gemm"
        layer.name = layer.name.replace("MatMul", "Gemm")
        name = f"{layer.name}.weight"
        layer.attribute.append(helper.make_attribute("transB", 1))
    bias = numpy_helper.to_array(stored[layer.input[2]]) if len(layer.input) > 2 else np.zeros_like(mean)

    def store(name: str, values: Floats) -> str:
        tensor = stored[name] if name in stored else graph.initializer.add()
        tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        stored[name] = tensor
        return name

    folded = weights * scale.reshape(-1, *[1] * (weights.ndim - 1))
    layer.input[1:] = [store(name, folded), store(f"{name}_bias", (bias - mean) * scale + shift)]
