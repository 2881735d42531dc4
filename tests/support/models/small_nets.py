"""Seeded nets that answer like trained ones: spread over the crop, not all at its middle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from facekp_train.networks.heads import RegressionHead
    from facekp_train.networks.keypoint_net import KeypointNet, NetConfig


def noise_crops(count: int, size: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth random color fields, uint8 [count, size, size, 3], black and white included."""
    import cv2

    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, 6, 6, 3), dtype=np.uint8)
    crops = np.stack([cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC) for field in coarse])
    crops[0, 0, 0], crops[0, 0, 1] = 0, 255
    return crops.astype(np.uint8)


def acquainted_net(config: NetConfig, crops: NDArray[np.uint8]) -> KeypointNet:
    """An untrained net in eval mode whose batch norms remember these crops, so that its answers differ."""
    import torch

    from facekp_train.networks.keypoint_net import build_net

    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = build_net(config)
    for layer in net.modules():
        if isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.momentum = 1.0
    with torch.no_grad():
        hidden_head(net).fc2.weight.mul_(20)
        net.train()(torch.from_numpy(crops).permute(0, 3, 1, 2))
    return net.eval()


def shipped_net_of_five(size: int = 64) -> KeypointNet:
    """The shipped 0.25X for crops of another size; of its answers the points nearest to the five are left.

    A net that was trained, in no time: it rounds like one, where a net of chance amplifies all rounding.
    """
    from facekp_train.common.shipped import shipped_models_dir
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.networks.keypoint_net import build_net

    shipped = load_checkpoint(shipped_models_dir() / "mdp-0.25x" / "model.safetensors")
    net = build_net(shipped.header.net.model_copy(update={"points": 5, "size": size, "heatmap_width": 0}))
    weights = shipped.net.state_dict()
    rows = [2 * point + axis for point in (36, 45, 30, 48, 54) for axis in (0, 1)]
    for name in ("regression.fc2.weight", "regression.fc2.bias"):
        weights[name] = weights[name][rows]
    net.load_state_dict({name: weights[name] for name in net.state_dict()})
    return net.eval()


def save_small_checkpoint(path: Path, points: int = 5, size: int = 64, steps: int = 200) -> Path:
    """A narrow MobileNet, trained for seconds to answer the brightness of regions of the demo views.

    A random net would not do: it amplifies every rounding of int8, which trained ones do not.
    """
    import torch

    from facekp_export.quantization.calibration import demo_views
    from facekp_train.crop import CropRule
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig, build_net

    torch.manual_seed(0)
    torch.set_num_threads(1)  # so small a net only waits for further threads
    rule = CropRule(size=size)
    config = NetConfig(points=points, size=size, widths=(16,) * 16, hidden=32, heatmap_width=0)
    net = build_net(config)
    crops = torch.from_numpy(demo_views(rule, 128)).permute(0, 3, 1, 2)
    regions = torch.nn.functional.adaptive_avg_pool2d(crops.float().mean(1, keepdim=True) / 255, 4).flatten(1)
    target = 0.35 + 0.3 * regions[:, : 2 * points]
    optimizer = torch.optim.AdamW(net.parameters(), 5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in range(steps):
        batch = torch.randint(len(crops), (32,))
        loss = (net(crops[batch]).keypoints.flatten(1) - target[batch]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    save_checkpoint(path, net, CheckpointHeader(name="small", net=config, crop=rule.as_dict()))
    return path


def hidden_head(net: KeypointNet) -> RegressionHead:
    """The net's regression head, which has a hidden layer where no backbone brings another."""
    from facekp_train.networks.heads import RegressionHead

    assert isinstance(net.regression, RegressionHead)
    return net.regression
