"""Metadata that Python reads or refuses, and model files that were damaged."""

from __future__ import annotations

import base64
import json
import random
import struct
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from facekp_export.inference.flatbuffer import read_model
from facekp_export.inference.metadata import ModelInfo, read_info, tflite_with_info
from facekp_train.boxes import mapping_of
from facekp_train.landmarks import scheme_of
from tests.support.models.hostile_models import damaged
from tests.support.models.model_info import INFO
from tests.support.models.tiny_models import tiny_tflite

_DAMAGES = 60
_SMALL = replace(INFO, scheme=scheme_of(5), boxes={"tight5": mapping_of("tight5")}, input_type="uint8")

Change = Callable[[dict[str, Any]], object]


def _put(*path: str | int, value: object) -> Change:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


_CHANGES: dict[str, Change] = {
    "as it is": lambda document: None,
    "another kind": _put("kind", value="float16"),
    "no input": _put("input", value=None),
    "a confidence": _put("confidence", value={"scale": 0.02}),
    "an offset": _put("five_offset", value=[[0.1, -0.2]] * 5),
    "a scheme of its own": _put("scheme", "name", value="mine.v2"),
    "lines": _put("scheme", "lines", value=[[0, 2, 1], [3, 4]]),
    "without a list of five": _put("scheme", "five", value=None),
    "unknown entries": _put("later", value={"a": [1, 2.5, True, None, "\u2028"]}),
    "a whole scale": _put("crop", "scale", value=2),
    "schema 3": _put("schema", value=3),
    "schema 0": _put("schema", value=0),
    "schema 2.0": _put("schema", value=2.0),
    "schema true": _put("schema", value=True),
    "no kind": lambda document: document.pop("kind"),
    "unknown kind": _put("kind", value="float8"),
    "no hash": _put("checkpoint_sha256", value="AB" * 32),
    "no boxes": lambda document: document.pop("boxes"),
    "a mapping that is short": _put("boxes", "mtfl", value={"dx": 0}),
    "a mapping out of range": _put("boxes", "tight5", "dx", value=10.5),
    "a mapping of text": _put("boxes", "tight5", "scale", value="1"),
    "a mapping of truth": _put("boxes", "tight5", "dy", value=True),
    "a mapping that shrinks to nothing": _put("boxes", "tight5", "scale", value=0),
    "a mapping of a part of a face": _put("boxes", "tight5", "n", value=1.5),
    "weights for timing alone": _put("untrained", value=True),
    "weights that are trained": _put("untrained", value=False),
    "an untrained of text": _put("untrained", value="no"),
    "an untrained of nothing": _put("untrained", value=None),
    "a huge crop": _put("crop", "size", value=1025),
    "a tiny scale": _put("crop", "scale", value=0.01),
    "a border": _put("crop", "border", value=256),
    "a border below": _put("crop", "border", value=-1),
    "another sampling": _put("crop", "sampling", value="nearest"),
    "no crop size": lambda document: document["crop"].pop("size"),
    "another side": _put("input", "side", value=128),
    "another type": _put("input", "type", value="float64"),
    "a side of text": _put("input", "side", value="96"),
    "no input entry": lambda document: document.pop("input"),
    "an empty licence": _put("weights_licence", value="  "),
    "a long licence": _put("weights_licence", value="x" * 2001),
    "a confidence above one": _put("confidence", value={"scale": 1.5}),
    "a confidence of more": _put("confidence", value={"scale": 0.5, "more": 1}),
    "an offset too far": _put("five_offset", value=[[1.1, 0]] * 5),
    "an offset of four": _put("five_offset", value=[[0, 0]] * 4),
    "points that differ": _put("points", value=6),
    "points true": _put("points", value=True),
    "no scheme": lambda document: document.pop("scheme"),
    "a scheme with more": _put("scheme", "more", value=1),
    "a name with a blank": _put("scheme", "name", value="my scheme"),
    "a long name": _put("scheme", "name", value="m" * 65),
    "a name twice": _put("scheme", "names", 1, value="left_eye"),
    "a name that does not print": _put("scheme", "names", 1, value="a\u200bb"),
    "an empty name": _put("scheme", "names", 1, value=""),
    "a flip of three": _put("scheme", "flip", value=[1, 2, 0, 3, 4]),
    "a flip beyond": _put("scheme", "flip", value=[0, 1, 2, 3, 9]),
    "a flip that is short": _put("scheme", "flip", value=[0, 1]),
    "a flip of fractions": _put("scheme", "flip", 2, value=2.0),
    "a line of one": _put("scheme", "lines", value=[[1]]),
    "a line beyond": _put("scheme", "lines", value=[[1, 5]]),
    "lines without end": _put("scheme", "lines", value=[[0, 1] * 5001]),
    "a normalizer without length": _put("scheme", "normalisers", "inter_pupil", value=[[1], [1]]),
    "a normalizer of one end": _put("scheme", "normalisers", "inter_pupil", value=[[1]]),
    "a reserved normalizer": _put("scheme", "normalisers", "box", value=[[0], [1]]),
    "four of five": _put("scheme", "five", value=[[0], [1], [2], [3]]),
    "an unknown box source": _put("scheme", "box_source", value="nobody"),
}


def documents() -> dict[str, Any]:
    """Documents and files, each with what Python made of it."""
    texts = [(name, _changed(change)) for name, change in _CHANGES.items()]
    first = {**json.loads(_SMALL.to_json()), "schema": 1, "scheme": "five"}
    texts += [
        ("schema 1", json.dumps(first)),
        ("schema 1 of no known count", json.dumps({**first, "points": 7})),
        ("no JSON", "{"),
        ("a list", "[]"),
        ("not a number", '{"schema": NaN}'),
        ("deeper than 200", "[" * 201 + "]" * 201),
        ("a comment", "{} // so"),
        ("a tab in a text", '{"a": "\t"}'),
        ("a zero in front", '{"a": 01}'),
        ("a number too long", '{"a": ' + "9" * 5000 + "}"),
    ]
    return {"texts": [{"name": name, "text": text, "read": _read(text)} for name, text in texts],
            "files": _files()}  # fmt: skip


def _changed(change: Change) -> str:
    document = json.loads(_SMALL.to_json())
    change(document)
    return json.dumps(document)


def _read(text: str) -> dict[str, Any] | None:
    """What Python reads there; None where it refuses."""
    try:
        info = ModelInfo.from_json(text)
    except ValueError:
        return None
    own = info.boxes["tight5"]
    return {
        "name": info.name, "scheme": info.scheme.name, "names": info.scheme.names, "flip": info.scheme.flip,
        "lines": info.scheme.lines, "kind": info.kind, "size": info.crop.size, "scale": info.crop.scale,
        "border": info.crop.border, "input": info.input_type, "licence": info.weights_licence,
        "confidence": info.confidence_scale, "tight5": [own.dx, own.dy, own.scale],
        "untrained": info.untrained,
    }  # fmt: skip


def _files() -> list[dict[str, Any]]:
    """A small file of ours and damaged copies of it, the same every time; whether Python takes each."""
    with tempfile.TemporaryDirectory() as folder:
        path = tiny_tflite(Path(folder, "tiny.tflite"))
        foreign = path.read_bytes()
        whole = tflite_with_info(foreign, _SMALL)
        cases = [("whole", whole), ("foreign", foreign), ("empty", b""), ("onnx", b"\x08\x09" * 20)]
        cases += [damaged(whole, random.Random(case)) for case in range(_DAMAGES)]
        cases += [_with_a_word(whole, random.Random(case)) for case in range(_DAMAGES)]
        return [
            {
                "damage": damage,
                "data": _packed(data),
                "name": _taken(path, data),
            }
            for damage, data in cases
        ]


def _with_a_word(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """The file with another offset or length among its tables, the document left as it is."""
    document = data.find(b'{"schema"')
    at = chance.choice([place for place in range(0, len(data) - 4, 2) if not -4 < place - document < 900])
    word = chance.choice([-1, 1, 2, 4, 8, 0xFFFF, 2**31 - 1, len(data), chance.randrange(len(data))])
    return "word", data[:at] + struct.pack("<i", word) + data[at + 4 :]


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def _taken(path: Path, data: bytes) -> str | None:
    """The model's name, where Python takes the file."""
    path.write_bytes(data)
    try:
        info = read_info(path)
        read_model(data)
        return info and info.name
    except ValueError:
        return None
