"""LAB's layers (Wu et al. 2018, arXiv 1805.10483), with random weights: for timing alone.

A stacked hourglass estimates 13 boundaries, and a ResNet-18 reads the points from the face with the
boundaries beside it. Left out, as small beside these: message passing between boundaries, and the
fusion inside the regressor. The estimator alone makes 51.4 MB: the paper's table counts that (50.7).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet18

SIDE = 256
"""Of the crop, in pixels."""
_BOUNDARIES, _FEATURES, _LEVELS, _STACKS = 13, 256, 4, 4


class _Bottleneck(nn.Module):
    """Pre-activation, half as wide inside."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 2

        def active(channels: int, layer: nn.Module) -> list[nn.Module]:
            return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True), layer]

        self.body = nn.Sequential(
            *active(inputs, nn.Conv2d(inputs, inner, 1)),
            *active(inner, nn.Conv2d(inner, inner, 3, padding=1)),
            *active(inner, nn.Conv2d(inner, outputs, 1)),
        )
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        # The first activation must not write over what the skip reads.
        return self.skip(x) + self.body(x.clone())


class _Hourglass(nn.Module):
    def __init__(self, levels: int) -> None:
        super().__init__()
        self.beside, self.before, self.after = (_Bottleneck(_FEATURES, _FEATURES) for _ in range(3))
        self.inner = _Hourglass(levels - 1) if levels > 1 else _Bottleneck(_FEATURES, _FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        low = self.after(self.inner(self.before(F.max_pool2d(x, 2))))
        return self.beside(x) + F.interpolate(low, scale_factor=2.0)


class BoundaryEstimator(nn.Module):
    """Four hourglasses, each of which goes on from what those before it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
            _Bottleneck(64, 128), nn.MaxPool2d(2), _Bottleneck(128, 128), _Bottleneck(128, _FEATURES),
        )  # fmt: skip
        self.hourglasses = nn.ModuleList(
            nn.Sequential(
                _Hourglass(_LEVELS), _Bottleneck(_FEATURES, _FEATURES),
                nn.Conv2d(_FEATURES, _FEATURES, 1), nn.BatchNorm2d(_FEATURES), nn.ReLU(inplace=True),
            )
            for _ in range(_STACKS)
        )  # fmt: skip

        def between(inputs: int, outputs: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(nn.Conv2d(inputs, outputs, 1) for _ in range(count))

        self.maps = between(_FEATURES, _BOUNDARIES, _STACKS)
        self.features_on = between(_FEATURES, _FEATURES, _STACKS - 1)
        self.maps_on = between(_BOUNDARIES, _FEATURES, _STACKS - 1)

    def forward(self, face: Tensor) -> Tensor:
        """Boundaries [B, 13, H / 4, W / 4] of a face [B, 3, H, W]."""
        x = self.stem(face)
        for hourglass, maps, features_on, maps_on in zip(
            self.hourglasses, self.maps, self.features_on, self.maps_on, strict=False
        ):
            seen = hourglass(x)
            x = x + features_on(seen) + maps_on(maps(seen))
        return self.maps[-1](self.hourglasses[-1](x))


class Lab(nn.Module):
    """Estimator and regressor."""

    def __init__(self) -> None:
        super().__init__()
        self.estimator = BoundaryEstimator()
        self.regressor = resnet18(num_classes=2 * 68)
        fused = 3 * (1 + _BOUNDARIES)
        self.regressor.conv1 = nn.Conv2d(fused, 64, 7, stride=2, padding=3, bias=False)

    def forward(self, face: Tensor) -> Tensor:
        """Points [B, 136] of a face [B, 3, H, W]."""
        maps = F.interpolate(self.estimator(face), scale_factor=4.0)
        fused = (maps[:, :, None] * face[:, None]).flatten(1, 2)
        return self.regressor(torch.cat([face, fused], 1))


NET = Lab
"""What is timed."""
