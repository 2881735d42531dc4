"""Which engine runs which model file. A further one adds one line to `ENGINES`.

An engine is opened in the measuring process alone: torch, above all, is never imported here.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from android_bench.clocks import CpuClock
from facekp_export.inference.metadata import read_info
from facekp_export.inference.runtimes import Runtime, open_runtime
from facekp_train.common.files import parse_json


def _open_torch(path: Path, threads: int) -> Runtime:
    from android_bench.engines.torch_engine import TorchRuntime

    return TorchRuntime(path, threads)


@dataclass(frozen=True)
class Engine:
    """What runs the files of one suffix.

    name: as in `--runtime`. suffix: of its files. modules: what opening a file imports, the package
    itself first. package: what pip calls it. extra: of facekp, that brings it ("" where the base
    install does). device: what computes, `cpu` or `gpu`. cpu_clock: whose CPU time one call on one thread
    takes, the calling thread's or, where the engine computes on a thread of its own, the process's; None
    where another device computes.
    """

    name: str
    suffix: str
    modules: tuple[str, ...]
    package: str
    extra: str
    open: Callable[[Path, int], Runtime]
    device: str = "cpu"
    cpu_clock: CpuClock | None = "thread"

    @property
    def packages(self) -> list[str]:
        """The importable packages that it needs."""
        return list(dict.fromkeys(name.partition(".")[0] for name in self.modules))

    @property
    def installed(self) -> bool:
        """Whether they are there, without importing them."""
        return all(importlib.util.find_spec(name) for name in self.packages)

    def load(self) -> str | None:
        """Import all that opening a file will import; the version of the package."""
        package, *_ = [importlib.import_module(name) for name in self.modules]
        # onnxruntime-gpu and its like hold the same module under another package's name.
        if version := getattr(package, "__version__", None):
            return str(version)
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None


TORCH_MODULES = ("torch", "safetensors", "android_bench.engines.torch_engine")
_LITERT = ("ai_edge_litert", "ai_edge_litert.interpreter", "ai_edge_litert.schema_py_generated")
ENGINES = {
    engine.name: engine
    for engine in (
        Engine("onnxruntime", ".onnx", ("onnxruntime",), "onnxruntime", "onnx", open_runtime),
        Engine("litert", ".tflite", _LITERT, "ai-edge-litert", "", open_runtime),
        Engine("torch", ".safetensors", TORCH_MODULES, "torch", "train", _open_torch, cpu_clock="process"),
    )
}
EXPORTED = ("onnxruntime", "litert")
"""Those of exported files: a checkpoint is not what ships."""
BY_SUFFIX = {engine.suffix: engine for engine in ENGINES.values()}


def engine_of(path: Path) -> Engine | None:
    """The engine that runs the file; None where no engine knows its suffix."""
    return BY_SUFFIX.get(path.suffix.lower())


def identity(path: Path) -> tuple[str | None, str | None]:
    """Name and kind from the file's own metadata; (None, None) for a foreign or a damaged file."""
    try:
        if path.suffix.lower() == ".safetensors":
            from safetensors import safe_open

            with safe_open(str(path), framework="numpy") as file:
                header = parse_json((file.metadata() or {})["facekp"])
            return str(header["name"]), "checkpoint"
        info = read_info(path)
    except Exception:  # whatever is wrong with the file, opening it will say so in its own words
        return None, None
    return (None, None) if info is None else (info.name, info.kind)
