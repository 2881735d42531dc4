"""The peers of table 5: sizes as their papers' layers give them, and what SDM's descriptors see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.systems import lab, sdm
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
