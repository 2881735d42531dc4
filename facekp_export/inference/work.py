"""How often a model file multiplies, and in which numbers: told from the file alone, nothing runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from facekp_export.inference.layers import Precision, read_layers
from facekp_export.inference.protobuf import fields, numbers

_INTEGER = ("QLinearConv", "ConvInteger", "QLinearMatMul", "MatMulInteger")
# Where an operator's weights stand among its inputs.
_WEIGHTS = {
    "Conv": 1, "Gemm": 1, "MatMul": 1, "ConvInteger": 1, "MatMulInteger": 1, "QLinearConv": 3,
    "QLinearMatMul": 3,
}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """macs: multiply-accumulates of one call, 1 or more. precision: in which most of them are made."""

    macs: int
    precision: Precision


def model_work(path: Path) -> Work | None:
    """The work of a .tflite or .onnx file.

    None where it is not known: other formats, damaged files, files without a multiplication, ONNX files that
    state no shape of a convolution's output. A dimension that the file leaves open counts as 1.

    Raises OSError for a file that cannot be read.
    """
    try:
        if path.suffix.lower() == ".tflite":
            return _work((layer.macs, layer.precision == "int8") for layer in read_layers(path))
        if path.suffix.lower() == ".onnx":
            return _work(_Graph.of(path).macs())
    except (ValueError, IndexError):
        pass  # whoever opens it says what is wrong with it
    return None


def _work(parts: Iterable[tuple[int, bool]]) -> Work | None:
    """Of operators: multiply-accumulates, and whether they are made in 8-bit integers."""
    by_kind = {True: 0, False: 0}
    for macs, int8 in parts:
        by_kind[int8] += macs
    total = sum(by_kind.values())
    return Work(total, "int8" if by_kind[True] > by_kind[False] else "float32") if total else None


@dataclass
class _Graph:
    """The main graph of an ONNX file: shapes by name, and its nodes as (operator, inputs, outputs)."""

    shapes: dict[str, list[int]] = field(default_factory=dict)
    nodes: list[tuple[str, list[str], list[str]]] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> _Graph:
        """Raises ValueError for a damaged file."""
        graph = cls()
        for number, value in fields(memoryview(path.read_bytes())):
            if number == 7 and isinstance(value, memoryview):
                for part, inner in fields(value):
                    if isinstance(inner, memoryview):
                        graph._add(part, inner)
        return graph

    def macs(self) -> Iterable[tuple[int, bool]]:
        """Of each operator that multiplies. Raises ValueError where a shape is not stated."""
        restored = {outs[0]: ins[0] for name, ins, outs in self.nodes if name == "DequantizeLinear"}
        for name, ins, outs in self.nodes:
            if (place := _WEIGHTS.get(name)) is None:
                continue
            weights = self._shape(restored.get(ins[place], ins[place]))
            out = self._shape(outs[0])
            int8 = name in _INTEGER or (ins[0] in restored and ins[place] in restored)
            # A convolution's weights are [out, in of one group, height, width], and any matrix is met whole
            # by each row.
            each = math.prod(weights[1:]) * math.prod(out) if "Conv" in name else 0
            yield each or math.prod(weights) * math.prod(out[:-1]), int8

    def _shape(self, name: str) -> list[int]:
        if name not in self.shapes:
            raise ValueError(f"it does not state the shape of '{name}'")
        return self.shapes[name]

    def _add(self, part: int, data: memoryview) -> None:
        """One field of GraphProto: 1 is a node, 5 a tensor, 11 to 13 are named types."""
        if part == 1:
            self._add_node(data)
        elif part == 5:
            self._add_tensor(data)
        elif part in (11, 12, 13):
            self._add_type(data)

    def _add_node(self, data: memoryview) -> None:
        texts: dict[int, list[str]] = {1: [], 2: [], 4: [""]}
        for number, value in fields(data):
            if number in texts and isinstance(value, memoryview):
                texts[number].append(bytes(value).decode())
        if texts[2]:
            self.nodes.append((texts[4][-1], texts[1], texts[2]))

    def _add_tensor(self, data: memoryview) -> None:
        dims: list[int] = []
        name = ""
        for number, value in fields(data):
            if number == 1:
                dims += numbers(value)
            elif number == 8 and isinstance(value, memoryview):
                name = bytes(value).decode()
        self.shapes[name] = dims

    def _add_type(self, data: memoryview) -> None:
        parts = dict(fields(data))
        name, shape = parts.get(1), parts.get(2)
        for field_of in (1, 2):  # TypeProto.tensor_type, its shape
            shape = dict(fields(shape)).get(field_of) if isinstance(shape, memoryview) else None
        if isinstance(name, memoryview) and isinstance(shape, memoryview):
            dims = [dim for _, dim in fields(shape) if isinstance(dim, memoryview)]
            sizes = [dict(fields(dim)).get(1) for dim in dims]
            known = [size if isinstance(size, int) and size else 1 for size in sizes]
            self.shapes[bytes(name).decode()] = known
