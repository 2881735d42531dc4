"""An ONNX model whose weights lie in several files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest


def model_of_files(path: Path) -> Path:
    """An ONNX file with weights in b.data, in a.data (by a node's attribute) and in itself."""
    onnx = pytest.importorskip("onnx", reason="needs facekp[export]")
    from onnx import helper, numpy_helper

    def tensor(name: str, file: str | None) -> Any:
        made = numpy_helper.from_array(np.ones((4, 4), np.float32), name)
        if file is not None:
            (path.parent / file).write_bytes(made.raw_data)
            onnx.external_data_helper.set_external_data(made, file, 0, len(made.raw_data))
            made.ClearField("raw_data")
        return made

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Constant", [], ["v"], value=tensor("v", "a.data")),
        helper.make_node("MatMul", ["h", "v"], ["i"]),
        helper.make_node("Add", ["i", "u"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4]) for name in "xy")
    graph = helper.make_graph(nodes, "g", [x], [y], [tensor("w", "b.data"), tensor("u", None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
