"""The model files of an export that a folder beside them is made from."""

from __future__ import annotations

from pathlib import Path

from facekp_export.finders.blazeface import FULL_RANGE, SHORT_RANGE, blazeface_file
from facekp_export.verification.manifest import read_manifest
from facekp_train.common.console import UserError


def tflite_files(out: Path) -> list[str]:
    """Names of an export's TFLite files; [] where there is no export. ValueError for a damaged manifest."""
    return _files(out, ".tflite")


def onnx_files(out: Path) -> list[str]:
    """Names of its ONNX files, in the same way."""
    return _files(out, ".onnx")


def _files(out: Path, suffix: str) -> list[str]:
    manifest = read_manifest(out)
    return [entry.file for entry in manifest.files if entry.file.endswith(suffix)] if manifest else []


def models_for(out: Path, target: str, *, or_onnx: bool = False) -> list[str]:
    """The TFLite files, all of which are there. UserError for none, for a missing one and for random weights.

    target: the format that they are for, as `--to` names it. or_onnx: its ONNX files where there are none.
    """
    if (before := read_manifest(out)) is not None and before.untrained:
        raise UserError(f"{out} holds random weights, which no app can use; export a trained checkpoint")
    models = tflite_files(out) or (onnx_files(out) if or_onnx else [])
    if not models:
        raise UserError(
            f"{out} holds no TFLite files of an export; make them with: --to tflite --to {target}"
        )
    missing = [name for name in models if not (out / name).is_file()]
    if missing:
        raise UserError(f"{out} lacks {missing[0]}, which its manifest lists; export it again")
    return models


def finder_files() -> list[Path]:
    """BlazeFace's two nets. Raises UserError where they are not installed."""
    return [blazeface_file(variant.file) for variant in (SHORT_RANGE, FULL_RANGE)]
