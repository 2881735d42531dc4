"""Moving factors between layers never changes the function, and brings channel ranges together."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
import onnxruntime

from facekp_export.quantization.equalize import equalize
from tests.support.models.small_nets import noise_crops
from tests.support.models.small_onnx import small_model

CROPS = noise_crops(6, 8)


def run(model: onnx.ModelProto, output: str) -> np.ndarray:
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    if output != "keypoints":
        probed.graph.output.add(name=output)
    session = onnxruntime.InferenceSession(probed.SerializeToString(), providers=["CPUExecutionProvider"])
    planes = [crop.transpose(2, 0, 1)[None].astype(np.float32) for crop in CROPS]
    return np.concatenate([np.asarray(session.run([output], {"crop": plane})[0]) for plane in planes])


def spread(values: np.ndarray) -> float:
    """The widest channel over the narrowest."""
    ranges = np.abs(values).max(axis=(0, 2, 3))
    return float(ranges.max() / ranges.min())


@pytest.mark.parametrize("activation", [None, "Relu", "Clip"])
def test_the_function_stays(activation: str | None) -> None:
    model = small_model(activation)
    before, after = run(model, "keypoints"), run(equalize(model, CROPS), "keypoints")
    assert np.ptp(before) > 1
    assert np.abs(before - after).max() < 1e-4 * np.abs(before).max()


@pytest.mark.parametrize("activation", [None, "Relu"])
def test_channel_ranges_come_together(activation: str | None) -> None:
    model = small_model(activation)
    equal = equalize(model, CROPS)
    for tensor in ("sum", "deep"):
        assert spread(run(equal, tensor)) < 0.3 * spread(run(model, tensor)), tensor


def test_a_clipped_map_keeps_its_scale() -> None:
    """A factor would not pass through min(x, 6), so the tensors around a ReLU6 stay untouched."""
    model = small_model("Clip")
    assert np.array_equal(run(model, "active"), run(equalize(model, CROPS), "active"))


def test_layers_that_share_a_bias_get_their_own() -> None:
    model = small_model(shared_bias=True)
    before, after = run(model, "keypoints"), run(equalize(model, CROPS), "keypoints")
    assert np.abs(before - after).max() < 1e-4 * np.abs(before).max()


def test_the_given_model_is_left_alone() -> None:
    model = small_model()
    before = model.SerializeToString()
    equalize(model, CROPS)
    assert model.SerializeToString() == before
