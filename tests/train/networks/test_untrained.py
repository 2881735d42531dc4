"""Nets of random weights: repeatable, and with answers that differ from crop to crop."""

from __future__ import annotations

import pytest
import torch

from facekp_train.networks.keypoint_net import NetConfig
from facekp_train.networks.untrained import untrained_net
from tests.support.models.small_nets import noise_crops


@pytest.mark.parametrize("backbone", ["mdp-fast", "pfld-0.25x"])
def test_it_is_the_same_each_time_and_answers_spread(backbone: str) -> None:
    config = NetConfig(backbone=backbone, points=5, size=48, heatmap_width=0)
    crops = torch.from_numpy(noise_crops(8, 48))
    state = torch.get_rng_state()
    first, second = (untrained_net(config, crops) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not first.training
    with torch.inference_mode():
        spread = first(crops.permute(0, 3, 1, 2)).keypoints.std(dim=0)
    assert float(spread.min()) > 0.05
