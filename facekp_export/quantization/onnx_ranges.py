"""Ranges of an ONNX net's tensors without their rarest values, as onnxruntime's calibration cuts them.

onnxruntime keeps every tensor of every crop for its histograms: 2 GB of memory, and most of the time of
quantizing. The rarest values alone, kept while the crops pass, tell the same bins.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.onnx_session import quiet_session
from facekp_export.quantization.onnx_graph import INPUT
from facekp_export.quantization.ranges import RAREST
from facekp_train.samples import Crops

if TYPE_CHECKING:
    import onnx

# Of onnxruntime's histograms of absolute values.
_BINS = 2048

Ranges = dict[str, tuple[np.float32, np.float32]]
"""By tensor: the lowest and the highest value that count."""


def percentile_ranges(model: onnx.ModelProto, crops: Crops) -> Ranges:
    """The range of the input and of every node's output.

    Args:
        model: a float model of one input.
        crops: uint8 [B, S, S, 3] RGB, raw.

    Returns:
        Ranges that leave out the rarest absolute values, to the edge of a bin.
    """
    import onnx

    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    made = [name for node in model.graph.node for name in node.output if name]
    known = {output.name for output in model.graph.output}
    shown.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made if name not in known)
    # As the net is written: merged operators round otherwise.
    session = quiet_session(shown, optimize=False)
    ends: dict[str, _Ends] = {}
    for crop in crops:
        given = np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)
        tensors = [given, *(np.asarray(tensor) for tensor in session.run(made, {INPUT: given}))]
        for name, tensor in zip([INPUT, *made], tensors, strict=True):
            if tensor.dtype == np.float32:
                ends.setdefault(name, _Ends(tensor.size * len(crops))).add(tensor.ravel())
    return {name: each.range() for name, each in ends.items()}


class _Ends:
    """What tells a tensor's range: its ends, and as many of its largest absolute values as may be rare."""

    def __init__(self, total: int) -> None:
        self._most = math.floor(RAREST * total) + 1
        self._large = np.empty(0, np.float32)
        # Values at or below it are not among the largest.
        self._bar = np.float32(-1)
        self._low = self._least = np.float32(np.inf)
        self._high = np.float32(-np.inf)

    def add(self, values: NDArray[np.float32]) -> None:
        """Take over some more values."""
        sizes = np.abs(values)
        self._low, self._high = np.minimum(self._low, values.min()), np.maximum(self._high, values.max())
        self._least = np.minimum(self._least, sizes.min())
        self._large = np.concatenate([self._large, sizes[sizes > self._bar]])
        if len(self._large) > self._most:
            self._large = np.partition(self._large, -self._most)[-self._most :]
            self._bar = self._large.min()

    def range(self) -> tuple[np.float32, np.float32]:
        """The range within the lower edge of the bin that holds the least of the rare values."""
        ends = self._least, self._large.max()
        edges = np.histogram_bin_edges(np.asarray(ends, np.float32), _BINS).astype(np.float32)
        place = np.searchsorted(edges, self._large.min(), side="right").clip(1, _BINS) - 1
        edge = np.float32(edges[place])
        return np.maximum(-edge, self._low), np.minimum(edge, self._high)
