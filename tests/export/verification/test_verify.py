"""What counts as close enough to PyTorch, and that a file beyond it is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facekp_export.inference.metadata import ModelInfo
from facekp_export.verification.verify import Deviation, Tolerance, deviation, refuse_operators, verify_file
from facekp_train.common.console import UserError
from facekp_train.crop import CropRule
from tests.support.models.model_info import INFO
from tests.support.models.tiny_models import tiny_tflite

SIZE = 100
CROPS = np.zeros((3, SIZE, SIZE, 3), np.uint8)
TRUTH = np.random.default_rng(0).uniform(0.2, 0.8, (3, 68, 2))


def test_deviation_is_in_the_units_it_names() -> None:
    predicted = TRUTH.copy()
    predicted[0, 0] += (0.03, -0.04)
    found = deviation(predicted, TRUTH, SIZE)
    assert found.max_abs == pytest.approx(0.04)
    assert found.max_px == pytest.approx(5)
    assert found.mean_px == pytest.approx(5 / (3 * 68))
    assert found.mean_abs == pytest.approx(0.07 / (3 * 68 * 2))
    assert found.crops == 3


class Answering:
    """A model that answers the truth, each point moved by so many pixels to the right."""

    runtime = SimpleNamespace(path=Path("folder/the_file.tflite"))

    def __init__(self, kind: str, pixels: float) -> None:
        self.info = ModelInfo(**{**vars(INFO), "kind": kind, "crop": CropRule(size=SIZE)})
        self._pixels = pixels

    def predict(self, crops: np.ndarray) -> np.ndarray:
        return TRUTH[: len(crops)] + np.array([self._pixels / SIZE, 0])


def verified(kind: str, pixels: float, *faces: Any) -> Deviation:
    model: Any = Answering(kind, pixels)
    return verify_file(model, CROPS, TRUTH, Tolerance(), *faces, explain=blaming)


def blaming(pixels: float) -> str:
    return f"fc1 is to blame for {pixels:.2f}"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("onnx", 0.009, 0.011), ("float32", 0.009, 0.011), ("float16", 0.09, 0.11), ("dynamic", 0.49, 0.51),
        ("int8", 0.49, 0.51), ("onnx_int8", 0.49, 0.51), ("int8_io", 0.74, 0.76),
    ],
)  # fmt: skip
def test_each_kind_has_its_gate(kind: str, good: float, bad: float) -> None:
    assert verified(kind, good).mean_px == pytest.approx(good, abs=1e-6)
    with pytest.raises(UserError, match=r"the_file\.tflite differs from PyTorch"):
        verified(kind, bad)


QUANTIZED = ("dynamic", "int8", "onnx_int8", "int8_io")


@pytest.mark.parametrize("kind", ["onnx", "float32", "float16", *QUANTIZED])
def test_quantized_files_alone_name_their_layers_and_the_training_that_helps(kind: str) -> None:
    with pytest.raises(UserError) as beyond_pixels:
        verified(kind, 2)
    with pytest.raises(UserError) as beyond_nme:
        verified(kind, 0.001, Faces({"inter_ocular": 4.2}), Faces({"inter_ocular": 4.0}))
    for said, pixels in ((str(beyond_pixels.value), "2.00"), (str(beyond_nme.value), "0.00")):
        assert (f"; fc1 is to blame for {pixels}; " in said) == (kind in QUANTIZED)
        assert ("--calibration" in said and "quantize-aware, or" in said) == (kind in QUANTIZED)
    assert str(beyond_nme.value).endswith("--nme-tolerance")


def test_an_answer_that_is_not_finite_never_passes() -> None:
    with pytest.raises(UserError, match=r"the_file\.tflite: its output is not finite"):
        verified("int8", float("nan"))


@dataclass(frozen=True)
class Faces:
    """Labelled faces, and the result that every model has on them."""

    nme: dict[str, float]
    n: int = 9
    normaliser: str = "inter_ocular"

    def measure(self, predict, rule, scheme, five_offset) -> Faces:
        return self


@pytest.mark.parametrize("after", [4.09, 3.91])
def test_a_change_of_nme_beyond_two_percent_is_refused(after: float) -> None:
    def measured(nme: float) -> Deviation:
        return verified("int8", 0.1, Faces({"inter_ocular": nme}), Faces({"inter_ocular": 4.0}))

    with pytest.raises(UserError, match=r"the_file\.tflite changes the NME over inter_ocular by [+-]2\.25 %"):
        measured(after)
    found = measured(4.0 + (after - 4.0) / 2)
    assert found.nme_change == pytest.approx((after - 4.0) / 8 * 100) and found.faces == 9


def test_an_operator_that_wastes_time_is_named(tmp_path: Path) -> None:
    path = tiny_tflite(tmp_path / "a.tflite")
    refuse_operators(path, ("TRANSPOSE",))
    with pytest.raises(UserError, match=r"a\.tflite holds a ADD operator"):
        refuse_operators(path, ("TRANSPOSE", "ADD"))
