"""The peers of table 5: sizes as their papers' layers give them, and what SDM's descriptors see."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.systems import face_api, lab, sdm
from benchmarks.systems.san import San


def millions(net: nn.Module) -> float:
    return sum(weights.numel() for weights in net.parameters()) / 1e6


def test_san_has_the_size_of_its_layers() -> None:
    net = San().eval()
    assert millions(net.detector) == pytest.approx(18.76, abs=0.01)
    assert millions(net) == pytest.approx(41.51, abs=0.01)
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, 24, 24)).shape == (1, 69, 3, 3)


def test_lab_has_the_size_of_its_layers() -> None:
    net = lab.Lab().eval()
    assert millions(net.estimator) == pytest.approx(12.85, abs=0.01)
    assert millions(net) == pytest.approx(24.2, abs=0.05)
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 136)


def test_descriptors_move_with_the_face() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (160, 160), np.uint8)
    moved = np.roll(noise, (3, 5), (0, 1))
    points = np.full((68, 2), 80, np.float32)
    first = sdm.describe(sdm.gradient_maps(noise), points, 6)
    second = sdm.describe(sdm.gradient_maps(moved), points + np.array([5, 3], np.float32), 6)
    assert first.shape == (68 * 128,)
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert np.linalg.norm(first[:128]) == pytest.approx(1, abs=1e-3)


def test_the_committed_cascade_places_68_points_in_the_crop() -> None:
    cascade = sdm.Cascade.load()
    assert cascade.steps.shape == (4, 68 * 128 + 1, 136) and cascade.steps.dtype == np.float16
    crop = np.full((1, 160, 160, 3), 128, np.uint8)
    points = cascade.runner()(crop)
    assert points.shape == (1, 68, 2) and np.isfinite(points).all()
    assert len(cascade.offset) == 5


def test_gradients_are_shared_by_the_two_nearest_orientations() -> None:
    ramp = np.tile(np.arange(0, 64, 4, dtype=np.uint8), (16, 1))
    maps = sdm.gradient_maps(ramp)
    inner = maps[:, 4:12, 4:12]
    # It rises to the right: all of it in the first orientation.
    assert inner[0] == pytest.approx(32) and inner[1:].max() == pytest.approx(0, abs=1e-4)
    tilted = sdm.gradient_maps((ramp + ramp.T // 2).astype(np.uint8))[:, 4:12, 4:12]
    length = np.hypot(32, 16)
    assert tilted.sum(axis=0) == pytest.approx(length, rel=0.1)
    assert (tilted[0] > 0).all() and (tilted[1] > 0).all() and tilted[3:7].max() == pytest.approx(0, abs=1e-3)


def test_weights_of_face_api_are_levels_with_a_scale_and_a_minimum(tmp_path: Path) -> None:
    stored = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    weights = [
        {"name": "a", "shape": [2, 2], "dtype": "float32", "quantization": stored},
        {"name": "b", "shape": [3], "dtype": "float32", "quantization": stored | {"scale": 1, "min": 0}},
    ]
    (tmp_path / "net.bin").write_bytes(bytes([0, 1, 2, 3, 7, 8, 9]))
    (tmp_path / "manifest.json").write_text(json.dumps([{"weights": weights, "paths": ["net.bin"]}]))
    found = face_api.read_weights(tmp_path / "net.bin", tmp_path / "manifest.json")
    np.testing.assert_array_equal(found["a"], [[-1, -0.5], [0, 0.5]])
    np.testing.assert_array_equal(found["b"], [7, 8, 9])


def test_face_apis_net_takes_raw_crops_and_subtracts_its_mean_color() -> None:
    weights = {
        "dense0/conv0/filters": np.ones((3, 3, 3, 2), np.float32),
        "dense0/conv0/bias": np.zeros(2, np.float32),
        "dense0/conv1/depthwise_filter": np.zeros((3, 3, 2, 1), np.float32),
        "dense0/conv1/pointwise_filter": np.zeros((1, 1, 2, 2), np.float32),
        "dense0/conv1/bias": np.zeros(2, np.float32),
        "fc/weights": np.eye(2, dtype=np.float32),
        "fc/bias": np.zeros(2, np.float32),
    }
    net = face_api.build(weights)
    color = torch.tensor([122.782, 117.001, 104.298]) + 25.5
    with torch.inference_mode():
        answer = net(color.view(1, 3, 1, 1).expand(1, 3, 112, 112))
    # 27 weights times a tenth, but for the border, where the kernel meets padding.
    assert answer.numpy() == pytest.approx(2.7, rel=0.02)
