"""mdp-fast as an int8 TFLite file of random weights, written in milliseconds.

The same operators, in the same order and of the same shapes, as `facekp-export` makes of a trained net:
what the file takes to run is what that one would. Nothing is converted and no answer means anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.flatbuffer import TfliteGraph
from facekp_train.networks.keypoint_net import NetConfig
from facekp_train.networks.mdp_fast import CHANNELS, PAIRS

_FLATTENED = 32
_STEP = 0.05
"""Of every activation: the rounding is that of no net, its speed that of each."""
_VERSIONS = {
    "QUANTIZE": 1,
    "CONV_2D": 3,
    "ADD": 2,
    "RESHAPE": 1,
    "FULLY_CONNECTED": 4,
    "DEQUANTIZE": 2,
    "LOGISTIC": 1,
}


def fast_file(config: NetConfig) -> bytes:
    """The content of a file that takes uint8 [1, S, S, 3] and gives float32 [1, 2N].

    Args:
        config: of an mdp-fast; `widths` are not looked at.
    """
    graph = _Graph()
    side, points = config.size, 2 * config.points
    picture = graph.tensor("crop", (1, side, side, 3), "UINT8", 1 / 128, 128)
    x = graph.tensor("quantized", (1, side, side, 3), "INT8", 1 / 128)
    graph.add("QUANTIZE", [picture], x)
    for channels, count in zip(config.channels or CHANNELS, config.pairs or PAIRS, strict=True):
        x = graph.convolution(x, channels, 3, stride=2)
        for _ in range(count):
            inner = graph.convolution(graph.convolution(x, channels, 3), channels, 3, relu=False)
            x = graph.addition(inner, x)
    x = graph.flat(graph.convolution(x, _FLATTENED, 1))
    hidden = graph.dense(x, config.hidden, "INT8")
    floats = graph.tensor("floats", (1, config.hidden), "FLOAT32")
    graph.add("DEQUANTIZE", [hidden], floats)
    answer = graph.tensor("keypoints", (1, points), "FLOAT32")
    graph.add("LOGISTIC", [graph.dense(floats, points, "FLOAT32")], answer)
    return graph.content([picture], [answer])


class _Graph(TfliteGraph):
    """A graph of the layers of mdp-fast in int8, with random weights."""

    def __init__(self) -> None:
        super().__init__()
        self._random = np.random.default_rng(0)

    def add(self, name: str, inputs: list[int], output: int, options: Any = None) -> int:
        """The next operator, in the version that the converter takes; gives its output."""
        return self.operator(name, _VERSIONS[name], inputs, output, options)

    def convolution(self, x: int, outputs: int, kernel: int, stride: int = 1, relu: bool = True) -> int:
        """A dense convolution with a bias, padded as SAME."""
        _, height, width, inputs = self.tensors[x].shape
        weight, bias = self._constants(x, (outputs, kernel, kernel, inputs), per_channel=True)
        shape = (1, -(-height // stride), -(-width // stride), outputs)
        options = self.schema.Conv2DOptionsT()
        options.padding = self.schema.Padding.SAME
        options.strideW = options.strideH = stride
        options.fusedActivationFunction = int(relu)
        return self.add("CONV_2D", [x, weight, bias], self._activation(shape, relu), options)

    def addition(self, a: int, b: int) -> int:
        """A sum with its ReLU."""
        options = self.schema.AddOptionsT()
        options.fusedActivationFunction = self.schema.ActivationFunctionType.RELU
        return self.add("ADD", [a, b], self._activation(tuple(self.tensors[a].shape), True), options)

    def flat(self, x: int) -> int:
        """A map as one row."""
        shape = (1, int(np.prod(self.tensors[x].shape)))
        wanted = self.tensor("shape", (2,), "INT32", data=np.asarray(shape, np.int32))
        return self.add("RESHAPE", [x, wanted], self._activation(shape, True))

    def dense(self, x: int, outputs: int, kind: str) -> int:
        """A dense layer: in INT8 with a ReLU and one step for all weights, in FLOAT32 without."""
        inputs = self.tensors[x].shape[1]
        options = self.schema.FullyConnectedOptionsT()
        if kind == "INT8":
            weight, bias = self._constants(x, (outputs, inputs), per_channel=False)
            options.fusedActivationFunction = self.schema.ActivationFunctionType.RELU
            answer = self._activation((1, outputs), True)
        else:
            values = self._random.normal(0, inputs**-0.5, (outputs, inputs)).astype(np.float32)
            weight = self.tensor("weight", (outputs, inputs), kind, data=values)
            bias = self.tensor("bias", (outputs,), kind, data=np.zeros(outputs, np.float32))
            answer = self.tensor("logits", (1, outputs), kind)
        return self.add("FULLY_CONNECTED", [x, weight, bias], answer, options)

    def _activation(self, shape: tuple[int, ...], relu: bool) -> int:
        return self.tensor("x", shape, "INT8", _STEP, -128 if relu else 0)

    def _constants(self, x: int, shape: tuple[int, ...], per_channel: bool) -> tuple[int, int]:
        """Weights and bias of a layer that reads x."""
        step = 1 / (127 * np.prod(shape[1:]) ** 0.5)
        steps = np.full(shape[0] if per_channel else 1, step, np.float32)
        values: NDArray[np.int8] = self._random.integers(-127, 128, shape, np.int8)
        weight = self.tensor("weight", shape, "INT8", steps, data=values)
        of_bias = steps * self.tensors[x].quantization.scale[0]
        zeros = np.zeros(shape[0], np.int32)
        return weight, self.tensor("bias", (shape[0],), "INT32", of_bias, data=zeros)
