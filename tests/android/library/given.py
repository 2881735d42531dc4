"""Pictures, models and what `facekp-detect` says of them: what the Kotlin library is given whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facekp_export.inference.flatbuffer import read_model, write_model
from facekp_export.inference.metadata import KEY, read_info, tflite_with_info
from tests.support.models.tiny_models import tiny_tflite
from tests.support.places import DEMO_PHOTO, MODELS, ROOT

_MODELS = sorted(MODELS.glob("mdp-*/*.tflite"))
_SHIPPED = MODELS / "mdp-0.25x" / "model_float32.tflite"
_NAN = np.frombuffer(np.float32("nan").tobytes(), np.uint8)


def write_given(folder: Path) -> None:
    """Everything that WholeWayTest reads."""
    two = several(folder / "several.png")
    looks = [(model, "blazeface-fast", None, DEMO_PHOTO) for model in _MODELS]
    looks += [(_SHIPPED, finder, None, two) for finder in ("blazeface-fast", "blazeface")]
    looks += [(_SHIPPED, "blazeface", smallest, two) for smallest in (200.0, 14.0)]
    cases = [
        {"model": str(model), "finder": finder, "smallest": smallest, "photo": str(photo),
         "faces": _detected(model, finder, smallest, photo)}
        for model, finder, smallest, photo in looks
    ]  # fmt: skip
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    _write_models(folder)


def several(path: Path) -> Path:
    """Two faces, one of them small, in a picture with odd sides; a third is seen by who looks for it."""
    photo = cv2.imread(str(DEMO_PHOTO))
    assert photo is not None
    canvas = np.full((801, 1203, 3), 90, np.uint8)
    canvas[250:762, 30:542] = photo
    canvas[60:256, 900:1096] = cv2.resize(photo, (196, 196), interpolation=cv2.INTER_AREA)
    canvas[600:690, 1000:1090] = cv2.resize(photo, (90, 90), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), canvas)
    return path


def _detected(model: Path, finder: str, smallest: float | None, photo: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "facekp_export.detect", str(photo), "--json", "--model", str(model)]
    command += ["--finder", finder, *([] if smallest is None else ["--smallest-face", str(smallest)])]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)["faces"]


def _write_models(folder: Path) -> None:
    data = _SHIPPED.read_bytes()
    info = read_info(_SHIPPED)
    assert info is not None
    files = {
        "float32": data,
        "foreign": tiny_tflite(folder / "tiny.tflite").read_bytes(),
        "cut": data[: len(data) // 2],
        "empty": b"",
        "onnx": (MODELS / "mdp-0.25x" / "model.onnx").read_bytes(),
        "contradicts": tflite_with_info(data, replace(info, input_type="int8")),
        "newer": _with_document(data, info.to_json().replace('"schema": 2', '"schema": 3')),
        "shape": tflite_with_info(data, replace(info, crop=replace(info.crop, size=96))),
        "nan": _spoiled(data),
    }
    for name, content in files.items():
        (folder / f"{name}.tflite").write_bytes(content)
    (folder / "finders").mkdir()
    shutil.copyfile(_SHIPPED, folder / "finders" / "face_detection_short_range.tflite")


def _with_document(data: bytes, document: str) -> bytes:
    model = read_model(data)
    (entry,) = (entry for entry in model.metadata if entry.name == KEY.encode())
    model.buffers[entry.buffer].data = np.frombuffer(document.encode(), np.uint8)
    return write_model(model)


def _spoiled(data: bytes) -> bytes:
    """The largest weights are no numbers any more."""
    model = read_model(data)
    largest = max((b for b in model.buffers if b.data is not None), key=lambda buffer: len(buffer.data))
    largest.data = np.resize(_NAN, len(largest.data))
    return write_model(model)
