"""Multiplications of a file: the same by every format of one net, unknown where a file does not tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_export.inference.layers import Precision
from facekp_export.inference.protobuf import fields, message
from facekp_export.inference.work import Work, model_work
from facekp_train.common.shipped import shipped_models_dir


@pytest.mark.parametrize(
    ("file", "precision"),
    [
        ("model.onnx", "float32"), ("model_int8.onnx", "int8"), ("model_float32.tflite", "float32"),
        ("model_dynamic.tflite", "int8"), ("model_int8.tflite", "int8"),
    ],
)  # fmt: skip
def test_every_format_of_a_net_multiplies_as_often(file: str, precision: Precision) -> None:
    assert model_work(shipped_models_dir() / "mdp-1x" / file) == Work(91_357_184, precision)


def test_what_does_not_tell_is_none(tmp_path: Path) -> None:
    whole = (shipped_models_dir() / "mdp-1x" / "model.onnx").read_bytes()
    (tmp_path / "cut.onnx").write_bytes(whole[:10_000])
    (tmp_path / "cut.tflite").write_bytes(whole[:10_000])
    node = message((1, "x"), (1, "w"), (2, "y"), (4, "Conv"))
    (tmp_path / "no_shapes.onnx").write_bytes(message((7, message((1, node)))))
    (tmp_path / "short_node.onnx").write_bytes(message((7, message((1, message((2, "y"), (4, "Conv")))))))
    (tmp_path / "other.safetensors").touch()
    for file in tmp_path.iterdir():
        assert model_work(file) is None, file


def test_what_is_written_is_read_back() -> None:
    data = message((1, 300), (2, "né"), (16, b"x" * 200), (3, 0))
    read = [(number, bytes(v) if isinstance(v, memoryview) else v) for number, v in fields(memoryview(data))]
    assert read == [(1, 300), (2, "né".encode()), (16, b"x" * 200), (3, 0)]
