"""Crops that no camera took: noise, changed until a net's batch norms see what they saw in training.

A BN layer remembers the mean and the variance of every channel over the training faces. Crops whose
own means and variances agree with those at every layer give quantized files nearly the ranges that
faces would, and can be shipped where faces cannot (Cai et al., "ZeroQ: A Novel Zero Shot Quantization
Framework", https://arxiv.org/abs/2001.00281). `benchmarks/distill_crops.py` wrote the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.common.files import package_file
from facekp_train.draw import write_picture
from facekp_train.images import read_image
from facekp_train.samples import Crops

if TYPE_CHECKING:
    import torch

    from facekp_train.networks.keypoint_net import KeypointNet

PICTURE = package_file("facekp_export", "demo", "distilled.jpg")
"""The shipped crops, side by side."""

COUNT = 24
"""How many the picture holds."""

_SIDE, _COLUMNS = 128, 6
_RATE = 0.15
# Channels that hardly move at all would otherwise count without limit.
_LEAST_VARIANCE = 1e-4


def distilled_crops(size: int) -> Crops:
    """The shipped crops.

    Args:
        size: side S in pixels; they are resized where it is not 128.

    Returns:
        uint8 [B, S, S, 3] RGB.
    """
    sheet = read_image(PICTURE)
    rows, columns = sheet.shape[0] // _SIDE, sheet.shape[1] // _SIDE
    tiles = sheet.reshape(rows, _SIDE, columns, _SIDE, 3).swapaxes(1, 2).reshape(-1, _SIDE, _SIDE, 3)
    if size == _SIDE:
        return np.ascontiguousarray(tiles)
    interpolation = cv2.INTER_AREA if size < _SIDE else cv2.INTER_CUBIC
    return np.stack(
        [np.asarray(cv2.resize(tile, (size, size), interpolation=interpolation)) for tile in tiles]
    )


def write_sheet(crops: Crops) -> None:
    """Write crops as the picture that `distilled_crops` reads.

    Args:
        crops: uint8 [B, 128, 128, 3] RGB, B a multiple of 6.
    """
    rows = crops.reshape(-1, _COLUMNS, _SIDE, _SIDE, 3).swapaxes(1, 2)
    write_picture(PICTURE, rows.reshape(-1, _COLUMNS * _SIDE, 3))


def distill(
    net: KeypointNet,
    count: int,
    steps: int,
    seed: int = 0,
    on_step: Callable[[int, float], None] = lambda _step, _distance: None,
) -> Crops:
    """Crops whose statistics are those that a net's batch norms remember.

    Args:
        net: its weights stay as they are; they need no gradient any more.
        count: how many crops.
        steps: of the optimizer.
        seed: of the noise that they begin as.
        on_step: called with the step and `statistics_distance` so far.

    Returns:
        uint8 [count, S, S, 3] RGB.
    """
    import torch

    net.eval().requires_grad_(False)
    pixels = torch.from_numpy(smooth_noise(count, net.config.size, seed)).requires_grad_(True)
    optimizer = torch.optim.Adam([pixels], lr=_RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        # Through a sigmoid, so that every value is a color.
        distance = statistics_distance(net, pixels.sigmoid() * 255)
        optimizer.zero_grad()
        distance.backward()
        optimizer.step()
        rates.step()
        on_step(step, float(distance.detach()))
    with torch.no_grad():
        colors = (pixels.sigmoid() * 255).round().to(torch.uint8)
    return np.ascontiguousarray(colors.permute(0, 2, 3, 1).numpy())


def statistics_distance(net: KeypointNet, crops: torch.Tensor) -> torch.Tensor:
    """How far crops are from what a net's batch norms remember.

    Args:
        net: with batch norms that remember.
        crops: [B, 3, S, S], RGB 0..255.

    Returns:
        A scalar: over layers and channels the mean of (difference of means / sigma)^2 + (ratio of sigmas
        - 1)^2; 0 for crops like the training faces.
    """
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    distances: list[torch.Tensor] = []

    def compare(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, _BatchNorm) and layer.running_mean is not None
        assert layer.running_var is not None
        axes = [axis for axis in range(inputs[0].ndim) if axis != 1]
        variance, mean = torch.var_mean(inputs[0], dim=axes, correction=0)
        known = layer.running_var.clamp_min(_LEAST_VARIANCE)
        shift = (mean - layer.running_mean).square() / known
        ratio = (variance.clamp_min(_LEAST_VARIANCE) / known).sqrt()
        distances.append((shift + (ratio - 1).square()).mean())

    with ExitStack() as hooks:
        for layer in net.modules():
            if isinstance(layer, _BatchNorm):
                hooks.enter_context(layer.register_forward_pre_hook(compare))
        net(crops.to(memory_format=torch.channels_last))
    return torch.stack(distances).mean()


def smooth_noise(count: int, size: int, seed: int) -> NDArray[np.float32]:
    """Random fields with the spectrum of photographs (amplitude ~ 1/frequency), their colors alike.

    Args:
        count: how many.
        size: side in pixels.
        seed: decides them.

    Returns:
        float32 [count, 3, size, size], standard deviation 1.
    """
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]) + 0.5 / size
    fields = np.fft.irfft2(np.fft.rfft2(random.normal(size=(count, 4, size, size))) / frequency)
    mixed = fields[:, :1] + 0.3 * fields[:, 1:]
    return (mixed / mixed.std(axis=(1, 2, 3), keepdims=True)).astype(np.float32)
