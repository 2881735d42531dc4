"""Coupled groups: the layers that lose a channel together, found from the net's own graph.

A convolution's filter, the BN and depthwise channels that carry it on, and the input channel of
every layer that reads it are one channel of one group. Residual adds tie the channels of both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, fx, nn

from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.networks.tracing import NORMS, is_add, trace
from facekp_train.pruning.choices import Scope

# Channel i of the output depends on channel i of the input alone.
_CHANNELWISE_MODULES = (nn.ReLU, nn.ReLU6, nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Identity, nn.Dropout)
_CHANNELWISE_FUNCTIONS = (F.relu, F.interpolate)


@dataclass(frozen=True)
class Consumer:
    """A layer that reads a group's channels.

    Attributes:
        layer: its module's name.
        norm: the name of the BN that follows it, if one does.
    """

    layer: str
    norm: str | None


@dataclass(frozen=True)
class Group:
    """Channels that exist or go together, in the order of the net.

    Attributes:
        producers: layers that make them (one convolution, or all that residual adds tie).
        carriers: layers that hand each channel on by itself (BN, depthwise convolutions).
        consumers: layers that read them all.
        width: how many they are.
        entry: the place of the width in `NetConfig`: ("widths", i) or ("channels", i).
    """

    producers: tuple[str, ...]
    carriers: tuple[str, ...]
    consumers: tuple[Consumer, ...]
    width: int
    entry: tuple[str, int]

    @property
    def name(self) -> str:
        """The first producer's name."""
        return self.producers[0]


def find_groups(net: KeypointNet, scope: Scope = "inner") -> list[Group]:
    """The net's groups, last layer first.

    MobileNetV2's first block has no filters of its own: its depthwise convolution carries the stem's.
    The heads' own hidden layers are left alone.

    Args:
        net: any net of this package.
        scope: `inner`, filters inside the residual blocks, the paper's reading; `all`, the stem's
            filters and the block outputs too.
    """
    entries = _entries(net)
    place = {name: i for i, (name, _) in enumerate(net.named_modules())}
    groups = []
    for space in _Walk(net).spaces():
        producers, carriers = (
            sorted(names, key=place.__getitem__) for names in (space.producers, space.carriers)
        )
        named = [entries[name] for name in producers if name in entries]
        if space.fixed or not named or not space.consumers:
            continue
        if scope == "all" or named[0][0] == "widths":
            width = net.get_submodule(producers[0]).out_channels
            assert isinstance(width, int)
            group = Group(tuple(producers), tuple(carriers), tuple(space.consumers), width, named[0])
            groups.append(group)
    return groups[::-1]


def _entries(net: KeypointNet) -> dict[str, tuple[str, int]]:
    backbone = net.backbone
    inner = {f"backbone.{name}": ("widths", i) for i, name in enumerate(backbone.inner_layers)}
    outer = {f"backbone.{name}": ("channels", i) for i, name in enumerate(backbone.outer_layers)}
    return inner | outer


class _Space:
    """Tensors with the same channels. Adds merge two spaces; `fixed` ones end in no layer of ours."""

    def __init__(self, fixed: bool = False) -> None:
        self.fixed = fixed
        self.producers: list[str] = []
        self.carriers: list[str] = []
        self.consumers: list[Consumer] = []


class _Everything(nn.Module):
    """Backbone and both heads, whatever mode the net is in; modules keep their names."""

    def __init__(self, net: KeypointNet) -> None:
        super().__init__()
        self.backbone, self.regression, self.heatmap = net.backbone, net.regression, net.heatmap

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        features = self.backbone(pictures)
        keypoints = self.regression(features)
        return (keypoints,) if self.heatmap is None else (keypoints, self.heatmap(features))


class _Walk:
    """One pass over the graph that gives every tensor its space."""

    def __init__(self, net: KeypointNet) -> None:
        self._modules = dict(net.named_modules())
        self._of: dict[fx.Node, _Space] = {}
        self._order: list[_Space] = []
        for node in trace(_Everything(net)).nodes:
            self._of[node] = self._visit(node)

    def spaces(self) -> list[_Space]:
        """Every space that a convolution makes, in the order of the net."""
        return self._order

    def _visit(self, node: fx.Node) -> _Space:
        sources = [self._of[source] for source in node.all_input_nodes]
        if node.op == "call_module":
            return self._visit_module(node, sources[0])
        if is_add(node):
            return self._merge(*sources)
        if node.op == "call_function" and node.target in _CHANNELWISE_FUNCTIONS:
            return sources[0]
        if node.op == "call_method" and (node.target == "relu" or self._flattens_a_pool(node)):
            return sources[0]
        # The picture, the answer, and whatever we cannot see through keep their channels.
        for space in sources:
            space.fixed = True
        return _Space(fixed=True)

    def _visit_module(self, node: fx.Node, source: _Space) -> _Space:
        name = str(node.target)
        module = self._modules[name]
        if isinstance(module, NORMS) or is_depthwise(module):
            source.carriers.append(name)
            return source
        if isinstance(module, _CHANNELWISE_MODULES):
            return source
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1):
            source.consumers.append(Consumer(name, self._norm_after(node)))
            made = _Space()
            made.producers.append(name)
            self._order.append(made)
            return made
        source.fixed = True
        return _Space(fixed=True)

    def _merge(self, first: _Space, second: _Space) -> _Space:
        if first is second:
            return first
        first.fixed |= second.fixed
        for part in ("producers", "carriers", "consumers"):
            getattr(first, part).extend(getattr(second, part))
        for node, space in self._of.items():
            if space is second:
                self._of[node] = first
        if second in self._order:
            self._order.remove(second)
        return first

    def _norm_after(self, node: fx.Node) -> str | None:
        """The BN through which alone a layer's answer goes on, where a constant can be taken up."""
        while len(node.users) == 1:
            node = next(iter(node.users))
            if node.op == "call_module" and isinstance(self._modules[str(node.target)], NORMS):
                return str(node.target)
            if not (node.op == "call_function" and node.target is F.interpolate):
                return None
        return None

    def _flattens_a_pool(self, node: fx.Node) -> bool:
        """Flattening keeps channels apart only where one pixel is left."""
        before = node.all_input_nodes[0]
        pool = self._modules.get(str(before.target)) if before.op == "call_module" else None
        return node.target == "flatten" and isinstance(pool, nn.AdaptiveAvgPool2d) and pool.output_size == 1


def is_depthwise(module: nn.Module) -> bool:
    """One filter a channel."""
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels == module.out_channels
