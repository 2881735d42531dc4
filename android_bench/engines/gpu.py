"""Engines that compute on this machine's GPU, and the question which of them can.

Each refuses to open rather than compute elsewhere: onnxruntime leaves what a provider cannot take to
the CPU unless it is told not to (session.disable_cpu_ep_fallback,
https://onnxruntime.ai/docs/execution-providers/). A call counts as finished when the device is idle again:
onnxruntime's run returns with its outputs on the host, PyTorch is synchronized by hand.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from android_bench.engines.engines import TORCH_MODULES, Engine
from facekp_export.inference.runtimes import OnnxRuntime, Runtime
from facekp_train.common.console import UserError
from facekp_train.common.files import package_file

_NO_FALLBACK = "session.disable_cpu_ep_fallback"
_PROBE_SECONDS = 120
# y = Relu(x), float32 [1, 1, 8, 8], opset 13: what every provider can compute.
_PROBE = base64.b64decode(
    "CAg6SwoMCgF4EgF5IgRSZWx1EgFnWhsKAXgSFgoUCAESEAoCCAEKAggBCgIICAoCCAhiGwoBeRIWChQIARIQCgIIAQoCCAEKAggI"
    "CgIICEIECgAQDQ=="
)
_ROOT = package_file("android_bench").parent
# The first must be there; what TensorRT cannot take stays on the same GPU.
_PROVIDERS = {
    "onnxruntime-tensorrt": ("TensorrtExecutionProvider", "CUDAExecutionProvider"),
    "onnxruntime-cuda": ("CUDAExecutionProvider",),
    "onnxruntime-rocm": ("ROCMExecutionProvider",),
    "onnxruntime-directml": ("DmlExecutionProvider",),
    "onnxruntime-coreml": ("CoreMLExecutionProvider",),
}


def _opener(providers: Sequence[str]) -> Callable[[Path, int], Runtime]:
    return lambda path, threads: OnnxRuntime(path, threads, providers, {_NO_FALLBACK: "1"})


def _open_torch(path: Path, threads: int) -> Runtime:
    from android_bench.engines.torch_engine import CudaRuntime

    return CudaRuntime(path, threads)


GPU_ENGINES = {
    engine.name: engine
    for engine in (
        *(
            Engine(name, ".onnx", ("onnxruntime",), "onnxruntime-gpu", "", _opener(providers), "gpu", None)
            for name, providers in _PROVIDERS.items()
        ),
        Engine("torch-cuda", ".safetensors", TORCH_MODULES, "torch", "train", _open_torch, "gpu", None),
    )
}  # fmt: skip


def gpu_engines() -> tuple[dict[str, Engine], str]:
    """The engines that have a GPU here, by name, and the GPU's name.

    Asked in a process of its own, since the answer imports torch. Raises UserError, naming what was
    looked for, where there is none.
    """
    command = [sys.executable, "-m", "android_bench.engines.gpu"]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=True, cwd=_ROOT
        )
        seen = json.loads(ended.stdout.splitlines()[-1])
    except (subprocess.SubprocessError, IndexError, ValueError) as error:
        raise UserError(f"looking for a GPU failed: {error}") from None
    if not seen["usable"]:
        raise UserError(
            f"no GPU can be used here: {'; '.join(seen['lacking'])}; on a machine with a GPU install PyTorch "
            "with CUDA or onnxruntime-gpu, or measure with --device cpu"
        )
    return {name: GPU_ENGINES[name] for name in seen["usable"]}, seen["gpu"]


def _look() -> dict[str, Any]:
    usable, lack = _onnx_engines()
    lacking = [lack]
    gpu = "unnamed"
    try:
        import torch

        if torch.cuda.is_available():
            usable.append("torch-cuda")
            gpu = torch.cuda.get_device_name()
        else:
            lacking.append("PyTorch sees no CUDA device")
    except ImportError:
        lacking.append("PyTorch is not installed")
    return {"usable": usable, "lacking": lacking, "gpu": gpu}


def _onnx_engines() -> tuple[list[str], str]:
    """Names of onnxruntime's engines that open a model here, and what to say where there are none.

    The providers that it lists are those it was built with; device and libraries may be missing.
    """
    try:
        import onnxruntime
    except ImportError:
        return [], "onnxruntime is not installed"
    built = onnxruntime.get_available_providers()
    tried = {name: first for name, (first, *_) in _PROVIDERS.items() if first in built}
    if not tried:
        return [], f"onnxruntime has {', '.join(built)} alone"
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.onnx"
        probe.write_bytes(_PROBE)
        usable = [name for name in tried if _opens(GPU_ENGINES[name], probe)]
    return usable, f"onnxruntime cannot open a model with {' or '.join(tried.values())}"


def _opens(engine: Engine, model: Path) -> bool:
    try:
        engine.open(model, 1)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps(_look()))
