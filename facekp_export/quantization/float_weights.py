"""Give a dynamic-range TFLite file the float32 weights of the layers that lose by int8 ones.

Depthwise convolutions gain neither: engines round their input in a kernel of its own, slower than the float
one, and leave XNNPACK for it. The last dense layer decides the coordinates, so that what its weights lose
is lost for good; the int8 files keep it in float, too.
"""

from __future__ import annotations

import numpy as np

from facekp_export.inference.flatbuffer import operator_name, read_model, write_model

_WITH_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def with_float_weights(dynamic: bytes, float32: bytes) -> bytes:
    """Put float32 weights into a dynamic-range file's depthwise convolutions and its last layer.

    Args:
        dynamic: content of the file.
        float32: content of the float32 file that was made of the same net.

    Returns:
        The file's new content; its other layers keep their int8 weights.

    Raises:
        ValueError: where a layer of the one is not in the other.
    """
    model, source = read_model(dynamic), read_model(float32)
    graph, plain = model.subgraphs[0], source.subgraphs[0]
    kinds = [operator_name(model, operator) for operator in graph.operators]
    last = max((i for i, kind in enumerate(kinds) if kind in _WITH_WEIGHTS), default=-1)
    twins = {plain.tensors[operator.outputs[0]].name: operator for operator in plain.operators}
    for place, operator in enumerate(graph.operators):
        if place != last and kinds[place] != "DEPTHWISE_CONV_2D":
            continue
        name = graph.tensors[operator.outputs[0]].name
        if name not in twins:
            raise ValueError(f"the float32 file has no layer {name!r}")
        weights, floats = graph.tensors[operator.inputs[1]], plain.tensors[twins[name].inputs[1]]
        weights.type, weights.quantization = floats.type, None
        model.buffers[weights.buffer].data = np.asarray(source.buffers[floats.buffer].data)
    return write_model(model)
