"""Model files of one operator, made on the spot: foreign to the project, ready in a millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def tiny_tflite(
    path: Path, shape: Sequence[int] = (1, 64), dtype: str = "FLOAT32", *, open_batch: bool = False,
    constant: float | None = None,
) -> Path:  # fmt: skip
    """c = a + b in TFLite: two inputs, or one and a constant `b` (float32 alone)."""
    from facekp_export.inference.flatbuffer import TfliteGraph

    graph = TfliteGraph()
    data = None if constant is None else np.full(shape, constant, np.float32)
    a, b, c = (graph.tensor(name, shape, dtype, data=data if name == "b" else None) for name in "abc")
    for tensor in graph.tensors if open_batch else ():
        tensor.shapeSignature = [-1, *shape[1:]]
    graph.operator("ADD", 1, [a, b], c, graph.schema.AddOptionsT())
    path.write_bytes(graph.content([a, b] if constant is None else [a], [c]))
    return path


def tiny_onnx(
    path: Path, shape: Sequence[int | str] = (1, 64), dtype: str = "FLOAT", *, constant: float | None = None
) -> Path:
    """c = a + b in ONNX: two inputs, or one and a constant `b`; a string is an open dimension.

    Needs the package onnx.
    """
    import onnx
    from onnx import helper

    element = getattr(onnx.TensorProto, dtype)
    a, b, c = (helper.make_tensor_value_info(name, element, list(shape)) for name in "abc")
    inputs, constants = [a, b], []
    if constant is not None:
        inputs, constants = [a], [helper.make_tensor("b", element, [1], [constant])]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["c"])], "add", inputs, [c], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))
    return path
