"""The roofline of one operator: which bound holds, and what separates dense from depthwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from android_bench.predict.roofline import layer_ms, roofline_ms
from android_bench.predict.socs import SOCS
from facekp_export.inference.layers import Layer

A73, A76 = SOCS["kirin-960"], SOCS["kirin-980"]
DENSE = Layer(0, "CONV_2D", "dense", (1, 32, 32, 512), 268_000_000, 1000, 1000, int8=False)


def per_ms(soc_name: str, layer: Layer) -> float:
    return layer.macs / layer_ms(SOCS[soc_name], layer, weights_stay=True)


def test_dense_float32_runs_at_lanes_times_frequency() -> None:
    assert per_ms("kirin-980", DENSE) == pytest.approx(8 * 2.6e6)
    assert per_ms("kirin-960", DENSE) == pytest.approx(4 * 2.36e6)


def test_int8_gains_fourfold_with_dot_product_and_little_without() -> None:
    int8 = replace(DENSE, int8=True)
    assert per_ms("snapdragon-855", int8) / per_ms("snapdragon-855", DENSE) == pytest.approx(4)
    assert per_ms("kirin-960", int8) / per_ms("kirin-960", DENSE) == pytest.approx(4 / 3)


def test_dense_and_depthwise_lie_twelvefold_apart_in_int8() -> None:
    depthwise = replace(DENSE, operator="DEPTHWISE_CONV_2D", kind="depthwise")
    int8 = per_ms("kirin-980", replace(DENSE, int8=True)) / per_ms("kirin-980", replace(depthwise, int8=True))
    assert int8 == pytest.approx(12, rel=0.05)
    assert per_ms("kirin-980", DENSE) / per_ms("kirin-980", depthwise) == pytest.approx(1 / 0.35)


def test_what_only_moves_bytes_takes_the_time_of_its_bytes() -> None:
    add = Layer(0, "ADD", "other", (1, 1, 1, 100_000), 0, 0, 1_000_000, int8=False)
    assert layer_ms(A76, add, weights_stay=True) == pytest.approx(1e6 / (16 * 2.6e6))
    large = replace(add, activation_bytes=10_000_000)  # beyond the cache: memory's bandwidth
    assert layer_ms(A76, large, weights_stay=True) == pytest.approx(10 / 34.1)


def test_weights_come_from_memory_where_all_of_them_exceed_the_cache() -> None:
    thin = replace(DENSE, macs=1_000_000, weight_bytes=3_000_000)
    assert roofline_ms(A76, [thin]) == [pytest.approx(3001e3 / (16 * 2.6e6), rel=1e-3)]
    assert roofline_ms(A76, [thin, thin])[0] == pytest.approx(3 / 34.1, rel=1e-3)
    assert roofline_ms(A73, [thin])[0] == pytest.approx(1 / (4 * 2.36), rel=1e-3)  # the multiplications


def test_a_conversion_of_bytes_counts_its_numbers() -> None:
    quantize = Layer(0, "QUANTIZE", "other", (1, 128, 128, 3), 0, 0, 98_304, int8=True)
    assert layer_ms(A76, quantize, weights_stay=True) == pytest.approx(2 * 49_152 / 2.6e6)
