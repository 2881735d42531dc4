"""Sides of tensors as plain numbers while TorchScript traces a net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_SIDES = (torch.Tensor.shape.__get__, torch.Tensor.size)  # type: ignore[attr-defined]


class FixedSides(TorchFunctionMode):
    """While it is entered, what a net computes from sides is constant.

    Traced sides are tensors, whose arithmetic becomes operators of the graph, and ONNX's division rounds
    towards zero: -(-7 // 2) is 3 there.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What the function gives, sides as numbers."""
        result = func(*args, **(kwargs or {}))
        if func not in _SIDES:
            return result
        return torch.Size(int(side) for side in result) if isinstance(result, tuple) else int(result)
