"""The search over mdp-fast's shapes: its files have the operators of exported ones, its front is one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fast_search
from benchmarks.fast_search import Row, Shape, with_front
from benchmarks.systems.fast_file import fast_file
from facekp_export.inference.flatbuffer import read_model
from facekp_export.inference.layers import layers, total_macs
from facekp_export.inference.runtimes import open_runtime
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.networks.mdp_fast import CHANNELS, PAIRS
from facekp_train.pruning.cost import net_cost
from tests.support.extras import needs_export

OPERATORS = ["QUANTIZE", *["CONV_2D"] * 5, "ADD", "CONV_2D", "CONV_2D", "ADD"]


@pytest.mark.parametrize("size", [96, 112])
def test_a_file_multiplies_as_often_as_the_net(size: int, tmp_path: Path) -> None:
    config = NetConfig(backbone="mdp-fast", size=size)
    path = tmp_path / "fast.tflite"
    path.write_bytes(fast_file(config))
    found = layers(read_model(path.read_bytes()))
    assert total_macs(found) == net_cost(build_net(config)).macs
    assert [layer.operator for layer in found[: len(OPERATORS)]] == OPERATORS
    runtime = open_runtime(path)
    runtime.set_inputs([np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.uint8)])
    runtime.invoke()
    (answer,) = runtime.results()
    assert answer.shape == (1, 136) and np.isfinite(answer).all()


@pytest.mark.slow
def test_its_operators_are_those_of_an_exported_file(tmp_path: Path) -> None:
    needs_export()
    from facekp_export.untrained import export_untrained, untrained_config

    config = untrained_config("mdp-fast", ["channels=[8,8,8,16,16]", "pairs=[0,0,1,0,1]", "size=48"])
    export_untrained(config, tmp_path / "out", to=["tflite"])
    exported, written = (
        layers(read_model(content))
        for content in ((tmp_path / "out" / "model_int8.tflite").read_bytes(), fast_file(config))
    )
    assert [(a.operator, a.shape, a.macs, a.int8) for a in written] == [
        (a.operator, a.shape, a.macs, a.int8) for a in exported
    ]


def row(ratio: float, macs: int) -> Row:
    return Row(96, CHANNELS, PAIRS, macs, 1, ratio, ratio, ratio, ratio)


def test_the_front_computes_more_than_all_that_is_faster() -> None:
    found = with_front([row(0.5, 20), row(0.3, 10), row(0.4, 9), row(0.6, 21)])
    assert [(each.ratio, each.front) for each in found] == [
        (0.3, True), (0.4, False), (0.5, True), (0.6, True),
    ]  # fmt: skip


def test_shapes_are_timed_beside_the_reference_and_written(tmp_path: Path) -> None:
    reference = tmp_path / "reference.tflite"
    reference.write_bytes(Shape(96, CHANNELS, PAIRS).content())
    fast_search.main(reference, 3, 2, tmp_path / "rows.json", tmp_path / "rows.png")
    document = json.loads((tmp_path / "rows.json").read_text())
    assert document["reference_cpu_ms"] > 0 and len(document["rows"]) >= 2
    assert all(each["ratio_low"] <= each["ratio"] <= each["ratio_high"] for each in document["rows"])
    assert (tmp_path / "rows.png").stat().st_size > 1000
