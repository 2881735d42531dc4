"""manifest.json: what an export holds, how it was made and how well it does."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from facekp_export.inference.flatbuffer import oldest_runtime, operators, read_model
from facekp_export.inference.runtimes import Runtime, TensorSpec
from facekp_export.verification.verify import Deviation
from facekp_train.common.files import parse_json, sha256_of
from facekp_train.common.settings import first_fault

MANIFEST = "manifest.json"
_PACKAGES = ("torch", "onnx", "onnxsim", "onnxruntime", "onnx2tf", "tensorflow", "ai-edge-litert", "numpy")
# The first onnxruntime that reads the opset (onnxruntime's own compatibility table).
_ONNXRUNTIME_OF_OPSET = {17: "1.12", 18: "1.14", 19: "1.15", 20: "1.17", 21: "1.18"}


_FORMAT = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TensorEntry(_Strict):
    """An input or output; scale 0 where it is not quantized."""

    name: str = Field(description="as the file calls it")
    shape: list[int] = Field(description="its sides")
    dtype: str = Field(description="NumPy's name of the element type")
    scale: float = Field(description="value of one step of an integer")
    zero_point: int = Field(description="the integer that stands for 0")


class OperatorEntry(_Strict):
    """An operator, the version that the file asks for, how often it occurs."""

    name: str = Field(description="as the format calls it")
    version: int = Field(description="version of the operator, or of its opset")
    count: int = Field(description="how often it occurs")


class FileEntry(_Strict):
    """One exported file."""

    file: str = Field(description="its name in the folder")
    kind: str = Field(description="onnx, onnx_int8, float32, float16, dynamic, int8, int8_in or int8_io")
    bytes: int = Field(description="its size")
    sha256: str = Field(description="its hash")
    input: TensorEntry = Field(description="the crop that it takes")
    output: TensorEntry = Field(description="the points that it gives")
    operators: list[OperatorEntry] = Field(description="what it asks of an engine")
    oldest_engine: str = Field(description="the oldest engine whose operators suffice")
    deviation: Deviation = Field(description="its difference from PyTorch")


class Manifest(_Strict):
    """The whole export. `format` changes when a field changes its meaning."""

    format: int = Field(default=_FORMAT, ge=1, strict=True, description="version of this document")
    name: str = Field(description="the model's name")
    untrained: bool = Field(False, description="the weights are random: for timing alone")
    scheme: str = Field(description="name of the landmark scheme")
    points: int = Field(description="keypoints")
    crop: dict[str, Any] = Field(description="the crop rule")
    boxes: dict[str, dict[str, Any]] = Field(description="mapping of each box source to the tight box")
    net: dict[str, Any] = Field(description="the net's shape, as in the checkpoint's header")
    checkpoint: str = Field(description="file name of the checkpoint")
    checkpoint_sha256: str = Field(description="its hash")
    weights_licence: str | None = Field(None, description="what the weights may be used for; absent: unknown")
    calibration: str = Field(description="which crops set the ranges of quantized files, and how many")
    labelled: str | None = Field(None, description="data set, split and faces behind the NME figures")
    torch_nme: float | None = Field(None, description="NME of PyTorch on these faces, percent")
    files: list[FileEntry] = Field(description="what was exported")
    folders: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="further folders: the SHA-256 of each file by its path in the folder",
    )
    versions: dict[str, str] = Field(description="packages that took part")
    created: str = Field(description="ISO 8601, UTC")

    # A stated return type would stand in the JSON Schema in place of the fields.
    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler):
        """Without what only some have: an untrained net's, one whose weights' terms are known."""
        absent = (("untrained", False), ("weights_licence", None))
        return {key: value for key, value in handler(self).items() if (key, value) not in absent}


def file_entry(runtime: Runtime, kind: str, deviation: Deviation) -> FileEntry:
    """Describe a file that was verified."""
    path = runtime.path
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
        name=spec.name, shape=list(spec.shape), dtype=str(spec.dtype), scale=spec.scale,
        zero_point=spec.zero_point,
    )  # fmt: skip


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
    """The manifest of an export folder; None where there is none.

    Raises ValueError for a damaged one, or one that a newer facekp made.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    content = path.read_bytes()
    _refuse_newer(path, content)
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"{path}: not a manifest of facekp-export ({first_fault(error)})") from None


def _refuse_newer(path: Path, content: bytes) -> None:
    """Before its fields are looked at, of which a newer one may have others."""
    try:
        document = parse_json(content.decode())
    except ValueError:
        return
    stated = document.get("format") if isinstance(document, dict) else None
    if isinstance(stated, int) and stated > _FORMAT:
        raise ValueError(
            f"{path}: made by a newer facekp (its format is {stated}, and this version reads {_FORMAT}); "
            "update facekp"
        )
