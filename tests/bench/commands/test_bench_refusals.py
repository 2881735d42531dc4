"""Foreign models that are odd or cannot be measured: what is said of them, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench.engines.inputs import fill
from android_bench.host.bench import bench_models
from android_bench.records.record import Record
from android_bench.timing import StopRule
from facekp_export.inference.metadata import read_info
from facekp_export.inference.runtimes import open_runtime
from tests.support.models.model_of_files import model_of_files


def one_operator(
    path: Path, shape: Sequence[int] | None, kind: str = "Identity", element: str = "FLOAT", domain: str = ""
) -> Path:
    """y = kind(x) in ONNX, both of one shape, or of none that is told."""
    onnx = pytest.importorskip("onnx", reason="needs facekp[export]")
    from onnx import helper

    x, y = (helper.make_tensor_value_info(name, getattr(onnx.TensorProto, element), shape) for name in "xy")
    graph = helper.make_graph([helper.make_node(kind, ["x"], ["y"], domain=domain)], "g", [x], [y])
    operators = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    path.write_bytes(helper.make_model(graph, opset_imports=operators, ir_version=8).SerializeToString())
    return path


def measured(path: Path) -> Record:
    (record,) = bench_models([path], rule=StopRule(1, 0), warmup=0)
    return record


@pytest.mark.parametrize("shape", [None, []])
def test_an_input_without_a_shape_is_warned_of(tmp_path: Path, shape: Any) -> None:
    record = measured(one_operator(tmp_path / "a.onnx", shape))
    assert record.valid and record.inputs[0].shape == []
    says = "the file gives no shape of its input 'x', or it is a scalar; one number was given"
    assert says in record.warnings


def test_a_size_of_none_stays_none(tmp_path: Path) -> None:
    record = measured(one_operator(tmp_path / "a.onnx", [0, 4]))
    assert record.valid and record.inputs[0].shape == [0, 4]
    assert not any("input 'x'" in warning for warning in record.warnings)


REFUSED = {
    "its input 'x' of float32 [1048576, 1048576] takes 4,398.0 GB": (
        [1 << 20, 1 << 20], "Identity", "FLOAT", "",
    ),
    "more memory than is free; export it with a smaller input": ([1 << 40, 1 << 40], "Identity", "FLOAT", ""),
    "custom operators cannot be run here, so export it without them": ([2], "Foo", "FLOAT", "my.ops"),
    "its tensor 'x' holds tensor(bfloat16), a type that cannot be filled in; export it with float32": (
        [1, 8], "Identity", "BFLOAT16", "",
    ),
    "its tensor 'x' holds tensor(string), not numbers": ([2], "Identity", "STRING", ""),
}  # fmt: skip


@pytest.mark.parametrize("says", REFUSED)
def test_a_refusal_says_what_and_the_remedy(
    tmp_path: Path, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise MemoryError

    shape, kind, element, domain = REFUSED[says]
    path = one_operator(tmp_path / "a.onnx", shape, kind, element, domain)
    # A system that lends memory it has not would be filled in truth.
    monkeypatch.setattr(np.random, "default_rng", no_room)
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        for spec in open_runtime(path).inputs:
            fill(spec)
    assert "\n" not in str(caught.value)


def test_weights_that_were_left_behind_are_named_with_the_remedy(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    (tmp_path / "a.data").unlink()
    (tmp_path / "b.data").unlink()
    (reason,) = measured(path).invalid_reasons
    assert re.search(r"; put [ab]\.data, the file of its weights, beside the model$", reason)


@pytest.mark.parametrize("length", [0, 1, 40])
def test_reading_what_an_onnx_file_carries_tells_damage_from_weights_left_behind(
    tmp_path: Path, length: int
) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    with pytest.raises(ValueError, match="damaged, cut short, or not an ONNX file"):
        read_info(path)
    path.write_bytes(whole)
    assert read_info(path) is None
    (tmp_path / "a.data").unlink()
    (tmp_path / "b.data").unlink()
    with pytest.raises(ValueError, match=r"put [ab]\.data, the file of its weights, beside the model"):
        open_runtime(path)


def test_an_opset_of_the_future_is_no_damage(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs facekp[export]")
    path = one_operator(tmp_path / "a.onnx", [2])
    model = onnx.load(path)
    model.opset_import[0].version = 999
    onnx.save(model, path)
    with pytest.raises(ValueError, match="update that, or export it for an older opset"):
        open_runtime(path)
