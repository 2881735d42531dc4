"""A net's graph of operations, whose leaves are the layers that pruning and quantization speak of."""

from __future__ import annotations

import operator

import torch
from torch import fx, nn

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)

_ADDS = (operator.add, operator.iadd, torch.add)


def trace(net: nn.Module) -> fx.Graph:
    """The operations of one forward pass, in order; modules keep their names.

    Convolutions with a padding of their own are layers like torch's.
    """
    return _Tracer().trace(net)


def is_add(node: fx.Node) -> bool:
    """Whether an operation adds two tensors, as residual blocks do."""
    return node.op == "call_function" and node.target in _ADDS and len(node.all_input_nodes) == 2


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.Conv2d) or super().is_leaf_module(m, module_qualified_name)
