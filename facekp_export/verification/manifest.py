"""manifest.json: what an export holds, how it was made and how well it does."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from facekp_export.inference.flatbuffer import oldest_runtime, operators, read_model
from facekp_export.inference.runtimes import TensorSpec, open_runtime
from facekp_export.verification.verify import Deviation
from facekp_train.common.files import sha256_of

MANIFEST = "manifest.json"
_PACKAGES = ("torch", "onnx", "onnxsim", "onnxruntime", "onnx2tf", "tensorflow", "ai-edge-litert", "numpy")
# The first onnxruntime that reads the opset (onnxruntime's own compatibility table).
_ONNXRUNTIME_OF_OPSET = {17: "1.12", 18: "1.14", 19: "1.15", 20: "1.17", 21: "1.18"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TensorEntry(_Strict):
    """An input or output; scale 0 where it is not quantized."""

    name: str
    shape: list[int]
    dtype: str
    scale: float
    zero_point: int


class OperatorEntry(_Strict):
    """An operator, the version that the file asks for, how often it occurs."""

    name: str
    version: int
    count: int


class FileEntry(_Strict):
    """One exported file."""

    file: str
    kind: str
    bytes: int
    sha256: str
    input: TensorEntry
    output: TensorEntry
    operators: list[OperatorEntry]
    oldest_engine: str
    deviation: Deviation


class Manifest(_Strict):
    """The whole export. `format` changes when a field changes its meaning."""

    format: int = 1
    name: str
    scheme: str
    points: int
    crop: dict[str, Any]
    boxes: dict[str, dict[str, Any]]
    net: dict[str, Any]
    checkpoint: str
    checkpoint_sha256: str
    calibration: str = Field(description="which crops set the ranges of quantized files, and how many")
    labelled: str | None = Field(None, description="data set, split and faces behind the NME figures")
    torch_nme: float | None = None
    files: list[FileEntry]
    versions: dict[str, str]
    created: str


def file_entry(path: Path, kind: str, deviation: Deviation) -> FileEntry:
    """Describe a file that was verified."""
    runtime = open_runtime(path)
    described, oldest = _operators(path)
    return FileEntry(
        file=path.name,
        kind=kind,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        input=_tensor(runtime.inputs[0]),
        output=_tensor(runtime.outputs[0]),
        operators=described,
        oldest_engine=oldest,
        deviation=deviation,
    )


def _tensor(spec: TensorSpec) -> TensorEntry:
    return TensorEntry(
        name=spec.name,
        shape=list(spec.shape),
        dtype=str(spec.dtype),
        scale=spec.scale,
        zero_point=spec.zero_point,
    )


def _operators(path: Path) -> tuple[list[OperatorEntry], str]:
    if path.suffix == ".onnx":
        return _onnx_operators(path)
    model = read_model(path.read_bytes())
    entries = [OperatorEntry(name=o.name, version=o.version, count=o.count) for o in operators(model)]
    return entries, f"TensorFlow Lite {oldest_runtime(model)}"


def _onnx_operators(path: Path) -> tuple[list[OperatorEntry], str]:
    import onnx

    model = onnx.load(str(path))
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    uses = Counter(node.op_type for node in model.graph.node)
    entries = [OperatorEntry(name=n, version=opset, count=count) for n, count in sorted(uses.items())]
    return entries, f"onnxruntime {_ONNXRUNTIME_OF_OPSET.get(opset, '(opset ' + str(opset) + ')')}"


def package_versions() -> dict[str, str]:
    """Versions of the packages that take part, those that are installed."""
    return {name: importlib.metadata.version(name) for name in ("facekp", *_PACKAGES) if _installed(name)}


def _installed(name: str) -> bool:
    return bool(list(importlib.metadata.distributions(name=name)))


def now() -> str:
    """This moment, UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an export folder; None where there is none. ValueError for a damaged one."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: not a manifest of facekp-export ({where}: {first['msg']})") from None
