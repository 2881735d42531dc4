"""A net that rounds as its int8 file will, in PyTorch and with gradients.

The file has weights of int8, symmetric, with a step for each output channel (dense layers: one step,
after their BN was folded in), and activations of 8 bits with one step a tensor, its range the least
and the greatest value that calibration saw; the last dense layer and the sigmoid stay in float
(docs/guides/export.md). So here: every layer's weights and every tensor that the file stores are rounded,
ranges are those of the batch, and gradients pass as if nothing had been rounded (Jacob et al.,
https://arxiv.org/abs/1712.05877). The file also leaves out each tensor's rarest values and mends its last
bias; this does not. What `facekp_export.quantization.equalize` evens out before it quantizes is
rounded in its evened form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from facekp_train.networks.heads import Regression
from facekp_train.networks.keypoint_net import KeypointNet, Prediction
from facekp_train.networks.tracing import NORMS, is_add, trace
from facekp_train.training.learner import Learner

_LEAST = 1e-12

EVENING_STRENGTH = 0.8
"""How far the channels of a tensor are evened out: 0 not at all, 1 to equal ranges, which would cost
the readers' weights too much."""

NARROWEST_CHANNEL = 1e-3
"""A channel narrower than this share of the widest is as good as unused."""


class FakeQuantized(Learner):
    """A net that rounds like its int8 file. As a module it is the net alone, which it shares.

    Forward: crops [B, 3, S, S], RGB 0..255 -> Prediction, as the net's own; heatmaps and pooled
    features, which no file holds, are made from the rounded feature map.
    """

    def __init__(self, net: KeypointNet) -> None:
        super().__init__(net)
        # In a tuple, so that the shared layers are no second part of this module's state.
        self._plan = (_Plan.of(net),)
        self._only: str | None = None

    def for_validation(self, net: KeypointNet) -> FakeQuantized:
        """Rounded too, so that the epoch that is best in int8 is kept."""
        return FakeQuantized(net)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that round, in the net's order: modules by name, sums by their block's."""
        return tuple(dict.fromkeys([*self._plan[0].weighted.values(), *self._plan[0].points_by_name()]))

    @contextmanager
    def rounding_only(self, layer: str) -> Iterator[None]:
        """Within, one of `layers` rounds its weights and its answer; the others compute in float."""
        self._only = layer
        try:
            yield
        finally:
            self._only = None

    def forward(self, crops: Tensor) -> Prediction:
        """Keypoints [B, N, 2] in [0, 1] and, in training mode, heatmaps and pooled features."""
        net = self.net
        features, answer = _Rounding(self._plan[0], self._only).run(net.normalized(crops))
        keypoints = answer.view(-1, net.config.points, 2)
        if not self.training:
            return Prediction(keypoints)
        heatmaps = None if net.heatmap is None else net.heatmap(features)
        return Prediction(keypoints, heatmaps, net.regression.vector(features))


class _Parts(nn.Module):
    """What the file computes, after normalisation, under the net's own names."""

    def __init__(self, net: KeypointNet) -> None:
        super().__init__()
        self.backbone: nn.Module = net.backbone
        self.regression: Regression = net.regression

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.backbone(pictures)
        return features, self.regression(features)


@dataclass(frozen=True)
class _Point:
    """A tensor that the file stores in 8 bits.

    layer: what makes it. evened: its channels are equalized before.
    """

    layer: str
    evened: bool


@dataclass
class _Plan:
    """Where a net rounds: layers whose weights do, with the BN that is folded into them, and tensors."""

    graph: fx.GraphModule
    weighted: dict[fx.Node, str] = field(default_factory=dict)
    norms: dict[fx.Node, str] = field(default_factory=dict)
    points: dict[fx.Node, _Point] = field(default_factory=dict)

    @classmethod
    def of(cls, net: KeypointNet) -> _Plan:
        parts = _Parts(net)
        plan = cls(fx.GraphModule(parts, trace(parts)))
        modules = dict(plan.graph.named_modules())

        def module_of(node: fx.Node) -> Any:
            return modules.get(str(node.target)) if node.op == "call_module" else None

        nodes = list(plan.graph.graph.nodes)
        weighted = [node for node in nodes if isinstance(module_of(node), nn.Conv2d | nn.Linear)]
        # The last one is left in float, with all that follows it.
        for node in nodes[: nodes.index(weighted[-1])]:
            module = module_of(node)
            if node in weighted:
                plan.weighted[node] = str(node.target)
            elif not isinstance(module, nn.AdaptiveAvgPool2d) and not is_add(node):
                continue
            layer = str(node.target) if module is not None else f"{_block(node)} (sum)"
            end, clipped = node, False
            while len(end.users) == 1 and _is_fused(follower := next(iter(end.users)), module_of(follower)):
                end = follower
                clipped = clipped or isinstance(module_of(end), nn.ReLU6)
                if isinstance(module_of(end), NORMS):
                    plan.norms[node] = str(end.target)
            plan.points[end] = _Point(layer, not clipped and not isinstance(module, nn.Linear))
        return plan

    def points_by_name(self) -> list[str]:
        return [point.layer for point in self.points.values()]


def _is_fused(node: fx.Node, module: Any) -> bool:
    """Whether a converter computes this operation inside the one before it."""
    return isinstance(module, (*NORMS, nn.ReLU, nn.ReLU6)) or node.target is F.relu


def _block(node: fx.Node) -> str:
    """The module in whose forward an operation stands."""
    stack = list(node.meta.get("nn_module_stack", {}))
    return str(stack[-1]) if stack else node.name


class _Rounding(fx.Interpreter):
    """One forward pass; `only`: the layer that rounds, None for all."""

    def __init__(self, plan: _Plan, only: str | None) -> None:
        super().__init__(plan.graph)
        self._plan, self._only = plan, only
        # The factor of each channel [C] that equalization has divided a tensor by.
        self._factors: dict[fx.Node, Tensor] = {}

    def run_node(self, n: fx.Node) -> Any:
        plan = self._plan
        source = n.all_input_nodes[0] if n.all_input_nodes else n
        name = plan.weighted.get(n)
        if name is not None and self._only in (None, name):
            value = self._with_rounded_weights(n, self._factors.get(source))
        else:
            value = super().run_node(n)
        point = plan.points.get(n)
        if point is None:
            if n.target == "flatten" and source in self._factors:
                self._factors[n] = self._factors[source]
            return value
        if point.evened:
            self._factors[n] = _evening(value)
        return _rounded(value, self._factors.get(n)) if self._only in (None, point.layer) else value

    def _with_rounded_weights(self, node: fx.Node, factor: Tensor | None) -> Tensor:
        layer = self.fetch_attr(str(node.target))
        norm = self.fetch_attr(self._plan.norms[node]) if node in self._plan.norms else None
        weight = _rounded_weight(layer, norm, factor)
        return torch.func.functional_call(layer, {"weight": weight}, (self.env[node.all_input_nodes[0]],))


def _evening(value: Tensor) -> Tensor:
    """The factors [C] that even out the channels of a tensor [B, C, ...] as the exporter does."""
    axes = [axis for axis in range(value.ndim) if axis != 1]
    widest = value.detach().abs().amax(dim=axes).float()
    return (widest / widest.max().clamp_min(_LEAST)).clamp_min(NARROWEST_CHANNEL) ** EVENING_STRENGTH


def _rounded(value: Tensor, factor: Tensor | None) -> Tensor:
    """A tensor [B, C, ...] in 256 steps from its least to its greatest value, 0 among them."""
    exact = value.detach().float()
    if factor is not None:
        factor = factor.view(1, -1, *[1] * (value.ndim - 2))
        exact = exact / factor
    low, high = exact.amin().clamp_max(0), exact.amax().clamp_min(0)
    step = ((high - low) / 255).clamp_min(_LEAST)
    zero = (-low / step).round()
    rounded = (((exact / step).round() + zero).clamp(0, 255) - zero) * step
    if factor is not None:
        rounded = rounded * factor
    return _straight_through(value, rounded)


def _rounded_weight(layer: nn.Module, norm: Any, factor: Tensor | None) -> Tensor:
    """A layer's weights on the grid of int8. factor: of its input's channels, which they take over."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    exact = layer.weight.detach().float()
    dense = isinstance(layer, nn.Linear)
    # A channel's BN changes nothing where each output channel has a step of its own.
    scale = torch.ones_like(exact[:, :1])
    if dense and norm is not None:
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        scale = torch.where(gain.abs() > _LEAST, gain, 1.0)[:, None]
    if factor is not None and (dense or layer.groups == 1):
        scale = scale * factor.view(1, -1, *[1] * (exact.ndim - 2))
    folded = exact * scale
    widest = folded.abs().amax() if dense else folded.abs().amax(dim=(1, 2, 3), keepdim=True)
    step = (widest / 127).clamp_min(_LEAST)
    return _straight_through(layer.weight, (folded / step).round() * step / scale)


def _straight_through(value: Tensor, rounded: Tensor) -> Tensor:
    """The rounded value, with the exact one's gradient."""
    return value + (rounded.to(value.dtype) - value).detach()
