"""SAN's layers (Dong et al. 2018, arXiv 1803.04108), with random weights: for timing alone.

Two generators turn the face into two styles, whose mean is the style-aggregated face; the detector looks
at both faces with one trunk, and three stages join what it sees. The published layers make 75 MB, and 166
with the generators; the paper's table states 270.5 + 528, of which the second is an ImageNet VGG-16 with
its dense layers, which the net does not need.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 120
"""Of the crop, in pixels, as for 300W."""
_MAPS = 69  # 68 points and the background
_FEATURES = 128


def _convs(inputs: int, *layers: tuple[int, int]) -> nn.Sequential:
    """Convolutions of (kernel, channels) with ReLU between them, none after the last."""
    parts: list[nn.Module] = []
    for kernel, outputs in layers:
        parts += [nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*parts[:-1])


def _trunk() -> nn.Sequential:
    """VGG-16 up to conv4_3, then two narrower layers: [B, 3, H, W] -> [B, 128, H / 8, W / 8]."""
    parts: list[nn.Module] = []
    inputs = 3
    for group in ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512)):
        parts += [nn.MaxPool2d(2)] if parts else []
        for outputs in group:
            parts += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
    return nn.Sequential(*parts, _convs(inputs, (3, 256), (3, _FEATURES)), nn.ReLU(inplace=True))


def _late_stage(inputs: int) -> nn.Sequential:
    return _convs(inputs, *[(7, 128)] * 3, *[(3, 128)] * 4, (1, 128), (1, _MAPS))


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def generator() -> nn.Sequential:
    """CycleGAN's with nine residual blocks: a face [B, 3, H, W] in another style."""

    def normed(layer: nn.Module, channels: int) -> list[nn.Module]:
        return [layer, nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)]

    def upsampled(inputs: int, outputs: int) -> nn.Module:
        return nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)

    return nn.Sequential(
        nn.ReflectionPad2d(3),
        *normed(nn.Conv2d(3, 64, 7), 64),
        *normed(nn.Conv2d(64, 128, 3, stride=2, padding=1), 128),
        *normed(nn.Conv2d(128, 256, 3, stride=2, padding=1), 256),
        *[_Residual(256) for _ in range(9)],
        *normed(upsampled(256, 128), 128),
        *normed(upsampled(128, 64), 64),
        nn.ReflectionPad2d(3),
        nn.Conv2d(64, 3, 7),
        nn.Tanh(),
    )


class SanDetector(nn.Module):
    """The net that places points, from a face and its style-aggregated twin."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _trunk()
        self.first = _convs(_FEATURES, *[(3, 128)] * 4, (1, 512), (1, _MAPS))
        self.second = _late_stage(2 * _FEATURES + 2 * _MAPS)
        self.third = _late_stage(2 * _FEATURES + _MAPS)

    def forward(self, face: Tensor, aggregated: Tensor) -> Tensor:
        """Maps [B, 69, H / 8, W / 8] of two faces [B, 3, H, W]."""
        seen = self.trunk(face), self.trunk(aggregated)
        joined = torch.cat(seen, 1)
        second = self.second(torch.cat([joined, *map(self.first, seen)], 1))
        return self.third(torch.cat([joined, second], 1))


class San(nn.Module):
    """All that runs on a face."""

    def __init__(self) -> None:
        super().__init__()
        self.generators = nn.ModuleList([generator(), generator()])
        self.detector = SanDetector()

    def forward(self, face: Tensor) -> Tensor:
        """Maps [B, 69, H / 8, W / 8] of a face [B, 3, H, W]."""
        styles = [one(face) for one in self.generators]
        return self.detector(face, torch.stack(styles).mean(0))


NET = San
"""What is timed."""
