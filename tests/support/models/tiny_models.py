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
    from ai_edge_litert import schema_py_generated as schema

    from facekp_export.inference.flatbuffer import write_model

    tensors = [schema.TensorT() for _ in "abc"]
    for tensor, name in zip(tensors, "abc", strict=True):
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
        tensor.type = getattr(schema.TensorType, dtype)
        if open_batch:
            tensor.shapeSignature = [-1, *shape[1:]]
    buffers = [schema.BufferT()]
    if constant is not None:
        data = np.full(shape, constant, np.float32)
        buffers.append(schema.BufferT(np.frombuffer(data.tobytes(), np.uint8)))
        tensors[1].buffer = 1
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1], [2]
    operator.builtinOptionsType, operator.builtinOptions = (
        schema.BuiltinOptions.AddOptions,
        schema.AddOptionsT(),
    )
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = tensors, [operator]
    graph.inputs, graph.outputs = [0, 1] if constant is None else [0], [2]
    code = schema.OperatorCodeT()
    code.version = 1  # ADD is operator 0
    model = schema.ModelT()
    model.version, model.buffers, model.subgraphs, model.operatorCodes = 3, buffers, [graph], [code]
    path.write_bytes(write_model(model))
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
