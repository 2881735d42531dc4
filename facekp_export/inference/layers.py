"""What a TFLite file computes, operator by operator: multiplications, and the bytes that they touch.

Counted from the file alone; nothing runs, and neither torch nor tensorflow is imported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from facekp_export.inference.flatbuffer import TfliteModel, operator_name, read_model

Precision = Literal["float32", "int8"]
Kind = Literal["dense", "depthwise", "other"]
"""Dense: each output channel reads many input channels. Depthwise: it reads one. Other: no multiplications
that are counted."""

_INT8_TYPES = ("INT8", "UINT8")
_BYTES = {"FLOAT32": 4, "FLOAT16": 2, "INT32": 4, "UINT8": 1, "INT8": 1, "INT64": 8, "INT16": 2, "BOOL": 1}


@dataclass(frozen=True)
class Layer:
    """One operator that runs with each call.

    Attributes:
        index: its place in the file's list of operators, from 0.
        operator: its name, such as CONV_2D.
        kind: which peak of a processor bounds it.
        shape: of its first output.
        macs: multiply-accumulates of a call.
        weight_bytes: of its constants, as they lie in the file.
        activation_bytes: of what it reads and writes besides.
        int8: whether 8-bit integers come in, and it computes in them.
        dynamic: whether floats come in that it multiplies by 8-bit integers, rounding them as they are.
        converts: whether 8-bit integers come in and others go out, or none come in and some go out.
    """

    index: int
    operator: str
    kind: Kind
    shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    activation_bytes: int
    int8: bool
    converts: bool = False
    dynamic: bool = False

    @property
    def precision(self) -> Precision:
        """Of its multiplications."""
        return "int8" if self.int8 or self.dynamic else "float32"

    @property
    def outputs(self) -> int:
        """Numbers in its first output."""
        return math.prod(self.shape)


def read_layers(path: Path) -> tuple[Layer, ...]:
    """The operators of a .tflite file, in its order.

    Raises:
        OSError: for a missing file.
        ValueError: for a damaged or foreign one.
    """
    try:
        return layers(read_model(path.read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def layers(model: TfliteModel) -> tuple[Layer, ...]:
    """The operators of a model's main graph, but for those that only unpack constants.

    A dimension that the file leaves open counts as 1. Operators that are not the standard's count no
    multiplications. Raises ValueError where a tensor's shape cannot be that of its operator.
    """
    graph = _Graph(model)
    graph.constants = fixed_tensors(model)
    found = []
    for index, node in enumerate(model.subgraphs[0].operators or ()):
        ins, outs = graph.tensors(node.inputs), graph.tensors(node.outputs)
        if graph.constants.issuperset(outs):
            continue
        found.append(_layer(graph, index, operator_name(model, node), ins, outs))
    return tuple(found)


def fixed_tensors(model: TfliteModel) -> set[int]:
    """Numbers of the main graph's tensors that are constants, or are computed from constants alone.

    Runtimes compute the latter once, as they load.
    """
    graph = _Graph(model)
    for node in model.subgraphs[0].operators or ():
        ins = graph.tensors(node.inputs)
        if ins and graph.constants.issuperset(ins):
            graph.constants.update(graph.tensors(node.outputs))
    return graph.constants


def total_macs(found: Sequence[Layer]) -> int:
    """Multiply-accumulates of one call."""
    return sum(layer.macs for layer in found)


def _layer(graph: _Graph, index: int, name: str, ins: list[int], outs: list[int]) -> Layer:
    fixed = [tensor for tensor in ins if tensor in graph.constants]
    moved = [tensor for tensor in (*ins, *outs) if tensor not in fixed]
    data = _data_input(name, ins, fixed)
    before = data is not None and graph.type(data) in _INT8_TYPES
    after = graph.type(outs[0]) in _INT8_TYPES
    shapes = [graph.shape(tensor) for tensor in ins]
    try:
        kind, macs = _work(name, shapes, graph.shape(outs[0]))
    except (IndexError, ZeroDivisionError):
        raise ValueError(f"its operator {index}, {name}, has tensors of impossible shapes") from None
    return Layer(
        index, name, kind, graph.shape(outs[0]), macs, sum(map(graph.bytes, fixed)),
        sum(map(graph.bytes, moved)), before and (after or macs > 0), before != after,
        macs > 0 and not before and any(graph.type(tensor) in _INT8_TYPES for tensor in fixed),
    )  # fmt: skip


def _data_input(name: str, ins: list[int], fixed: list[int]) -> int | None:
    """The input that is no constant: a transposed convolution has its data last."""
    moving = [tensor for tensor in ins if tensor not in fixed]
    if not moving:
        return None
    return moving[-1] if name == "TRANSPOSE_CONV" else moving[0]


def _work(name: str, ins: list[tuple[int, ...]], out: tuple[int, ...]) -> tuple[Kind, int]:
    """The kind of an operator and its multiply-accumulates, from the shapes of its inputs and output."""
    if name == "CONV_2D":
        # Weights are [out, height, width, in of one group].
        groups = max(ins[0][3] // ins[1][3], 1)
        alone = groups > 1 and ins[1][3] == 1
        return "depthwise" if alone else "dense", math.prod(out) * math.prod(ins[1][1:])
    if name == "DEPTHWISE_CONV_2D":
        return "depthwise", math.prod(out) * ins[1][1] * ins[1][2]
    if name == "FULLY_CONNECTED":
        return "dense", math.prod(out) * ins[1][1]
    if name == "TRANSPOSE_CONV":
        # Every pixel that comes in meets every weight.
        return "dense", math.prod(ins[2][:3]) * math.prod(ins[1])
    if name == "BATCH_MATMUL":
        return "dense", math.prod(out) * ins[0][-1]
    return "other", 0


class _Graph:
    """The tensors of a model's main graph, and which of them are constants."""

    def __init__(self, model: TfliteModel) -> None:
        self._tensors = model.subgraphs[0].tensors
        self._types = _tensor_types()
        self.constants = {
            number
            for number, tensor in enumerate(self._tensors)
            if tensor.buffer and model.buffers[tensor.buffer].data is not None
        }

    def tensors(self, indices: Any) -> list[int]:
        """Without the optional ones that are not given."""
        return [] if indices is None else [int(index) for index in indices if index >= 0]

    def shape(self, number: int) -> tuple[int, ...]:
        shape = self._tensors[number].shape
        return () if shape is None else tuple(max(int(size), 1) for size in shape)

    def type(self, number: int) -> str:
        return self._types.get(self._tensors[number].type, "")

    def bytes(self, number: int) -> int:
        return math.prod(self.shape(number)) * _BYTES.get(self.type(number), 4)


def _tensor_types() -> dict[int, str]:
    from ai_edge_litert.schema_py_generated import TensorType

    return {number: name for name, number in vars(TensorType).items() if isinstance(number, int)}
