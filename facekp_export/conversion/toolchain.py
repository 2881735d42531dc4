"""What export runs on: the Pythons and packages that it needs, and the order in which they are loaded."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import sys
from typing import Any

from facekp_train.common.console import UserError, require
from facekp_train.common.process import made_to_stay

_PACKAGES = ("torch", "onnx", "onnxsim", "onnx2tf", "tensorflow", "safetensors")
# From onnx2tf's first to TensorFlow's last, as the markers of pyproject.toml's extra `export` have it.
_FIRST, _BEYOND = (3, 10, 12), (3, 14)
# From here on TensorFlow and triton have the same options of LLVM, and the second to register them decides:
# triton ends the process.
_CLASHES = (2, 21)


def require_export() -> None:
    """Raise UserError where models cannot be exported here: another Python is needed, or a package."""
    version = sys.version_info[:3]
    if not _FIRST <= version < _BEYOND:
        raise UserError(
            f"export needs Python 3.10.12 to 3.13, since TensorFlow and onnx2tf have no release for "
            f"{'.'.join(map(str, version))}; install facekp[export] in an environment of one of those"
        )
    require("export", *_PACKAGES)


def load_tensorflow() -> Any:
    """The module tensorflow; behind triton, where they clash and PyTorch may load that later.

    Raises UserError where a program has loaded TensorFlow alone before, while it can still be told.
    """
    if _release("tensorflow") >= _CLASHES and importlib.util.find_spec("triton") is not None:
        if "tensorflow" in sys.modules and "triton" not in sys.modules:
            raise UserError(
                "this program has loaded TensorFlow before triton, which would end it; "
                "import torch and triton first"
            )
        importlib.import_module("triton")
    # As onnx2tf sets it itself, too late where TensorFlow is there before it: Keras 3 and IPython, unused.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    # Half a million objects; each full collection would go through them all.
    with made_to_stay():
        return importlib.import_module("tensorflow")


def keras_of(onnx_file: str) -> Any:
    """An ONNX file of the working folder as a Keras model that takes NHWC; raises what onnx2tf raises."""
    load_tensorflow()  # which onnx2tf imports
    import onnx2tf

    # Its second line writes TFLite files by itself by default, and makes no Keras model then.
    backend: dict[str, Any] = {"tflite_backend": "tf_converter"} if _release("onnx2tf") >= (2, 0) else {}
    return onnx2tf.convert(
        input_onnx_file_path=onnx_file, output_folder_path="saved_model",
        disable_model_save=True, not_use_onnxsim=True, non_verbose=True, verbosity="error", **backend,
    )  # fmt: skip


def _release(package: str) -> tuple[int, int]:
    major, minor = importlib.metadata.version(package).split(".")[:2]
    return int(major), int(minor)
