"""What a model file says of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TensorSpec:
    """A model's input or output.

    Attributes:
        name: as the file has it.
        shape: a dimension that the file leaves open counts as 1. Empty for one number, and where the
            file gives none: onnxruntime does not tell these apart.
        dtype: of its elements.
        scale: real value = scale * (stored - zero_point); 0 where not quantized.
        zero_point: see `scale`.
        open: which dimensions the file leaves open, counted from 0.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    scale: float = 0.0
    zero_point: int = 0
    open: tuple[int, ...] = ()


def differing(shape: Sequence[int], stated: Sequence[Any]) -> tuple[int, ...]:
    """The dimensions of a shape, counted from 0, that are not as the file states them."""
    return tuple(axis for axis, (one, other) in enumerate(zip(shape, stated, strict=False)) if one != other)
