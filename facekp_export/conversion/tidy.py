"""ONNX graphs written the way that the converters read best; what they compute stays the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx


def tidy(graph: onnx.GraphProto) -> None:
    """Rewrite a graph in place: means over the picture become pools, padded pools pads and pools,
    flattening a reshape."""
    _restore_pooling(graph)
    _reshape_to_flatten(graph)
    _pad_with_zeros(graph)


def _restore_pooling(graph: onnx.GraphProto) -> None:
    """Means over height and width as the GlobalAveragePool that torch has taken apart.

    onnx2tf keeps channels last through a pool, and puts a TRANSPOSE before some means.
    """
    from onnx import numpy_helper

    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type != "ReduceMean" or len(node.input) != 2 or node.input[1] not in stored:
            continue
        axes = sorted(numpy_helper.to_array(stored[node.input[1]]).tolist())
        keeps = next((attribute.i for attribute in node.attribute if attribute.name == "keepdims"), 1)
        if axes in ([2, 3], [-2, -1]) and keeps:
            node.op_type = "GlobalAveragePool"
            node.name = node.name.replace("ReduceMean", "GlobalAveragePool")
            del node.input[1:], node.attribute[:]


def _reshape_to_flatten(graph: onnx.GraphProto) -> None:
    """A Flatten of known sides as a Reshape, which onnxruntime's quantizer leaves in int8."""
    from onnx import numpy_helper

    known = {value.name: value.type.tensor_type.shape.dim for value in (*graph.value_info, *graph.output)}
    for node in graph.node:
        sides = [side.dim_value for side in known.get(node.output[0], ())]
        if node.op_type != "Flatten" or not sides or 0 in sides:
            continue
        shape = f"{node.output[0]}.shape"
        graph.initializer.append(numpy_helper.from_array(np.array(sides, np.int64), shape))
        node.op_type = "Reshape"
        node.name = node.name.replace("Flatten", "Reshape")
        node.input.append(shape)
        del node.attribute[:]


def _pad_with_zeros(graph: onnx.GraphProto) -> None:
    """A MaxPool's padding, where a Relu comes before it, as a Pad with zeros.

    Converters pad it with the lowest float, which ruins the range of an int8 tensor; among values
    that are never negative, zero does as well.
    """
    from onnx import helper, numpy_helper

    makers = {output: node.op_type for node in graph.node for output in node.output}
    for place, node in reversed(list(enumerate(graph.node))):
        pads = next((attribute for attribute in node.attribute if attribute.name == "pads"), None)
        if node.op_type != "MaxPool" or pads is None or makers.get(node.input[0]) != "Relu":
            continue
        half = len(pads.ints) // 2
        amounts = np.array([0, 0, *pads.ints[:half], 0, 0, *pads.ints[half:]], np.int64)
        node.attribute.remove(pads)
        if not amounts.any():
            continue
        padded = f"{node.input[0]}.padded"
        graph.initializer.append(numpy_helper.from_array(amounts, f"{padded}.amounts"))
        pad = helper.make_node("Pad", [node.input[0], f"{padded}.amounts"], [padded], name=f"{node.name}/Pad")
        node.input[0] = padded
        graph.node.insert(place, pad)
