"""What only an extra brings."""

from __future__ import annotations

import importlib.util

import pytest

EXTRAS = {
    "dlib", "h5py", "joblib", "lightning_fabric", "matplotlib", "onnx", "onnxruntime", "onnxscript",
    "onnxsim", "pillow_heif", "ray", "safetensors", "scipy", "tensorboardX", "tensorflow", "torch",
    "torchvision", "yaml",
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
