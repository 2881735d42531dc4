"""Nets without some of a group's channels: masked for comparison, or physically smaller."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, NetConfig, build_net
from facekp_train.networks.tracing import NORMS
from facekp_train.pruning.choices import Repair
from facekp_train.pruning.groups import Consumer, Group
from facekp_train.pruning.moments import Moments
from facekp_train.pruning.repair import repaired_weight


def masked(
    net: KeypointNet,
    group: Group,
    keep: Tensor,
    moments: Mapping[str, Moments] | None = None,
    repair: Repair = "none",
) -> KeypointNet:
    """A copy of the same shape that reads some channels of a group and no others.

    Args:
        net: stays as it is.
        group: the channels.
        keep: [K], those that are still read.
        moments: of the readers, by layer name; for a repair.
        repair: `none`, the channels are nought from now on; `mean`, the constants that the readers lose go
            into the BN after them (or their bias); `lstsq`, the weights of the kept channels also make up
            for the rest.

    Raises:
        ValueError: where `keep` are not some of the group's channels, each once, for a repair without
            moments, or where a reader has neither BN nor bias for its constant.
    """
    keep = _checked(group, keep).to(next(net.parameters()).device)
    cut = copy.deepcopy(net)
    with torch.no_grad():
        for consumer in group.consumers:
            weight = _weight(cut, consumer.layer)
            known = None if moments is None else moments[consumer.layer]
            new, lost = repaired_weight(weight.reshape(*weight.shape[:2], -1), known, keep, repair)
            zeroed = torch.zeros_like(weight)
            zeroed[:, keep] = new.view(len(new), len(keep), *weight.shape[2:])
            weight.copy_(zeroed)
            if repair != "none":
                _take_over(cut, consumer, lost)
    return cut


def remove(
    net: KeypointNet,
    group: Group,
    keep: Tensor,
    moments: Mapping[str, Moments] | None = None,
    repair: Repair = "none",
) -> KeypointNet:
    """A smaller net that answers as `masked` does, with its arguments and errors.

    Its `config` rebuilds it from a checkpoint.
    """
    cut = masked(net, group, keep, moments, repair)
    state = cut.state_dict()
    keep = _checked(group, keep).to(next(net.parameters()).device)
    for consumer in group.consumers:
        name = f"{consumer.layer}.weight"
        state[name] = state[name][:, keep]
    for name in list(state):
        # BN's counter of batches has no channels.
        if name.rpartition(".")[0] in (*group.producers, *group.carriers) and state[name].ndim > 0:
            state[name] = state[name][keep]
    return rebuilt(with_width(cut, group, len(keep)), state).train(net.training)


def with_width(net: KeypointNet, group: Group, width: int) -> NetConfig:
    """The net's config, all sizes written out, with another width of one group."""
    sizes = {field: list(values) for field, values in explicit_sizes(net).items()}
    field, index = group.entry
    sizes[field][index] = width
    return net.config.model_copy(update={name: tuple(values) for name, values in sizes.items()})


def explicit_sizes(net: KeypointNet) -> dict[str, tuple[int, ...]]:
    """`widths` and `channels` of a net as they are, also where its config leaves them to the default."""
    backbone = net.backbone
    layers = {"widths": backbone.inner_layers, "channels": backbone.outer_layers}
    return {
        field: tuple(len(_weight(net, f"backbone.{name}")) for name in names)
        for field, names in layers.items()
    }


def rebuilt(config: NetConfig, state: Mapping[str, Tensor]) -> KeypointNet:
    """A net of this config with these weights, without drawing random ones first."""
    with torch.device("meta"):
        net = build_net(config)
    net.load_state_dict({name: tensor.clone() for name, tensor in state.items()}, assign=True)
    return net


def _take_over(net: KeypointNet, consumer: Consumer, lost: Tensor) -> None:
    """Add a constant to a layer's answer.

    It goes into the BN's mean rather than its shift: there it is also right while training, when
    the batch's own mean is taken away.
    """
    if consumer.norm is not None:
        norm = net.get_submodule(consumer.norm)
        assert isinstance(norm, NORMS) and norm.running_mean is not None
        norm.running_mean -= lost
        return
    bias = net.get_submodule(consumer.layer).bias
    if not isinstance(bias, Tensor):
        raise ValueError(f"{consumer.layer} has neither a BN nor a bias for the constant that it loses")
    bias += lost


def _weight(net: nn.Module, layer: str) -> Tensor:
    weight = net.get_submodule(layer).weight
    assert isinstance(weight, Tensor)
    return weight


def _checked(group: Group, keep: Tensor) -> Tensor:
    """Ascending channels; raises ValueError unless they are some of the group's, each once."""
    keep = keep.sort().values
    fits = len(keep) > 0 and int(keep[0]) >= 0 and int(keep[-1]) < group.width
    if not fits or len(keep.unique()) != len(keep):
        raise ValueError(f"{group.name} keeps between 1 and {group.width} of its channels, each once")
    return keep
