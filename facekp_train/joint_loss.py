"""LOSS of joint training over what each image has labelled (paper, section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from facekp_train.batches import Batch
from facekp_train.losses import FivePoints, coordinate_errors, heatmap_loss, heatmap_targets, masked_mean
from facekp_train.networks import Prediction
from facekp_train.recipe import Recipe


@dataclass
class LossTerms:
    """Scalars: the sum to minimise, loss1 (coordinates) and loss2 (heatmaps, unscaled)."""

    total: Tensor
    regression: Tensor
    heatmap: Tensor


class JointLoss:
    """lambda_rh * loss1 + factor * loss2.

    loss1 is over the labelled points, plus `five_weight` times that over the five which they
    imply, where an image has hand-placed five. `factor` (`heatmap_factor`) may be set later by
    `balance`.
    """

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self.recipe = recipe
        self.factor = recipe.heatmap_factor
        self._to_five = FivePoints(recipe.points, device) if recipe.points in (68, 98) else None

    def __call__(self, prediction: Prediction, batch: Batch) -> LossTerms:
        regression = self._regression(prediction.keypoints.float(), batch)
        heatmap = torch.zeros((), device=regression.device)
        if prediction.heatmaps is not None:
            maps = prediction.heatmaps.float()
            targets = heatmap_targets(batch.many, maps.shape[-2], maps.shape[-1], self.recipe.heatmap_sigma)
            heatmap = heatmap_loss(maps, targets, batch.many_known)
        total = self.recipe.lambda_rh * regression + (self.factor or 0.0) * heatmap
        return LossTerms(total, regression, heatmap)

    def balance(self, terms: LossTerms) -> float:
        """Choose the factor that makes both losses of one size on this batch, where none is given."""
        if self.factor is None:
            self.factor = float(terms.regression.detach() / terms.heatmap.detach().clamp_min(1e-8))
        return self.factor

    def _regression(self, keypoints: Tensor, batch: Batch) -> Tensor:
        recipe = self.recipe
        errors = coordinate_errors(keypoints, batch.many, recipe.loss, recipe.wing)
        loss = masked_mean(errors, batch.many_known)
        if self._to_five is not None and recipe.five_weight:
            fives = coordinate_errors(self._to_five(keypoints), batch.five, recipe.loss, recipe.wing)
            loss = loss + recipe.five_weight * masked_mean(fives, batch.five_known)
        return loss
