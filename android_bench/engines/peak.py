"""The most that this machine multiplies: a 1x1 convolution whose weights and maps stay in the caches.

Timed like any model file, by the same engine, so that a model's share of it is not one of a data sheet.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from android_bench.engines.engines import ENGINES, Engine
from facekp_export.inference.flatbuffer import TfliteGraph
from facekp_export.inference.layers import Precision
from facekp_export.inference.protobuf import message
from facekp_export.inference.runtimes import Runtime

CHANNELS, SIDE = 512, 32
"""In and out, and the side of the map: 512 x 512 weights meet 32 x 32 pixels."""
PEAK_MACS = CHANNELS * CHANNELS * SIDE * SIDE

_X_SCALE, _W_SCALE, _Y_SCALE = 0.02, 0.01, 0.5
_OPSET, _IR = 13, 8


def peak_file(folder: Path, engine: Engine, precision: Precision) -> tuple[Path, Engine] | None:
    """The convolution as a file, and what runs it.

    Args:
        folder: that it is written to.
        engine: whose peak is wanted.
        precision: of its numbers.

    Returns:
        None where another device than the processor computes.
    """
    if engine.device != "cpu":
        return None
    path = folder / f"peak_{precision}{engine.suffix}"
    if engine.suffix == ".tflite":
        path.write_bytes(tflite_peak(precision))
    elif engine.suffix == ".onnx":
        path.write_bytes(_onnx_peak(precision))
    else:
        path.touch()
        return path, PEAK_ENGINES["torch-peak"]
    return path, engine


def _open_torch(path: Path, threads: int) -> Runtime:
    from android_bench.engines.torch_engine import TorchPeak

    return TorchPeak(path, threads, CHANNELS, SIDE)


PEAK_ENGINES = {"torch-peak": replace(ENGINES["torch"], name="torch-peak", open=_open_torch)}
"""Engines that run the convolution where their files hold none: a checkpoint is always a net of ours."""


def tflite_peak(precision: Precision) -> bytes:
    """The convolution as a .tflite file's content; int8 with a scale for each channel, as ours have."""
    graph, int8 = TfliteGraph(), precision == "int8"
    kind, sums = ("INT8", "INT32") if int8 else ("FLOAT32", "FLOAT32")
    of_w = np.full(CHANNELS, _W_SCALE)
    x_scale, w_scale, b_scale, y_scale = (_X_SCALE, of_w, _X_SCALE * of_w, _Y_SCALE) if int8 else [None] * 4
    weights, bias = _weights(precision), np.zeros(CHANNELS, np.int32 if int8 else np.float32)
    x = graph.tensor("x", [1, SIDE, SIDE, CHANNELS], kind, x_scale)
    w = graph.tensor("w", [CHANNELS, 1, 1, CHANNELS], kind, w_scale, data=weights)
    b = graph.tensor("b", [CHANNELS], sums, b_scale, data=bias)
    y = graph.tensor("y", [1, SIDE, SIDE, CHANNELS], kind, y_scale)
    options = graph.schema.Conv2DOptionsT()
    options.strideH = options.strideW = 1
    graph.operator("CONV_2D", 3 if int8 else 1, [x, w, b], y, options)
    return graph.content([x], [y])


def _weights(precision: Precision) -> np.ndarray:
    """[out, in], since zeros or one value for all may be met faster."""
    noise = np.random.default_rng(0)
    if precision == "int8":
        return noise.integers(-127, 128, (CHANNELS, CHANNELS), dtype=np.int8)
    return noise.normal(0, 1 / math.sqrt(CHANNELS), (CHANNELS, CHANNELS)).astype(np.float32)


def _onnx_peak(precision: Precision) -> bytes:
    """The same as an .onnx file's content; int8 has uint8 maps and int8 weights, as ours have."""
    maps, weights = [1, CHANNELS, SIDE, SIDE], _weights(precision)
    tensors = [_onnx_tensor("w", [CHANNELS, CHANNELS, 1, 1], weights)]
    name, inputs, kind = "Conv", ["x", "w"], np.dtype(np.float32)
    if precision == "int8":
        name, kind = "QLinearConv", np.dtype(np.uint8)
        inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
        ones = np.ones(CHANNELS, np.float32)
        scales = {"xs": np.float32(_X_SCALE), "ws": ones * np.float32(_W_SCALE), "ys": np.float32(_Y_SCALE)}
        zeros = {"xz": np.uint8(128), "wz": np.zeros(CHANNELS, np.int8), "yz": np.uint8(128)}
        tensors += [_onnx_tensor(key, list(value.shape), value) for key, value in (scales | zeros).items()]
    # The fields' numbers are those of onnx.proto.
    node = message(*((1, name) for name in inputs), (2, "y"), (4, name))
    graph = message(
        (1, node), (2, "peak"), *((5, tensor) for tensor in tensors),
        (11, _onnx_type("x", maps, kind)), (12, _onnx_type("y", maps, kind)),
    )  # fmt: skip
    return message((1, _IR), (7, graph), (8, message((1, ""), (2, _OPSET))))


_ONNX_TYPES = {"float32": 1, "uint8": 2, "int8": 3}


def _onnx_tensor(name: str, shape: list[int], values: Any) -> bytes:
    kind = _ONNX_TYPES[values.dtype.name]
    return message(*((1, size) for size in shape), (2, kind), (8, name), (9, values.tobytes()))


def _onnx_type(name: str, shape: list[int], kind: np.dtype[Any]) -> bytes:
    sizes = message(*((1, message((1, size))) for size in shape))
    tensor = message((1, _ONNX_TYPES[kind.name]), (2, sizes))
    return message((1, name), (2, message((1, tensor))))
