"""Engines of systems that no engine of facekp-bench runs, and OpenVINO where it is installed.

A file's name says what it is: `sdm.npz`, `san.py` and `lab.py` (layers with random weights), dlib's .dat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from android_bench.engines.engines import Engine
from facekp_export.inference.runtimes import Runtime
from facekp_export.inference.tensor_spec import TensorSpec

Call = Callable[[NDArray[Any]], NDArray[Any]]


class _Called:
    """A function of one array as a `Runtime`."""

    def __init__(
        self, name: str, path: Path, threads: int, shape: tuple[int, ...], dtype: str, call: Call
    ) -> None:
        self.name, self.path, self.threads = name, path, threads
        self.inputs = (TensorSpec("input", shape, np.dtype(dtype)),)
        self.outputs = (TensorSpec("output", (1,), np.dtype(np.float32)),)
        self._call = call
        self._input = self._output = np.empty(0)

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        (self._input,) = arrays

    def invoke(self) -> None:
        self._output = self._call(self._input)

    def results(self) -> list[NDArray[Any]]:
        return [np.asarray(self._output)]


def _open_sdm(path: Path, threads: int) -> Runtime:
    import cv2

    from benchmarks.systems.sdm import RULE, Cascade

    cv2.setNumThreads(threads)
    shape = (1, RULE.size, RULE.size, 3)
    return _Called("numpy", path, threads, shape, "uint8", Cascade.load(path).runner())


def _open_layers(path: Path, threads: int) -> Runtime:
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    module = import_module(f"benchmarks.systems.{path.stem}")
    net = module.NET().eval()

    def call(face: NDArray[Any]) -> NDArray[Any]:
        with torch.inference_mode():
            return net(torch.from_numpy(face)).numpy()

    return _Called("torch", path, threads, (1, 3, module.SIDE, module.SIDE), "float32", call)


def _open_dlib(path: Path, threads: int) -> Runtime:
    from facekp_train.labels.shape_predictor import opened_predictor, rectangle

    predictor, side = opened_predictor(path), 256
    box = rectangle((side / 4, side / 4, side * 3 / 4, side * 3 / 4))

    def call(view: NDArray[Any]) -> NDArray[Any]:
        return np.array([(part.x, part.y) for part in predictor(view, box).parts()], np.float32)

    return _Called("dlib", path, threads, (side, side, 3), "uint8", call)


def _open_openvino(path: Path, threads: int) -> Runtime:
    openvino = import_module("openvino")
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    request = compiled.create_infer_request()
    shape = tuple(compiled.input(0).shape)

    def call(crop: NDArray[Any]) -> NDArray[Any]:
        return request.infer({0: crop}, share_inputs=True)[0]

    return _Called("openvino", path, threads, shape, "float32", call)


_SDM = ("numpy", "cv2", "benchmarks.systems.sdm")
_LAYERS = ("torch", "torchvision", "benchmarks.systems.san", "benchmarks.systems.lab")
MORE_ENGINES = {
    engine.name: engine
    for engine in (
        Engine("numpy", ".npz", _SDM, "numpy", "", _open_sdm, cpu_clock="process"),
        Engine("torch-layers", ".py", _LAYERS, "torch", "train", _open_layers, cpu_clock="process"),
        Engine("dlib", ".dat", ("dlib",), "dlib-bin", "labels", _open_dlib),
        Engine("openvino", ".onnx", ("openvino",), "openvino", "", _open_openvino, cpu_clock="process"),
    )
}
"""By name."""


def runtime_name(engine: str) -> str:
    """What the table calls the runtime of an engine."""
    return "torch" if engine == "torch-layers" else engine
