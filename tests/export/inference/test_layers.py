"""Operators of a file: their multiplications and bytes, counted from shapes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_export.inference.layers import read_layers, total_macs
from facekp_train.common.shipped import shipped_models_dir


@pytest.mark.parametrize(("name", "million"), [("mdp-0.25x", 27.664896), ("mdp-1x", 91.357184)])
@pytest.mark.parametrize("kind", ["float32", "float16", "dynamic", "int8"])
def test_every_number_format_of_a_net_multiplies_as_often(name: str, million: float, kind: str) -> None:
    found = read_layers(shipped_models_dir() / name / f"model_{kind}.tflite")
    assert total_macs(found) == round(million * 1e6)
    assert len(found) == 67  # a float16 file's unpacking of weights happens once, while it loads


def test_the_first_operators_are_those_counted_by_hand() -> None:
    cast, stem, depthwise, project, *_ = read_layers(shipped_models_dir() / "mdp-0.25x" / "model_int8.tflite")
    assert (cast.operator, cast.kind, cast.macs, cast.outputs) == ("QUANTIZE", "other", 0, 128 * 128 * 3)
    assert (stem.kind, stem.macs, stem.shape) == ("dense", 64 * 64 * 32 * 27, (1, 64, 64, 32))
    assert stem.activation_bytes == 128 * 128 * 3 + 64 * 64 * 32
    assert stem.weight_bytes == 32 * 27 + 4 * 32
    assert (depthwise.kind, depthwise.macs) == ("depthwise", 64 * 64 * 32 * 9)
    assert (project.kind, project.macs) == ("dense", 64 * 64 * 16 * 32)
    assert stem.int8
    assert depthwise.int8


def test_a_float_file_computes_in_floats() -> None:
    folder = shipped_models_dir() / "mdp-0.25x"
    for kind in ("float32", "float16"):
        found = read_layers(folder / f"model_{kind}.tflite")
        assert not any(layer.int8 or layer.dynamic for layer in found)


def test_a_dynamic_range_file_multiplies_in_integers_what_comes_in_floats() -> None:
    """Else a share of the float peak is told, of which it reached 205 % on a processor with AMX."""
    found = read_layers(shipped_models_dir() / "mdp-fast" / "model_dynamic.tflite")
    assert not any(layer.int8 for layer in found)
    # The converter leaves the weights of small layers alone.
    integers = [layer for layer in found if layer.dynamic]
    assert all(layer.precision == "int8" for layer in integers)
    assert total_macs(integers) > 0.9 * total_macs(found)


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "cut.tflite"
    file.write_bytes((shipped_models_dir() / "mdp-0.25x" / "model_int8.tflite").read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"cut\.tflite: the TFLite file is damaged or was cut short"):
        read_layers(file)
