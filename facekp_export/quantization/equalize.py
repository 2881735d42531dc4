"""Even out a feature map's channels before it is quantized; the float function stays the same.

An int8 tensor has one step for all its channels, so a channel with a wide range takes resolution from
the others. Where only operators that commute with a positive factor for each channel (Add, Relu,
pooling) follow a convolution, that factor can move from its weights into those of the readers: exact
in float, and nearly free in int8, where a convolution's weights have a step for each output channel.
MobileNetV2's residual streams are such places. A dense layer's weights have one step for all outputs
(older engines know no other kind), so what it writes is left alone. After Nagel et al., "Data-Free
Quantization Through Weight Equalization and Bias Correction" (https://arxiv.org/abs/1906.04721),
with measured ranges.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from facekp_export.inference.onnx_session import quiet_session
from facekp_train.landmarks import Floats
from facekp_train.samples import Crops
from facekp_train.training.quantize_aware import EVENING_STRENGTH, NARROWEST_CHANNEL

if TYPE_CHECKING:
    import onnx

_WEIGHTED = ("Conv", "Gemm")
# Operators that commute with a positive factor for each channel; Add and Pad with conditions.
_PASSING = ("Relu", "MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "Reshape", "Flatten")
_MOST_CROPS = 50


@dataclass
class _Stream:
    """Tensors that share one factor for each channel, and the nodes whose weights can absorb it."""

    tensors: list[str] = field(default_factory=list)
    writers: list[onnx.NodeProto] = field(default_factory=list)
    readers: list[onnx.NodeProto] = field(default_factory=list)


def equalize(model: onnx.ModelProto, crops: Crops) -> onnx.ModelProto:
    """A model that computes the same with closer channel ranges on the crops.

    Args:
        model: takes float32 [1, 3, S, S]; it stays as it is.
        crops: uint8 [B, S, S, 3] RGB.

    Returns:
        A copy with other weights.

    Source:
        Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction"
        (https://arxiv.org/abs/1906.04721), with measured ranges.
    """
    import onnx

    equal = onnx.ModelProto()
    equal.CopyFrom(model)
    _own_weights(equal.graph)
    streams = _free_streams(equal.graph)
    quantized = {name for node in equal.graph.node if node.op_type != "Relu" for name in node.input}
    names = sorted(quantized & {name for stream in streams for name in stream.tensors})
    ranges = _channel_ranges(model, names, crops[:_MOST_CROPS]) if names else {}
    weights = {tensor.name: tensor for tensor in equal.graph.initializer}
    for stream in streams:
        known = [ranges[name] for name in stream.tensors if name in ranges]
        if not known or len({len(channels) for channels in known}) != 1:
            continue
        widest = np.max(known, axis=0)
        share = np.maximum(widest / max(float(widest.max()), 1e-12), NARROWEST_CHANNEL)
        _move(stream, weights, share**EVENING_STRENGTH)
    return equal


def _own_weights(graph: onnx.GraphProto) -> None:
    """Give every layer weights of its own: simplifiers let layers share equal ones."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    used: set[str] = set()
    for node in graph.node:
        for place, name in enumerate(node.input):
            if node.op_type not in _WEIGHTED or name not in stored:
                continue
            if name in used:
                copy = graph.initializer.add()
                copy.CopyFrom(stored[name])
                copy.name = node.input[place] = f"{name}.{len(used)}.{node.output[0]}"
            used.add(node.input[place])


def _free_streams(graph: onnx.GraphProto) -> list[_Stream]:
    """Every stream whose writers and readers can all absorb a factor."""
    constants = {tensor.name for tensor in graph.initializer}
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := root.setdefault(name, name)) != name:
            name = above
        return name

    writers, readers = defaultdict(list), defaultdict(list)
    pinned = [value.name for value in (*graph.input, *graph.output)]
    for node in graph.node:
        data = [name for name in node.input if name and name not in constants]
        if node.op_type in _WEIGHTED and len(data) == 1 and _plain(node):
            readers[data[0]].append(node)
            if node.op_type == "Conv":
                writers[node.output[0]].append(node)
            else:
                pinned.append(node.output[0])
        elif _passes(node, data):
            for name in data:
                root[find(name)] = find(node.output[0])
        else:
            pinned += [*data, *node.output]
    streams: dict[str, _Stream] = defaultdict(_Stream)
    for name in dict.fromkeys([*root, *writers, *readers]):
        stream = streams[find(name)]
        stream.tensors.append(name)
        stream.writers += writers[name]
        stream.readers += readers[name]
    fixed = {find(name) for name in pinned}
    return [stream for key, stream in streams.items() if key not in fixed and stream.readers]


def _passes(node: onnx.NodeProto, data: list[str]) -> bool:
    """Whether a positive factor for each channel passes through: not where a constant comes in."""
    if node.op_type == "Add":
        return len(data) == 2
    if node.op_type == "Pad":
        return len(node.input) == 2  # a third would be the value that it pads with
    return node.op_type in _PASSING


def _plain(node: onnx.NodeProto) -> bool:
    """Whether a Gemm is y = x W + b without further factors; every Conv is."""
    values = {attribute.name: attribute for attribute in node.attribute}
    return node.op_type == "Conv" or not (
        ("alpha" in values and values["alpha"].f != 1)
        or ("beta" in values and values["beta"].f != 1)
        or ("transA" in values and values["transA"].i)
    )


def _channel_ranges(model: onnx.ModelProto, names: list[str], crops: Crops) -> dict[str, Floats]:
    """The largest magnitude of every channel (axis 1) of the named tensors over the crops."""
    import onnx

    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    known = {value.name for value in probed.graph.output}
    for name in names:
        if name not in known:
            probed.graph.output.add(name=name)
    session = quiet_session(probed)
    source = session.get_inputs()[0].name
    ranges: dict[str, Floats] = {}
    for crop in crops:
        planes = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)
        for name, value in zip(names, session.run(names, {source: planes}), strict=True):
            array = np.asarray(value)
            widest = np.abs(array).max(axis=tuple(axis for axis in range(array.ndim) if axis != 1))
            ranges[name] = np.maximum(ranges.get(name, 0), widest)
    return ranges


def _move(stream: _Stream, weights: dict[str, onnx.TensorProto], factor: Floats) -> None:
    """Divide what the writers write by the factor of its channel, multiply what the readers read."""
    from onnx import numpy_helper

    def scale(name: str, by: Floats) -> None:
        scaled = (numpy_helper.to_array(weights[name]) * by).astype(np.float32)
        weights[name].CopyFrom(numpy_helper.from_array(scaled, name))

    for node in stream.writers:
        scale(node.input[1], 1 / factor[:, None, None, None])
        if len(node.input) > 2:
            scale(node.input[2], 1 / factor)
    for node in stream.readers:
        shape = list(weights[node.input[1]].dims)
        scale(node.input[1], _by_input(node, factor, shape))


def _integer(node: onnx.NodeProto, name: str, default: int) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == name), default)


def _by_input(node: onnx.NodeProto, factor: Floats, shape: list[int]) -> Floats:
    """The factor of each input channel, shaped to multiply the node's weights."""
    if node.op_type == "Gemm":
        return factor[None] if _integer(node, "transB", 0) else factor[:, None]
    groups = _integer(node, "group", 1)
    # Output channel o of a grouped convolution reads the inputs of its own group alone.
    return np.repeat(factor.reshape(groups, -1), shape[0] // groups, axis=0)[:, :, None, None]
