"""ONNX to TFLite: what cannot be converted is named by its layer; the chain itself is in test_export.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.extras import needs_export

needs_export()

import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from facekp_export.conversion.to_tflite import TfliteConverter  # noqa: E402
from facekp_train.common.console import UserError  # noqa: E402
from tests.support.models.small_nets import noise_crops  # noqa: E402

pytestmark = pytest.mark.slow

CROPS = noise_crops(4, 16)


def model_with(operator: str) -> onnx.ModelProto:
    """crop -> conv -> an operator that only some tools know."""
    crop, keypoints = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("crop", [1, 3, 16, 16]), ("keypoints", [1, 4, 14, 14]))
    )
    nodes = [
        helper.make_node("Conv", ["crop", "w"], ["features"], name="backbone.stem/Conv"),
        helper.make_node(operator, ["features"], ["keypoints"], name=f"head.odd/{operator}"),
    ]
    weights = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "g", [crop], [keypoints], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize(
    ("operator", "reason"),
    [("Det", "Dimensions must be equal"), ("Unheard", "onnx2tf does not know the operator Unheard")],
)
def test_the_layer_that_tensorflow_lacks_is_named(operator: str, reason: str) -> None:
    with pytest.raises(UserError) as caught:
        TfliteConverter(model_with(operator), CROPS)
    sentence = str(caught.value)
    assert f"the layer 'head.odd/{operator}' cannot be converted" in sentence and reason in sentence
    assert "\n" not in sentence


def test_mdp_fast_becomes_clean_files_without_a_bias_too(tmp_path: Path) -> None:
    """Its map is odd at one place and flattened at the end: neither may cost a PAD or a TRANSPOSE.

    An untrained net has no bias at its end that could make up for rounding.
    """
    from facekp_export.export import export_model
    from facekp_export.verification.verify import Tolerance
    from facekp_train.crop import CropRule
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig
    from tests.support.models.small_nets import acquainted_net, noise_crops

    config = NetConfig(backbone="mdp-fast", points=5, size=112, channels=(8, 8, 8, 16, 16))
    net = acquainted_net(config, noise_crops(16, config.size))
    checkpoint = tmp_path / "net.safetensors"
    save_checkpoint(checkpoint, net, CheckpointHeader(net=config, crop=CropRule(size=112).as_dict()))
    # A net of chance amplifies rounding, so nothing is asked of the int8 files' answers.
    manifest = export_model(
        checkpoint, tmp_path / "out", tolerance=Tolerance(float16=1, quantized=100)
    ).manifest
    exact = {entry.kind: entry.deviation.mean_px for entry in manifest.files}
    assert exact["onnx"] < 0.01 and exact["float32"] < 0.01 and "int8" in exact
