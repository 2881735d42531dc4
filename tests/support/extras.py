"""What only an extra brings."""

from __future__ import annotations

import importlib.util

import pytest

from facekp_export.finders.registry import open_finder
from facekp_train.common.console import UserError

EXTRAS = {
    "dlib", "h5py", "joblib", "lightning_fabric", "matplotlib", "onnx", "onnxscript", "onnxsim",
    "pillow_heif", "ray", "safetensors", "scipy", "tensorboardX", "tensorflow", "torch", "torchvision",
    "yaml",
}  # fmt: skip
"""The packages that the base install does without."""
EXPORT = ("torch", "onnx", "onnxsim", "onnx2tf", "tensorflow")


def needs_export() -> None:
    """Skip the module, or the test, where facekp[export] is not installed.

    `pytest.importorskip` would load TensorFlow, and that too early (facekp_export/conversion/toolchain.py).
    """
    lacking = [name for name in EXPORT if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"needs facekp[export]: {', '.join(lacking)}", allow_module_level=True)


def needs_blazeface() -> None:
    """Skip the test where BlazeFace's files are not installed."""
    try:
        open_finder("blazeface", 1)
    except UserError as error:
        if "is missing" not in str(error):
            raise
        pytest.skip(str(error))
