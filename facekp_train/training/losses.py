"""The losses of joint training (Appl. Sci. 2024, 14, 7153, sections 3.3 and 3.4).

All coordinates are [0, 1] of the crop.
"""

from __future__ import annotations

import torch
from torch import Tensor

from facekp_train.landmarks import five_matrix


def coordinate_errors(predicted: Tensor, target: Tensor, kind: str, wing: tuple[float, float]) -> Tensor:
    """Elementwise loss of coordinates, any shape: `mse` as in the paper, `l1`, or `wing`.

    Wing loss (Feng et al., https://arxiv.org/abs/1711.06753): w * ln(1 + |d| / e) below w, and
    |d| - C above, joined without a step; `wing` is (w, e) in crop units.
    """
    difference = predicted - target
    if kind == "mse":
        return difference.square()
    distance = difference.abs()
    if kind == "l1":
        return distance
    width, curvature = wing
    near = width * torch.log1p(distance / curvature)
    offset = width - width * torch.log1p(torch.tensor(width / curvature)).item()
    return torch.where(distance < width, near, distance - offset)


def masked_mean(errors: Tensor, mask: Tensor) -> Tensor:
    """Mean of errors [B, N, 2] over the labelled points of mask [B, N], whose values may also be
    weights; 0 where none is labelled."""
    weights = mask.to(errors.dtype).unsqueeze(-1)
    return (errors * weights).sum() / (weights.sum() * errors.shape[-1]).clamp_min(1e-6)


def heatmap_targets(keypoints: Tensor, height: int, width: int, sigma: float) -> Tensor:
    """Gaussian maps [B, N, height, width] with peak 1 at keypoints [B, N, 2] in [0, 1].

    sigma is in pixels of the map. The paper's formula sums over points on one map; its B x D maps
    need one each.
    """
    device = keypoints.device
    columns = torch.arange(width, device=device) + 0.5
    rows = torch.arange(height, device=device) + 0.5
    x = (columns - keypoints[..., 0:1] * width).square()
    y = (rows - keypoints[..., 1:2] * height).square()
    # A product of two one-dimensional Gaussians: N * (w + h) exponentials instead of N * w * h.
    return torch.exp(-y / (2 * sigma**2)).unsqueeze(-1) * torch.exp(-x / (2 * sigma**2)).unsqueeze(-2)


def heatmap_loss(predicted: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """loss2: mean squared error over the labelled maps of [B, N, h, w]; mask is [B, N]."""
    by_map = (predicted - targets).square().mean(dim=(2, 3))
    weights = mask.to(by_map.dtype)
    return (by_map * weights).sum() / weights.sum().clamp_min(1)


class FivePoints:
    """The five keypoints that an N-point prediction implies, [B, N, 2] -> [B, 5, 2].

    Through them a net of many points learns from images with five labelled ones.
    """

    def __init__(self, points: int, device: torch.device) -> None:
        self._weights = torch.from_numpy(five_matrix(points)).to(device)

    def __call__(self, keypoints: Tensor) -> Tensor:
        return torch.einsum("fn,bnc->bfc", self._weights, keypoints)
