"""What travels inside a model file: scheme, crop rule, box mappings, input, where the weights came from.

One JSON document under the key "facekp": in an ONNX file's metadata_props, in a TFLite file's
Metadata table. With it one file alone is enough for the detector and the app. Reading needs
onnxruntime or ai_edge_litert alone; nothing here imports torch or tensorflow.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facekp_export.inference.confidence import read_scale
from facekp_export.inference.flatbuffer import read_model, write_model
from facekp_export.inference.model_path import refuse_unopenable
from facekp_export.inference.onnx_weights import refuse_foreign_weights, stated_metadata
from facekp_export.inference.tables import IDENTIFIER, Table
from facekp_train.boxes import BoxMapping, box_mappings
from facekp_train.common.files import parse_json
from facekp_train.crop import CropRule
from facekp_train.landmarks import Scheme, scheme_of
from facekp_train.metadata import (
    LONGEST,
    FiveOffset,
    ModelInput,
    Number,
    read_five_offset,
    read_licence,
    refuse_longer,
)

if TYPE_CHECKING:
    import onnx

KEY = "facekp"
SCHEMA = 2
KINDS = ("onnx", "onnx_int8", "float32", "float16", "dynamic", "int8", "int8_in", "int8_io")
"""Every kind of file an export can hold; those after the first two are TFLite."""

_MOST_ENTRIES = 256
# Numbers of fields: of a TFLite file's model, of an entry of its metadata, of a buffer.
_BUFFERS, _METADATA = 4, 6
_NAME, _BUFFER = 0, 1
_DATA = 0


@dataclass(frozen=True)
class ModelInfo:
    """What a run-time must know to use a model file.

    Attributes:
        name: the model's name.
        scheme: of its keypoints, as the file itself has it.
        kind: one of KINDS.
        crop: how a tight box becomes its input.
        boxes: each box source's mapping to that tight box.
        checkpoint_sha256: hash of the checkpoint that it was exported from, 64 hex digits.
        source: that checkpoint's file name.
        input_type: of its input's numbers, `type` of the document's `input`; None for files of schema 1,
            which do not say.
        five_offset: five pairs (right, down), how far hand-placed five lie from those that the keypoints
            imply, in eye distances; None where the checkpoint has none.
        weights_licence: what the weights may be used for; None where the checkpoint does not say.
        confidence_scale: the scatter of answers at which a face's confidence is one half, `scale` of the
            document's `confidence`; None where none was fitted, for `confidence.DEFAULT_SCALE`.
        untrained: whether its weights are random, for timing alone; the document has it only where they are.
    """

    name: str
    scheme: Scheme
    kind: str
    crop: CropRule
    boxes: dict[str, BoxMapping]
    checkpoint_sha256: str
    source: str
    input_type: Number | None = None
    five_offset: FiveOffset | None = None
    weights_licence: str | None = None
    confidence_scale: float | None = None
    untrained: bool = False

    @property
    def points(self) -> int:
        """N of its [1, 2N] output."""
        return self.scheme.points

    def to_json(self) -> str:
        """The document that goes into the file. Raises ValueError where it is longer than readers take."""
        text = json.dumps(
            {
                "schema": SCHEMA,
                "name": self.name,
                "scheme": self.scheme.as_dict(),
                "points": self.points,
                "kind": self.kind,
                "crop": self.crop.as_dict(),
                "boxes": {source: mapping.as_dict() for source, mapping in self.boxes.items()},
                "checkpoint_sha256": self.checkpoint_sha256,
                "source": self.source,
                "input": self.input_type and ModelInput(self.input_type, self.crop.size).as_dict(),
                "five_offset": self.five_offset,
                "weights_licence": self.weights_licence,
                "confidence": self.confidence_scale and {"scale": self.confidence_scale},
            }
            | ({"untrained": True} if self.untrained else {}),
            ensure_ascii=False,
            allow_nan=False,
        )
        refuse_longer(text, "the model's metadata")
        return text

    @classmethod
    def from_json(cls, text: str) -> ModelInfo:
        """Read the document.

        Args:
            text: of schema 2 or 1.

        Raises:
            ValueError: for a malformed or too long one.
        """
        document = _parse(text)
        schema = document.get("schema")
        if type(schema) is not int or not 1 <= schema <= SCHEMA:
            raise ValueError(
                f"the model's metadata has schema {str(schema)[:40]} and this version of facekp reads "
                f"schemas 1 to {SCHEMA}; upgrade facekp or export the model again"
            )
        kind = _typed(document, "kind", str)
        if kind not in KINDS:
            raise ValueError(f"the model's metadata names the unknown kind {kind[:40]!r}")
        checksum = _typed(document, "checkpoint_sha256", str)
        if not re.fullmatch(r"[0-9a-f]{64}", checksum):
            raise ValueError("the model's metadata holds no SHA-256 of its checkpoint")
        boxes = _typed(document, "boxes", dict)
        crop = CropRule.from_dict(_typed(document, "crop", dict))
        return cls(
            name=_typed(document, "name", str),
            kind=kind,
            crop=crop,
            boxes={source: BoxMapping.from_dict(source, values) for source, values in boxes.items()},
            checkpoint_sha256=checksum,
            source=_typed(document, "source", str),
            **(_of_schema_1(document) if schema == 1 else _of_schema_2(document, crop)),
        )


def _of_schema_1(document: dict[str, Any]) -> dict[str, Any]:
    """It names its scheme, which then followed from the count, and says nothing of the rest."""
    return {"scheme": scheme_of(_typed(document, "points", int))}


def _of_schema_2(document: dict[str, Any], crop: CropRule) -> dict[str, Any]:
    """Scheme, input, offset and licence, none of which contradicts the others."""
    missing = {"input", "five_offset", "weights_licence"} - set(document)
    if missing:
        raise ValueError(f"the model's metadata lacks {' and '.join(sorted(missing))}")
    try:
        scheme = Scheme.from_dict(document.get("scheme"))
        given = None if document["input"] is None else ModelInput.from_dict(document["input"])
        offset = read_five_offset(document["five_offset"], scheme)
        licence = read_licence(document["weights_licence"])
        scale = read_scale(document.get("confidence"))
    except ValueError as error:
        raise ValueError(f"the model's metadata is malformed: {error}") from None
    if not isinstance(untrained := document.get("untrained", False), bool):
        raise ValueError("the model's metadata has an 'untrained' that is neither true nor false")
    if _typed(document, "points", int) != scheme.points:
        raise ValueError(f"the model's metadata has {scheme.points} points by its scheme and another number")
    if scheme.box_source not in {**box_mappings(), **document["boxes"]}:
        raise ValueError(f"the model's metadata has no mapping of its scheme's boxes, '{scheme.box_source}'")
    if given is not None and given.side != crop.size:
        raise ValueError(f"the model's input has a side of {given.side} pixels and its crops {crop.size}")
    return {
        "scheme": scheme,
        "input_type": given and given.type,
        "five_offset": offset,
        "weights_licence": licence,
        "confidence_scale": scale,
        "untrained": untrained,
    }


def _parse(text: str) -> dict[str, Any]:
    refuse_longer(text, "the model's metadata")
    try:
        document = parse_json(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("the model's metadata is not valid JSON") from None
    if not isinstance(document, dict):
        raise ValueError("the model's metadata is not a JSON object")
    return document


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _typed(document: dict[str, Any], key: str, kind: type) -> Any:
    value = document.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"the model's metadata lacks '{key}' or holds something else there")
    return value


def read_info(path: Path) -> ModelInfo | None:
    """What a model file says about itself.

    Args:
        path: an .onnx or .tflite file.

    Returns:
        None for a foreign file without our metadata.

    Raises:
        OSError: for a file that cannot be read.
        ValueError: for a damaged one, hostile metadata or another suffix.
    """
    readers = {".tflite": _read_tflite, ".onnx": _read_onnx}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        # The one file of ours that is easily given in place of an export.
        remedy = "; make them from a checkpoint with facekp-export" if path.suffix == ".safetensors" else ""
        raise ValueError(f"{path}: a model file ends in {' or '.join(readers)}{remedy}")
    refuse_unopenable(path)
    try:
        text = reader(path)
        return None if text is None else ModelInfo.from_json(text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _read_onnx(path: Path) -> str | None:
    refuse_foreign_weights(path)
    return stated_metadata(path).get(KEY)


def _read_tflite(path: Path) -> str | None:
    """The document, found through the tables themselves: weights are neither copied nor walked."""
    data = path.read_bytes()
    if data[4:8] != IDENTIFIER:
        raise ValueError("it is not a TFLite file")
    try:
        model = Table.root(data)
        for entry in islice(model.tables(_METADATA), _MOST_ENTRIES):
            if entry.content(_NAME) != KEY.encode():
                continue
            buffer = next(islice(model.tables(_BUFFERS), entry.number(_BUFFER), None), None)
            document = b"" if buffer is None else buffer.content(_DATA)
            if not 0 < len(document) <= LONGEST:
                raise ValueError("too long")
            return document.decode("utf-8")
    except ValueError:
        raise ValueError("its metadata is damaged, or the file was cut short") from None
    return None


def tflite_with_info(data: bytes, info: ModelInfo) -> bytes:
    """Put the document into a TFLite file, in place of an older one.

    Args:
        data: the file's content.
        info: the document.

    Returns:
        The new content.
    """
    from ai_edge_litert.schema_py_generated import BufferT, MetadataT

    model = read_model(data)
    document = np.frombuffer(info.to_json().encode("utf-8"), np.uint8)
    for entry in model.metadata or ():
        if entry.name == KEY.encode():
            model.buffers[entry.buffer].data = document
            return write_model(model)
    model.metadata = [*(model.metadata or ()), MetadataT(KEY, len(model.buffers))]
    model.buffers.append(BufferT(document))
    return write_model(model)


def onnx_with_info(model: onnx.ModelProto, info: ModelInfo) -> onnx.ModelProto:
    """The same ONNX model with the document inside; other entries are kept."""
    kept = [(prop.key, prop.value) for prop in model.metadata_props if prop.key != KEY]
    del model.metadata_props[:]
    for key, value in [*kept, (KEY, info.to_json())]:
        model.metadata_props.add(key=key, value=value)
    return model
