"""What one core needs at least for an operator: to multiply, or to read and write.

A roofline (Williams, Waterman and Patterson, 2009) with a peak for each kind of operator.
"""

from __future__ import annotations

from collections.abc import Sequence

from android_bench.predict.socs import Soc
from facekp_export.inference.layers import Layer

_INT8_GAIN = {True: 4.0, False: 4 / 3}
"""Dense int8 against float32. With dot product an instruction multiplies four times as many numbers; without,
three instructions (SMULL, SMLAL2, SADALP) do 16 where FMLA does four each."""
_DEPTHWISE_SHARE = 0.35
"""Depthwise against dense float32, in either precision: 19 of 55 G MACs a second in float32 and 18 in int8 on
an AVX-512 core. A number that is read serves few multiplications, and dot products do not help: so dense int8
is twelve times as fast where there are any."""
_CYCLES_A_CONVERSION = 2
"""For each number of a QUANTIZE, which has no vector kernel; measured on the same core."""


def layer_ms(soc: Soc, layer: Layer, weights_stay: bool) -> float:
    """Milliseconds of one operator at the core's peaks.

    Args:
        soc: the processor.
        layer: the operator.
        weights_stay: the net's weights stay in the cache from one run to the next.
    """
    cycles = soc.ghz * 1e6  # a millisecond
    if layer.operator == "QUANTIZE":
        return _CYCLES_A_CONVERSION * layer.outputs / cycles
    cache, memory = soc.load_bytes * cycles, soc.memory_gbs * 1e6
    weights = layer.weight_bytes / (cache if weights_stay else memory)
    activations = layer.activation_bytes / (cache if layer.activation_bytes < soc.cache_bytes else memory)
    return max(layer.macs / (_macs_a_cycle(soc, layer) * cycles), weights + activations)


def roofline_ms(soc: Soc, layers: Sequence[Layer]) -> list[float]:
    """Milliseconds of each operator of a net at the peaks of the processor's fastest core."""
    weights_stay = sum(layer.weight_bytes for layer in layers) < soc.cache_bytes
    return [layer_ms(soc, layer, weights_stay) for layer in layers]


def _macs_a_cycle(soc: Soc, layer: Layer) -> float:
    if layer.kind == "depthwise":
        return soc.float32_macs * _DEPTHWISE_SHARE
    return soc.float32_macs * (_INT8_GAIN[soc.dot_product] if layer.int8 else 1.0)
