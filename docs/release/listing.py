"""`python -m docs.release.listing`: write down which models ship, after a file below models/ changed."""

from __future__ import annotations

import json
from pathlib import Path

from facekp_train.common.files import sha256_of, write_text
from facekp_train.common.shipped import LISTING

_ROOT = Path(__file__).parents[2]
_WEIGHTS = (".safetensors", ".onnx", ".tflite")


def listing() -> str:
    """The document: each model's files of weights with their bytes and SHA-256."""
    found: dict[str, dict[str, dict[str, int | str]]] = {}
    for path in sorted((_ROOT / "models").glob("*/*")):
        if path.suffix in _WEIGHTS:
            entry = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
            found.setdefault(path.parent.name, {})[path.name] = entry
    return json.dumps(found, indent=2) + "\n"


if __name__ == "__main__":
    write_text(LISTING, listing())
