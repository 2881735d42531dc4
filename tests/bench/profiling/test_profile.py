"""Operators' times as differences of cut files, of our own files and of odd ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from android_bench import cli
from android_bench.engines.inputs import fill
from android_bench.profiling.cuts import cut_after
from android_bench.profiling.profile import OperatorTime, Profile, profile_model
from android_bench.profiling.tables import groups, remarks
from android_bench.profiling.worker import Subject
from facekp_export.inference.flatbuffer import TfliteGraph, read_model, write_model
from facekp_export.inference.layers import layers, read_layers
from facekp_export.inference.runtimes import open_runtime
from facekp_train.common.console import run
from facekp_train.common.shipped import shipped_models_dir
from tests.support.models.tiny_models import tiny_tflite
from tests.support.phones.sample_records import machine

SHIPPED = shipped_models_dir() / "mdp-0.25x"


def chain(path: Path, outputs: Sequence[int], nodes: Sequence[tuple[Sequence[int], int]]) -> Path:
    """A foreign file of additions, each of two tensors into a third; tensors 0 and 1 come in."""
    graph = TfliteGraph()
    for number in range(2 + len(nodes)):
        graph.tensor(f"t{number}", [1, 64], "FLOAT32")
    for ins, out in nodes:
        graph.operator("ADD", 1, ins, out, graph.schema.AddOptionsT())
    path.write_bytes(graph.content([0, 1], outputs))
    return path


def outputs_of(path: Path) -> dict[str, np.ndarray]:
    runtime = open_runtime(path)
    runtime.set_inputs([fill(spec) for spec in runtime.inputs])
    runtime.invoke()
    names = [spec.name for spec in runtime.outputs]
    return dict(zip(names, [answer.copy() for answer in runtime.results()], strict=True))


@pytest.mark.parametrize("kind", ["int8", "float16"])
def test_a_cut_computes_what_the_whole_file_computes_there(kind: str, tmp_path: Path) -> None:
    path = SHIPPED / f"model_{kind}.tflite"
    model = read_model(path.read_bytes())
    found = layers(model)
    whole = cut = tmp_path / "whole.tflite"
    whole.write_bytes(cut_after(model, found[-1].index + 1))
    (last,), (own,) = outputs_of(whole).values(), outputs_of(path).values()
    assert np.array_equal(last, own)
    sizes = []
    joined = next(n for n, layer in enumerate(found) if n > 2 and layer.operator == "ADD")
    # Before the addition its other summand is needed still.
    for place, outputs in ((0, 1), (joined - 1, 2), (joined, 1), (joined + 1, 1), (joined + 2, 1)):
        cut = tmp_path / f"{place}.tflite"
        cut.write_bytes(cut_after(model, found[place].index + 1))
        sizes.append(cut.stat().st_size)
        names = [layer.operator for layer in read_layers(cut)]
        assert names == [layer.operator for layer in found[: place + 1]]
        assert len(outputs_of(cut)) == outputs
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.2 * path.stat().st_size
    # The model that was cut is as it was.
    assert write_model(model) == write_model(read_model(path.read_bytes()))


def test_all_operators_have_their_time_and_add_up(tmp_path: Path) -> None:
    told: list[float] = []
    made = profile_model(SHIPPED / "model_int8.tflite", rounds=2, progress=told.append)
    assert [each.layer for each in made.operators] == list(read_layers(SHIPPED / "model_int8.tflite"))
    assert sum(each.macs for each in made.operators) == 27_664_896
    assert told == [0.0, 0.5]
    assert set(made.peak_gmacs) == {"int8", "float32"}  # the last layer of ours computes in floats
    # Two rounds on a busy machine tell no single operator, but the whole.
    assert made.sum_ms == pytest.approx(made.whole_ms, rel=0.5)
    stem = made.operators[1]
    assert (stem.kind, stem.macs, stem.bytes) == (
        "dense",
        64 * 64 * 32 * 27,
        stem.layer.weight_bytes + 180224,
    )
    assert stem.ms > 0
    document = json.loads(json.dumps(made.document(), allow_nan=False))
    assert document["schema"] == "facekp-bench-profile/1"
    assert document["operators"][1]["macs"] == stem.macs


def test_large_files_are_held_a_few_cuts_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("android_bench.profiling.worker.MOST_BYTES", 300_000)
    monkeypatch.setattr("android_bench.profiling.worker.RUNS", 1)
    subject = Subject(str(SHIPPED / "model_int8.tflite"), 2)
    shares = [0.0]
    while shares[-1] < 1:
        shares.append(subject.round()["done"])
        assert len(subject._cuts) <= 20
    assert shares == sorted(shares)
    assert len(shares) > 5
    assert [len(samples) for samples in subject.samples["operators"]] == [2] * 67
    assert len(subject.samples["call"]) == 2


ADDS = {
    "one operator": ([2], [((0, 1), 2)]),
    "several outputs": ([2, 4], [((0, 1), 2), ((2, 1), 3), ((3, 0), 4)]),
    "an output that others read too": ([2, 3], [((0, 1), 2), ((2, 2), 3)]),
    "a result that nobody reads": ([3], [((0, 1), 2), ((0, 0), 3)]),
    "an input that is an output": ([0, 2], [((0, 1), 2)]),
}


@pytest.mark.parametrize("name", ADDS)
def test_foreign_files_of_any_shape_are_profiled(name: str, tmp_path: Path) -> None:
    outputs, nodes = ADDS[name]
    made = profile_model(chain(tmp_path / "foreign.tflite", outputs, nodes), rounds=1)
    assert [each.layer.operator for each in made.operators] == ["ADD"] * len(nodes)
    assert made.peak_gmacs == {}
    assert all(each.gmacs is None and each.peak_share is None for each in made.operators)
    assert made.whole_ms > 0


def test_what_cannot_be_profiled_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "cut.tflite"
    damaged.write_bytes((SHIPPED / "model_int8.tflite").read_bytes()[:5000])
    empty = chain(tmp_path / "empty.tflite", [0], [])
    cases = {
        str(damaged): "damaged or was cut short",
        str(SHIPPED / "model.onnx"): "a profile is made of a .tflite file",
        str(tmp_path / "none.tflite"): "none.tflite",
        str(empty): "it has no operators",
    }
    for path, says in cases.items():
        with pytest.raises(SystemExit) as exit_:
            run(cli.app, ["profile", path])
        assert exit_.value.code == 1
        assert says in capsys.readouterr().err


def test_an_open_size_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tiny_tflite(tmp_path / "open.tflite")
    model = read_model(path.read_bytes())
    for tensor in model.subgraphs[0].tensors:
        tensor.shapeSignature = [1, -1]
    path.write_bytes(write_model(model))
    with pytest.raises(ValueError, match="its input 'a' is"):
        profile_model(path, rounds=1)


def made_of(*ms: float, whole_ms: float) -> Profile:
    found = read_layers(SHIPPED / "model_int8.tflite")
    operators = tuple(
        OperatorTime(layer, each, 0.001, None, None) for layer, each in zip(found, ms, strict=False)
    )
    return Profile("m.tflite", "0" * 64, machine(), "2", "cpu", 10, 0.0, whole_ms, {}, operators)


def test_what_does_not_add_up_is_said_with_its_figure() -> None:
    assert len(remarks(made_of(0.5, 0.52, whole_ms=1.0))) == 2
    *_, figure, warning = remarks(made_of(0.5, 0.54, whole_ms=1.0))
    assert "104.0 %" in figure
    assert "do not add up" in warning
    assert list(groups(made_of(0.1, 0.5, whole_ms=0.6))) == ["CONV_2D int8", "QUANTIZE"]


def test_a_shipped_name_is_profiled_printed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, ["profile", "mdp-0.25x", "--rounds", "1", "--plot", str(tmp_path / "ops.png")])
    assert exit_.value.code == 0
    printed = capsys.readouterr().out
    assert "DEPTHWISE_CONV_2D int8" in printed
    assert "1x64x64x32" in printed
    assert (tmp_path / "ops.png").stat().st_size > 20_000
