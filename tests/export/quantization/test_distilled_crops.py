"""Distilled crops: they come to what a net's batch norms remember, and the shipped ones can be read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from facekp_export.quantization.distilled_crops import COUNT, distilled_crops
from tests.support.models.small_nets import acquainted_net, noise_crops

pytest.importorskip("torch")

import torch

from facekp_export.quantization.distilled_crops import distill, statistics_distance
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.keypoint_net import NetConfig

SIZE = 32
FACES = noise_crops(32, SIZE, seed=3)


def tensor_of(crops: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float()


def test_crops_that_the_net_has_seen_are_at_no_distance() -> None:
    config = NetConfig(points=5, size=SIZE, widths=(8,) * 16, hidden=8, heatmap_width=0)
    net = acquainted_net(config, FACES)
    with torch.no_grad():
        assert float(statistics_distance(net, tensor_of(FACES))) < 0.01
        assert float(statistics_distance(net, 255 - tensor_of(FACES) / 2)) > 0.1


@pytest.mark.training
def test_distilled_crops_come_near_to_what_the_teacher_saw() -> None:
    torch.set_num_threads(1)
    net = load_checkpoint(shipped_models_dir() / "teacher" / "model.safetensors").net
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    distances: list[float] = []
    crops = distill(net, 6, 8, on_step=lambda _, distance: distances.append(distance))
    assert crops.shape == (6, 128, 128, 3) and crops.dtype == np.uint8
    with torch.no_grad():
        left = float(statistics_distance(net, tensor_of(crops)))
    assert left < 0.75 * distances[0], distances
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize("size", [64, 128, 160])
def test_the_shipped_crops_fit_every_net(size: int) -> None:
    crops = distilled_crops(size)
    assert crops.shape == (COUNT, size, size, 3) and crops.dtype == np.uint8
    assert len({crop.tobytes() for crop in crops}) == COUNT
    # Tiles, not stripes of their neighbors: each has pictures' smoothness in both directions.
    assert np.ptp(crops, axis=(1, 2)).min() > 50
