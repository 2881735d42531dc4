"""Layers that several backbones are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv(nn.Conv2d):
    """A convolution without bias that pads as TF's SAME: the odd pixel goes right and bottom."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = kernel // 2 if stride == 1 else 0
        super().__init__(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)

    def padded(self, input: Tensor) -> Tensor:
        """The input with the border that `padding` cannot express."""
        step = self.stride[0]
        if step == 1:
            return input
        borders: list[int] = []
        for side in (input.shape[-1], input.shape[-2]):
            missing = max((-(-side // step) - 1) * step + self.kernel_size[0] - side, 0)
            borders += [missing // 2, missing - missing // 2]
        return F.pad(input, borders) if any(borders) else input

    def forward(self, input: Tensor) -> Tensor:
        """[B, C, H, W] -> [B, C', ceil(H / stride), ceil(W / stride)]."""
        if self.groups > 1 and self.stride[0] == 2 and torch.is_autocast_enabled("cpu"):
            # On a CPU the backward pass of these few is five times slower in bfloat16 than in float32.
            with torch.autocast("cpu", enabled=False):
                return super().forward(self.padded(input.float()))
        return super().forward(self.padded(input))


def conv_bn_relu(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A dense convolution with BN and ReLU."""
    conv = Conv(inputs, outputs, kernel, stride)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def conv_bn_relu6(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution with BN and ReLU6, depthwise where there are as many groups as channels."""
    conv = Conv(inputs, outputs, kernel, stride, groups)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


def initialize_convolutions(module: nn.Module) -> None:
    """He's start of a convolution, by its outputs; for `nn.Module.apply`."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
