"""The int8 file with an int8 input answers as the one with uint8, bit for bit, without its QUANTIZE."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facekp_export.conversion.int8_input import with_int8_input
from facekp_export.inference.flatbuffer import operators, read_model
from facekp_export.inference.metadata import read_info, tflite_with_info
from facekp_export.inference.runtimes import open_model
from facekp_train.common.shipped import shipped_models_dir


@pytest.mark.parametrize("name", ["mdp-0.25x", "mdp-1x"])
def test_same_answers(name: str, tmp_path: Path) -> None:
    source = shipped_models_dir() / name / "model_int8.tflite"
    info = read_info(source)
    assert info is not None
    content = with_int8_input(source.read_bytes())
    made = tmp_path / "model_int8_in.tflite"
    made.write_bytes(tflite_with_info(content, replace(info, kind="int8_in", input_type="int8")))

    crops = np.random.default_rng(0).integers(0, 256, (8, 128, 128, 3), dtype=np.uint8)
    np.testing.assert_array_equal(open_model(made).predict(crops), open_model(source).predict(crops))
    entry = open_model(made).runtime.inputs[0]
    assert (entry.name, entry.dtype, entry.zero_point) == ("crop", np.int8, 0)
    assert "QUANTIZE" not in {operator.name for operator in operators(read_model(content))}


def test_other_files_are_refused() -> None:
    source = shipped_models_dir() / "mdp-0.25x" / "model_float32.tflite"
    with pytest.raises(ValueError, match="QUANTIZE"):
        with_int8_input(source.read_bytes())
