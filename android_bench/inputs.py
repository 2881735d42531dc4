"""Inputs for a model about which nothing is known but its tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_export.runtimes import TensorSpec


def fill(spec: TensorSpec) -> NDArray[Any]:
    """The same noise at every call, of the tensor's shape and type, that a model can digest.

    Floats are uniform in [0, 1). Bytes cover their whole range, like pixels and quantised
    activations. Wider integers are 0 or 1 and booleans True, so that they are legal as indices of
    any table and as masks. Raises ValueError for tensors that do not hold numbers.
    """
    noise = np.random.default_rng(0)
    if spec.dtype.kind == "f":
        return noise.random(spec.shape, np.float32).astype(spec.dtype)
    if spec.dtype.kind in "iu":
        limits = np.iinfo(spec.dtype) if spec.dtype.itemsize == 1 else np.iinfo(np.uint8)
        low, high = (limits.min, limits.max) if spec.dtype.itemsize == 1 else (0, 1)
        return noise.integers(low, high, spec.shape, dtype=spec.dtype, endpoint=True)
    if spec.dtype.kind == "b":
        return np.ones(spec.shape, spec.dtype)
    raise ValueError(f"its input '{spec.name}' holds {spec.dtype}, which cannot be filled in")
