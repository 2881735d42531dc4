"""A model file that is not known opened and run in a child process first. A model is a program."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facekp_export.inference.metadata import read_info
from facekp_export.inference.model_path import refuse_unopenable
from facekp_export.inference.onnx_weights import external_locations
from facekp_export.inference.runtimes import open_runtime
from facekp_export.inference.tensor_spec import TensorSpec
from facekp_train.common.guarded import refuse_harmful
from facekp_train.landmarks import Floats

_PACKAGES = ("ai-edge-litert", "onnxruntime", "numpy")


def refuse_harmful_model(path: Path) -> None:
    """Nothing where the file can be opened and run; a fraction of a millisecond where that is known.

    Args:
        path: an .onnx or .tflite file.

    Raises:
        OSError: for a missing file.
        ValueError: for one that ends the process that opens it, or as `open_runtime`.
    """
    refuse_unopenable(path)
    # Weights beside the model are not in its hash.
    alone = path.suffix.lower() != ".onnx" or not external_locations(path)
    refuse_harmful(path, f"{__name__}:open_once", _PACKAGES, remember=alone)


def open_once(path: Path) -> None:
    """Open a model file and run it on zeros and on noise.

    Args:
        path: the file.

    Raises:
        OSError, ValueError: as `open_runtime`, and as its runs.
    """
    read_info(path)
    runtime = open_runtime(path)
    random = np.random.default_rng(0)
    for noise in (0.0, 1.0):
        runtime.set_inputs([_filled(spec, noise * random.random(spec.shape)) for spec in runtime.inputs])
        runtime.invoke()
        runtime.results()


def _filled(spec: TensorSpec, shares: Floats) -> Floats:
    """Shares of the whole range of an integer type; of floats, the numbers themselves."""
    if spec.dtype.kind in "iu":
        shares = shares * np.iinfo(spec.dtype).max
    return np.asarray(shares).astype(spec.dtype)
