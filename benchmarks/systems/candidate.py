"""What is timed of a system: a file, and the engine that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from android_bench.engines.engines import ENGINES, Engine
from benchmarks.systems.engines import MORE_ENGINES
from facekp_export.inference.layers import read_layers, total_macs

FILES = {
    "float32": ("model_float32.tflite", "model.onnx", "model.safetensors"),
    "int8": ("model_int8.tflite", "model_int8.onnx"),
}
"""Of an export, by precision."""
PRECISIONS = tuple(FILES)


class LackingError(Exception):
    """Why a system cannot be measured here, in one sentence."""


@dataclass(frozen=True)
class Candidate:
    """A file of a system that is to be timed.

    Attributes:
        precision: `float32`, `float16` or `int8`.
        path: the file; of an untrained net that needs none, the source of its layers.
        engine: runs it.
        parameters: numbers that were learned; None where it has none to count.
        macs: multiply-accumulates of a call, of layers that have such.
        size_bytes: where it is not that of the file.
        trained: whether its answers mean something.
        few: whether a call takes so long that a few runs must do.
    """

    precision: str
    path: Path
    engine: Engine
    parameters: int | None = None
    macs: int | None = None
    size_bytes: int | None = None
    trained: bool = True
    few: bool = False


def exported(folder: Path, precisions: Sequence[str], trained: bool = True) -> list[Candidate]:
    """The files of an export, each on all engines that are installed.

    Raises LackingError where there is none.
    """
    paths = [
        (precision, folder / name)
        for precision in precisions
        for name in FILES[precision]
        if (folder / name).is_file()
    ]
    if not paths:
        raise LackingError(f"{folder.name} has no exported file of {' or '.join(precisions)} here")
    parameters, macs = _work(folder / FILES["float32"][0])
    return [
        Candidate(precision, path, engine, parameters, macs, trained=trained)
        for precision, path in paths
        for engine in engines_of(path)
    ]


def engines_of(path: Path) -> list[Engine]:
    """All installed engines that run a file of its suffix."""
    return [
        engine
        for engine in (ENGINES | MORE_ENGINES).values()
        if engine.suffix == path.suffix and engine.installed
    ]


@lru_cache
def _work(path: Path) -> tuple[int | None, int | None]:
    """Parameters and multiply-accumulates of a float32 .tflite; of a file that is not there, none."""
    if not path.is_file():
        return None, None
    found = read_layers(path)
    # float32, in memory if not in the file; what does not multiply holds shapes and constants alone.
    return sum(layer.weight_bytes for layer in found if layer.macs) // 4, total_macs(found)
