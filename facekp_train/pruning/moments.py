"""One pass over a subset of images that sums up all that scores, constants and repairs need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.networks.layers import Conv
from facekp_train.pruning.groups import is_depthwise

# Fewer positions of an image would make the covariance of a wide layer singular: a last map of
# 4 x 4 is always taken whole.
_FEWEST_POSITIONS = 16


@dataclass
class Moments:
    """Sums over sampled positions of what one layer reads, in float64.

    x[c, t] is input channel c under tap t of the kernel (zero beyond the border).

    Attributes:
        count: positions.
        total: [C, T], sum of x.
        own: [C, T, T], sum of x[c, t] x[c, u], each channel's autocorrelation.
        answer: [O], sum of (W x)^2 by output channel.
        pairs: [C T, C T], `own` between all channels, where asked for.
    """

    count: int
    total: Tensor
    own: Tensor
    answer: Tensor
    pairs: Tensor | None

    @property
    def mean(self) -> Tensor:
        """[C, T], the average of x."""
        return self.total / self.count

    def second(self, centred: bool) -> Tensor:
        """The mean of x x'.

        Args:
            centred: about the mean, not about zero.

        Returns:
            [C T, C T].

        Raises:
            ValueError: without pairs.
        """
        if self.pairs is None:
            raise ValueError("these moments were collected without the pairs of channels")
        flat = self.mean.flatten()
        return self.pairs / self.count - (torch.outer(flat, flat) if centred else 0)


def collect_moments(
    net: KeypointNet,
    layers: Iterable[str],
    batches: Iterable[Tensor],
    *,
    share: float = 0.05,
    pairs: bool = False,
) -> dict[str, Moments]:
    """Moments of layers from one forward pass.

    The memory does not grow with the number of images. The net runs in eval mode and is left as it was.

    Args:
        net: whose layers are watched.
        layers: their module names.
        batches: crops [B, 3, S, S].
        share: of the positions of every image that count, in (0, 1], drawn anew for each (1: all of
            them); never fewer than 16.
        pairs: also keep the products of different channels.

    Returns:
        Moments by layer name.

    Raises:
        ValueError: for a share out of range, or no images.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share of the positions lies in (0, 1], not {share}")
    random = torch.Generator().manual_seed(0)
    sums: dict[str, Moments] = {}
    modules = {name: net.get_submodule(name) for name in layers}
    device = next(net.parameters()).device
    with ExitStack() as stack, torch.inference_mode():
        stack.callback(net.train, net.training)
        for name, module in modules.items():
            hook = _summing(sums, name, share, pairs, random)
            stack.enter_context(module.register_forward_pre_hook(hook))
        # The heatmap head is run by hand: the net itself calls it in training alone.
        net.eval()
        for crops in batches:
            features = net.features(crops.to(device))
            net.regression(features)
            if net.heatmap is not None and any(name.startswith("heatmap.") for name in modules):
                net.heatmap(features)
    if not sums and modules:
        raise ValueError("there are no images to score the filters on")
    return sums


def _summing(
    sums: dict[str, Moments], name: str, share: float, pairs: bool, random: torch.Generator
) -> Callable[[nn.Module, tuple[Tensor]], None]:
    def add(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        new = _moments(layer, sampled_inputs(layer, inputs[0], share, random).double(), pairs)
        old = sums.get(name)
        sums[name] = new if old is None else _sum(old, new)

    return add


def _moments(layer: nn.Module, x: Tensor, pairs: bool) -> Moments:
    """Of x [positions, C, taps], as a layer reads it."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    flat, weight = x.flatten(1), layer.weight.double()
    own = x.square().sum(0).unsqueeze(2) if x.shape[2] == 1 else torch.einsum("nct,ncu->ctu", x, x)
    if is_depthwise(layer):
        answer = torch.einsum("nct,ct->nc", x, weight.flatten(1))
        return Moments(len(x), x.sum(0), own, answer.square().sum(0), None)
    answer = (flat @ weight.flatten(1).T).square().sum(0)
    return Moments(len(x), x.sum(0), own, answer, flat.T @ flat if pairs else None)


def _sum(a: Moments, b: Moments) -> Moments:
    pairs = None if a.pairs is None or b.pairs is None else a.pairs + b.pairs
    return Moments(a.count + b.count, a.total + b.total, a.own + b.own, a.answer + b.answer, pairs)


def sampled_inputs(layer: nn.Module, x: Tensor, share: float, random: torch.Generator) -> Tensor:
    """What a layer reads at some of its output positions.

    Args:
        layer: a convolution or a linear layer, whose input [B, C] has one position and one tap.
        x: its input.
        share: of the positions of every image.
        random: draws them.

    Returns:
        [positions, C, taps].
    """
    if isinstance(layer, nn.Linear):
        return x.unsqueeze(2)
    assert isinstance(layer, nn.Conv2d)
    if isinstance(layer, Conv):
        x = layer.padded(x)
    if layer.kernel_size == (1, 1):
        x = x[..., :: layer.stride[0], :: layer.stride[1]].flatten(2).unsqueeze(2)
    else:
        assert not isinstance(layer.padding, str)
        patches = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
        x = patches.view(len(x), layer.in_channels, -1, patches.shape[-1])
    positions = x.shape[-1]
    kept = min(positions, max(_FEWEST_POSITIONS, round(share * positions)))
    x = x.permute(0, 3, 1, 2)
    if kept < positions:
        drawn = torch.rand(len(x), positions, generator=random).topk(kept).indices.to(x.device)
        x = x[torch.arange(len(x), device=x.device)[:, None], drawn]
    return x.flatten(0, 1)
