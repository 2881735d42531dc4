"""Inputs for a model about which nothing is known but its tensors."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.runtimes import TensorSpec


def sized(spec: TensorSpec, shapes: Mapping[str, Sequence[int]]) -> TensorSpec:
    """The input with every dimension known: as `shapes` has it by name, else the batch, if open, as 1.

    Raises ValueError where another dimension is open, or what is given is not of the file's shape: the time
    of a picture of 1 x 1 is nobody's.
    """
    known = ["open" if axis in spec.open else str(size) for axis, size in enumerate(spec.shape)]
    stated = f"its input '{spec.name}' is [{', '.join(known)}]"
    given = shapes.get(spec.name)
    if given is None:
        if any(axis > 0 for axis in spec.open):
            sizes = (128 if axis > 0 and axis in spec.open else n for axis, n in enumerate(spec.shape))
            example = ",".join(map(str, sizes))
            raise ValueError(
                f"{stated}: give its size, such as --shape {spec.name}={example}, or export it with a "
                "fixed size"
            )
        return spec
    pairs = enumerate(zip(spec.shape, given, strict=False))
    fits = all(axis in spec.open or size == one for axis, (size, one) in pairs)
    if not fits or len(given) != len(spec.shape):
        raise ValueError(f"{stated} and --shape gives {list(given)}; give a size of that form, or none")
    return replace(spec, shape=tuple(given), open=())


def fill(spec: TensorSpec) -> NDArray[Any]:
    """The same noise at every call, of the tensor's shape and type, that a model can digest.

    Floats are uniform in [0, 1). Bytes cover their whole range, like pixels and quantized
    activations. Wider integers are 0 or 1 and booleans True, so that they are legal as indices of
    any table and as masks. Raises ValueError for tensors that do not hold numbers, or that memory does
    not hold.
    """
    if spec.dtype.kind not in "fiub":
        raise ValueError(f"its input '{spec.name}' holds {spec.dtype}, which cannot be filled in")
    size = math.prod(spec.shape) * spec.dtype.itemsize
    try:
        if size > sys.maxsize:
            raise MemoryError
        return _noise(spec)
    except MemoryError:
        raise ValueError(
            f"its input '{spec.name}' of {spec.dtype} {list(spec.shape)} takes {size / 1e9:,.1f} GB, more "
            "memory than is free; export it with a smaller input"
        ) from None


def _noise(spec: TensorSpec) -> NDArray[Any]:
    noise = np.random.default_rng(0)
    if spec.dtype.kind == "f":
        return noise.random(spec.shape, np.float32).astype(spec.dtype)
    if spec.dtype.kind in "iu":
        limits = np.iinfo(spec.dtype) if spec.dtype.itemsize == 1 else np.iinfo(np.uint8)
        low, high = (limits.min, limits.max) if spec.dtype.itemsize == 1 else (0, 1)
        return noise.integers(low, high, spec.shape, dtype=spec.dtype, endpoint=True)
    return np.ones(spec.shape, spec.dtype)
