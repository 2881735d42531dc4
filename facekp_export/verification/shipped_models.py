"""The models that come with facekp: which are here, and whether each file is as it shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.common.files import sha256_of
from facekp_train.common.shipped import (
    DEFAULT_NAME,
    WEIGHTS_LICENCE,
    ShippedFile,
    how_to_install,
    model_folder,
    shipped_files,
)

INTACT, ABSENT = "as shipped", "not installed"
_MISSING, _CHANGED = "missing", "changed"


def shipped_models() -> dict[str, Any]:
    """What `facekp-export models --json` prints: every model with its files, compared by SHA-256.

    Returns:
        `good` (no model that is here lacks a file or has a changed one), `weights_licence` and `models`,
        each with `name`, `default`, `folder` (None: not installed), `install` (the line that brings it) and
        `files` with `file`, `bytes`, `sha256` (what they must be) and `state`.
    """
    models = [_model(name, files) for name, files in shipped_files().items()]
    states = {file["state"] for model in models for file in model["files"]}
    return {
        "good": not states & {_MISSING, _CHANGED},
        "weights_licence": WEIGHTS_LICENCE,
        "models": models,
    }


def _model(name: str, files: dict[str, ShippedFile]) -> dict[str, Any]:
    folder = model_folder(name)
    return {
        "name": name,
        "default": name == DEFAULT_NAME,
        "folder": folder and str(folder),
        "install": how_to_install(name),
        "files": [
            {"file": file, **must._asdict(), "state": _state(folder and folder / file, must)}
            for file, must in files.items()
        ],
    }


def _state(path: Path | None, must: ShippedFile) -> str:
    if path is None:
        return ABSENT
    if not path.is_file():
        return _MISSING
    same = path.stat().st_size == must.bytes and sha256_of(path) == must.sha256
    return INTACT if same else _CHANGED
