"""A checkpoint in eager PyTorch, as the graph that is deployed. The one module here that imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from facekp_export.inference.runtimes import TensorSpec
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.keypoint_net import DeployedNet
from facekp_train.pruning.cost import net_cost


class TorchRuntime:
    """A `.safetensors` checkpoint on the CPU; input float32 [1, 3, S, S], RGB 0..255."""

    name = "torch"

    def __init__(self, path: Path, threads: int) -> None:
        """Raises OSError for a missing file, ValueError for one that is no checkpoint."""
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        checkpoint = load_checkpoint(path)
        self.path, self.threads = path, threads
        size = checkpoint.header.net.size
        points = checkpoint.header.points
        self.inputs = (TensorSpec("input", (1, 3, size, size), np.dtype(np.float32)),)
        self.outputs = (TensorSpec("keypoints", (1, 2 * points), np.dtype(np.float32)),)
        self._trained = checkpoint.net
        self._net: nn.Module = DeployedNet(checkpoint.net)
        self._input = torch.empty(0)
        self._output = torch.empty(0)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one call, counted by one."""
        return net_cost(self._trained).macs

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        (array,) = arrays
        self._input = torch.from_numpy(array)

    def invoke(self) -> None:
        with torch.inference_mode():
            self._output = self._net(self._input)

    def results(self) -> list[NDArray[Any]]:
        return [self._output.cpu().numpy()]


class TorchPeak(TorchRuntime):
    """A 1x1 convolution of as many channels in as out, over a map of `side`; the file is not read."""

    def __init__(self, path: Path, threads: int, channels: int, side: int) -> None:
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        self.path, self.threads = path, threads
        shape = (1, channels, side, side)
        self.inputs = (TensorSpec("x", shape, np.dtype(np.float32)),)
        self.outputs = (TensorSpec("y", shape, np.dtype(np.float32)),)
        self._net = nn.Conv2d(channels, channels, 1).eval()
        self._output = self._input = torch.empty(0)

    @property
    def macs(self) -> int:
        """Those of every weight at every place."""
        channels, side = self.inputs[0].shape[1:3]
        return channels * channels * side * side


class CudaRuntime(TorchRuntime):
    """The same on the GPU: the input lies there already, a call ends when the device is idle."""

    name = "torch-cuda"

    def __init__(self, path: Path, threads: int) -> None:
        """Raises as TorchRuntime, and ValueError where PyTorch sees no CUDA device."""
        if not torch.cuda.is_available():
            raise ValueError("PyTorch sees no CUDA device")
        super().__init__(path, threads)
        self._net = self._net.cuda()

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        super().set_inputs(arrays)
        self._input = self._input.cuda()

    def invoke(self) -> None:
        super().invoke()
        torch.cuda.synchronize()
