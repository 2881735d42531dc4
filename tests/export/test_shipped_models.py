"""The files that come with the toolkit are whole, small enough, and as close to PyTorch as promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_export.verification.check import check_integrity, find_models
from facekp_export.verification.manifest import read_manifest
from facekp_train.common.files import sha256_of
from facekp_train.common.shipped import shipped_models_dir

LARGEST = 10_000_000
FILES = (
    "model.onnx", "model_int8.onnx", "model_float32.tflite", "model_float16.tflite", "model_dynamic.tflite",
    "model_int8.tflite",
)  # fmt: skip


def shipped() -> list[Path]:
    return sorted(path.parent for path in shipped_models_dir().glob("*/manifest.json"))


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_a_shipped_model_keeps_its_promises(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest is not None
    assert tuple(entry.file for entry in manifest.files) == FILES
    assert manifest.checkpoint_sha256 == sha256_of(folder / "model.safetensors")
    for entry in manifest.files:
        found = entry.deviation
        assert entry.bytes < LARGEST
        if entry.kind in ("onnx", "float32", "float16"):
            assert found.max_abs < (1e-3 if entry.kind == "float16" else 1e-4)
        else:
            assert found.mean_px < 0.5
        assert found.nme_change is None or abs(found.nme_change) < 2


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_shipped_files_agree_with_each_other(folder: Path) -> None:
    """Measured here and now: the manifest's figures were measured elsewhere."""
    checked = check_integrity(find_models(folder), folder)
    assert checked.good, checked.document
    assert all(entry["mean_px"] < 0.6 for entry in checked.document["files"])
    pixels = {entry["kind"]: entry["mean_px"] for entry in checked.document["files"]}
    assert pixels["dynamic"] < pixels["int8"], "its last layer rounds"
