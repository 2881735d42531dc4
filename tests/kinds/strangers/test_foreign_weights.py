"""A model whose weights lie outside its folder prints any file of its user as numbers: it is not opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench.host.bench import bench_models
from android_bench.phone.parity import reference_of
from android_bench.timing import StopRule
from facekp_export.cli import app
from facekp_export.demo import demo_photo
from facekp_export.inference.metadata import onnx_with_info, read_info
from facekp_export.inference.onnx_weights import external_locations
from facekp_export.inference.runtimes import open_model, open_runtime
from facekp_train.common.console import run
from facekp_train.landmarks import scheme_of
from tests.support.models.detect_cli import call
from tests.support.models.model_info import INFO
from tests.support.models.model_of_files import model_of_files

onnx = pytest.importorskip("onnx", reason="needs facekp[export]")
REFUSED = "its weights lie outside the model's folder"


def _weights(location: str, count: int = 10) -> Any:
    tensor = onnx.TensorProto(name="keypoints", data_type=onnx.TensorProto.FLOAT, dims=[1, count])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(4 * count)}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def _keypoint_model(path: Path, location: str) -> Path:
    """A model of five points that answers with what lies in the file, whatever the crop shows."""
    from onnx import helper

    info = replace(INFO, scheme=scheme_of(5), kind="onnx")
    size, numbers = info.crop.size, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("ReduceMean", ["crop"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["keypoints", "nothing"], ["out"]),
    ]
    zero = helper.make_tensor("zero", numbers, [1], [0.0])
    crop = helper.make_tensor_value_info("crop", numbers, [1, 3, size, size])
    out = helper.make_tensor_value_info("out", numbers, [1, 10])
    graph = helper.make_graph(nodes, "g", [crop], [out], [zero, _weights(location)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(onnx_with_info(model, info).SerializeToString())
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the user's beside the folder of models."""
    (tmp_path / "models" / "sub").mkdir(parents=True)
    file = tmp_path / "secret"
    file.write_bytes(np.linspace(0.2, 0.8, 10, dtype=np.float32).tobytes())
    return file


def _link(to: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        (folder / "link").symlink_to(to)
        return "link"

    return make


def _linked_folder(folder: Path) -> str:
    (folder / "away").symlink_to("..")
    return "away/secret"


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "pipe")
    return "pipe"


WAYS: dict[str, Callable[[Path], str]] = {
    "absolute": lambda folder: str(folder.parent / "secret"),
    "above": lambda _: "../secret",
    "above-a-folder": lambda _: "sub/../../secret",
    "dots": lambda _: ".../../../secret",
    "link": _link("../secret"),
    "link-to-a-device": _link("/dev/zero"),
    "linked-folder": _linked_folder,
    "pipe": _fifo,
    "memory": lambda _: "*/_ORT_MEM_ADDR_/*",
    "drive": lambda _: "C:\\secret",
    "backslashes": lambda _: "sub\\..\\..\\secret",
    "network": lambda _: "\\\\host\\secret",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_session_opens(secret: Path, way: str) -> None:
    folder = secret.parent / "models"
    path = _keypoint_model(folder / "model.onnx", WAYS[way](folder))
    for opens in (read_info, open_runtime, open_model, reference_of):
        with pytest.raises(ValueError, match=REFUSED):
            opens(path)


def test_commands_say_so_in_one_sentence(
    secret: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _keypoint_model(tmp_path / "models" / "model.onnx", "../secret")
    boxes = ("--boxes", "0,0,512,512", "--no-refine")
    assert call(demo_photo(), "--json", *boxes, "--model", path) == 1
    printed = capsys.readouterr()
    assert not printed.out and REFUSED in " ".join(printed.err.split()) and secret.name in printed.err
    with pytest.raises(SystemExit) as stop:
        run(app, ["check", str(path)])
    assert stop.value.code == 1 and REFUSED in " ".join("".join(capsys.readouterr()).split())
    (record,) = bench_models([path], rule=StopRule(1, 0), warmup=0)
    assert not record.valid and REFUSED in record.invalid_reasons[0]


def test_weights_in_the_folder_are_read(secret: Path, tmp_path: Path) -> None:
    """The control, under a name with dots, and in a folder of it."""
    for location in ("a..b", "sub/weights"):
        (tmp_path / "models" / location).write_bytes(secret.read_bytes())
        path = _keypoint_model(tmp_path / "models" / "model.onnx", location)
        model = open_model(path)
        size = model.info.crop.size
        answer = model.predict(np.zeros((1, size, size, 3), np.uint8))
        assert np.array_equal(answer.ravel(), np.linspace(0.2, 0.8, 10, dtype=np.float32))


def test_what_is_missing_is_the_engines_to_name(tmp_path: Path) -> None:
    path = model_of_files(tmp_path / "model.onnx")
    (tmp_path / "b.data").unlink()
    with pytest.raises(ValueError, match=r"put b\.data, the file of its weights, beside the model"):
        open_runtime(path)


def _attribute(**values: Any) -> Any:
    attribute = onnx.AttributeProto(name="value")
    for name, value in values.items():
        field = getattr(attribute, name)
        field.append(value) if hasattr(field, "append") else field.CopyFrom(value)
    return attribute


def _everywhere() -> Any:
    """A model that names a file in every place where ONNX lets a tensor stand."""

    def sparse(name: str) -> Any:
        return onnx.SparseTensorProto(values=_weights(f"{name}-values"), indices=_weights(f"{name}-indices"))

    def graph(name: str) -> Any:
        return onnx.GraphProto(initializer=[_weights(name)])

    attributes = [
        _attribute(t=_weights("t")),
        _attribute(g=graph("g")),
        _attribute(tensors=_weights("tensors")),
        _attribute(graphs=graph("graphs")),
        _attribute(sparse_tensor=sparse("sparse")),
        _attribute(sparse_tensors=sparse("sparses")),
    ]
    model = onnx.ModelProto(ir_version=8)
    model.graph.node.add(attribute=attributes)
    model.graph.initializer.append(_weights("initializer"))
    model.graph.sparse_initializer.append(sparse("initial"))
    model.functions.add().node.add(attribute=[_attribute(t=_weights("function"))])
    model.functions.add().attribute_proto.append(_attribute(t=_weights("default")))
    model.training_info.add().algorithm.initializer.append(_weights("training"))
    return model


def test_every_place_of_a_tensor_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(_everywhere().SerializeToString())
    sparse = {f"{n}-{part}" for n in ("sparse", "sparses", "initial") for part in ("values", "indices")}
    plain = {"t", "g", "tensors", "graphs", "initializer", "function", "default", "training"}
    assert external_locations(path) == sparse | plain


def test_a_place_does_not_hide_behind_what_readers_pass_over(secret: Path, tmp_path: Path) -> None:
    """Groups, which only old files hold, and keys longer than protobuf's."""
    path = _keypoint_model(tmp_path / "models" / "model.onnx", "../secret")
    data = path.read_bytes()
    key = data.index(b"\x3a")  # the field `graph` of the model
    for hidden in (b"\xf3\x07\xf4\x07" + data, data[:key] + b"\xba\x80\x80\x80\x10" + data[key + 1 :]):
        path.write_bytes(hidden)
        with pytest.raises(ValueError, match=f"{REFUSED}|damaged"):
            open_runtime(path)


def test_shipped_models_name_no_file() -> None:
    from facekp_train.common.shipped import default_model

    shipped = list(default_model().parent.glob("*.onnx"))
    assert shipped and not any(map(external_locations, shipped))
    assert all(open_runtime(path).inputs for path in shipped)
