"""What stays of the channels that go: nothing, their mean, or all that the kept ones can say of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from facekp_train.pruning.choices import Repair
from facekp_train.pruning.moments import Moments

# Keeps the equations solvable where channels are linear copies of each other.
_RIDGE = 1e-6
_GROWTHS = 20


class Repaired(NamedTuple):
    """What a reader of fewer channels has.

    Attributes:
        weight: for the kept channels, [O, K, T].
        lost: the mean answer that they lack and that is to be taken over, [O].
    """

    weight: Tensor
    lost: Tensor


def repaired_weight(weight: Tensor, moments: Moments | None, keep: Tensor, how: Repair) -> Repaired:
    """Weights of a layer that from now on reads some channels alone.

    What the answer loses on average is a constant that the next BN or the bias can take over, so that the
    variance alone is lost; at a k x k layer's border it is exact on average alone.

    Args:
        weight: [O, C, T].
        moments: of what the layer reads; `none` needs none.
        keep: the channels that stay.
        how: `none`, the kept weights as they were, and `lost` is zero, which is the paper's removal; `mean`,
            the kept weights as they were, and their constant; `lstsq`, those that come closest to the old
            answer on the images of the moments, W' = W C[:, K] (C[K, K] + ridge)^-1 with the covariance C,
            and their constant.

    Raises:
        ValueError: for a repair without moments.

    Source:
        He et al. 2017, https://arxiv.org/abs/1707.06168 (least squares);
        https://arxiv.org/abs/1802.00124 (the constant).
    """
    if how == "none":
        return Repaired(weight[:, keep], weight.new_zeros(len(weight)))
    if moments is None:
        raise ValueError(f"the repair '{how}' needs moments of the layer's input")
    exact = weight.double()
    new = exact[:, keep]
    if how == "lstsq":
        taps = weight.shape[2]
        columns = (keep[:, None] * taps + torch.arange(taps, device=keep.device)).flatten()
        new = least_squares(exact.flatten(1), moments.second(centred=True), columns).view_as(new)
    mean = moments.mean
    lost = torch.einsum("oct,ct->o", exact, mean) - torch.einsum("oct,ct->o", new, mean[keep])
    return Repaired(new.to(weight.dtype), lost.to(weight.dtype))


def least_squares(weight: Tensor, covariance: Tensor, columns: Tensor) -> Tensor:
    """The weights on some columns whose answer is nearest to that of all.

    Args:
        weight: [O, C].
        covariance: [C, C] of what it reads.
        columns: the K that stay.

    Returns:
        [O, K].
    """
    own = _ridged(covariance[columns][:, columns])
    return torch.linalg.solve(own, covariance[columns] @ weight.T).T


def errors_after_repair(weight: Tensor, covariance: Tensor, order: Tensor) -> Tensor:
    """What least squares cannot repair once channels have gone one by one.

    One Cholesky factor gives it for every m: with the channels that go last in front, x = L e with
    uncorrelated e, and the first ones of x determine the first ones of e. So what is lost is the energy
    of W L in the columns of the channels that have gone.

    Args:
        weight: [O, C, T].
        covariance: [C T, C T] of what it reads.
        order: [C], the channels as they go.

    Returns:
        [C + 1], after the first m of `order` have gone.
    """
    channels, taps = weight.shape[1:]
    columns = (order.flip(0)[:, None] * taps + torch.arange(taps, device=order.device)).flatten()
    factor = torch.linalg.cholesky(_ridged(covariance[columns][:, columns]))
    energy = (weight.flatten(1)[:, columns] @ factor).square().sum(0).view(channels, taps).sum(1)
    return torch.cat([energy.new_zeros(1), energy.flip(0).cumsum(0)])


def _ridged(covariance: Tensor) -> Tensor:
    """With a ridge on the diagonal that makes it positive definite.

    Channels that hardly vary beside their mean have covariances that are differences of large numbers:
    rounding may leave them indefinite by more than a share of the diagonal, so the ridge grows as needed.
    """
    diagonal = covariance.diagonal()
    ridge = (_RIDGE * diagonal.abs().mean()).clamp_min(1e-300)
    for _ in range(_GROWTHS):
        ridged = covariance + torch.diag(ridge.expand_as(diagonal))
        if not torch.linalg.cholesky_ex(ridged).info:
            break
        ridge = ridge * 10
    return ridged
