"""Ranges of a TFLite net's tensors, measured, without their rarest values.

One value in a hundred thousand may be several times larger than all others, and an int8 step is a
255th of the range: leaving such values out halves the error of a MobileNet's keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.flatbuffer import read_model, write_model

RAREST = 1e-5
"""Share of a tensor's values, at either end, that may lie outside its range."""
# Of one input's values so many times the share are kept, should its outliers be more than others'.
_MARGIN = 20
_MOST_INPUTS = 100


def without_outliers(content: bytes, inputs: NDArray[np.float32]) -> bytes:
    """Measure a TFLite net's ranges, the rarest values left out.

    Args:
        content: a calibrated float file's.
        inputs: float32 [K, S, S, 3], normalized.

    Returns:
        The file's new content; the input's range stays.
    """
    model = read_model(content)
    graph = model.subgraphs[0]
    ranged = [
        place
        for place, tensor in enumerate(graph.tensors)
        if place not in graph.inputs
        and tensor.quantization is not None
        and tensor.quantization.min is not None
    ]
    for place, (low, high) in _ends(content, ranged, inputs[:_MOST_INPUTS]).items():
        stored = graph.tensors[place].quantization
        stored.min, stored.max = [low], [high]
    return write_model(model)


def _ends(
    content: bytes, places: Sequence[int], inputs: NDArray[np.float32]
) -> dict[int, tuple[float, float]]:
    """The values of each tensor below and above which its rarest lie."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    lows: dict[int, list[NDArray[np.float32]]] = {place: [] for place in places}
    highs: dict[int, list[NDArray[np.float32]]] = {place: [] for place in places}
    sizes = dict.fromkeys(places, 0)
    for values in inputs:
        interpreter.set_tensor(entry["index"], values[None])
        interpreter.invoke()
        for place in places:
            tensor = interpreter.get_tensor(place).ravel()
            kept = min(tensor.size, max(1, round(_MARGIN * RAREST * tensor.size)))
            ordered = np.partition(tensor, (kept - 1, -kept))
            # As copies: a view would keep every tensor of every input.
            lows[place].append(ordered[:kept].copy())
            highs[place].append(ordered[-kept:].copy())
            sizes[place] += tensor.size
    return {
        place: (
            float(np.sort(np.concatenate(lows[place]))[int(RAREST * sizes[place])]),
            float(np.sort(np.concatenate(highs[place]))[-1 - int(RAREST * sizes[place])]),
        )
        for place in places
    }
