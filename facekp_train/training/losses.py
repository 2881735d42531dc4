"""The losses of joint training (Appl. Sci. 2024, 14, 7153, sections 3.3 and 3.4).

All coordinates are [0, 1] of the crop.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from facekp_train.batches.loader import Batch
from facekp_train.landmarks import five_matrix
from facekp_train.networks.keypoint_net import Prediction
from facekp_train.training.distill import feature_loss
from facekp_train.training.learner import TeacherAnswer
from facekp_train.training.recipe import Recipe


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


@dataclass
class LossTerms:
    """Scalars, unscaled: loss1 (coordinates), loss2 (heatmaps), loss3 (features), and the distance
    from the teacher's coordinates; 0 where there is none."""

    regression: Tensor
    heatmap: Tensor
    features: Tensor
    outputs: Tensor


@dataclass
class Factors:
    """What loss2 and loss3 are multiplied by, so that all are of one size at the start.

    heatmap: None as long as no batch had a face of all keypoints, which alone has heatmaps.
    """

    heatmap: float | None
    features: float


class JointLoss:
    """LOSS = lambda_rh * loss1 + factor * loss2; with a teacher loss_t = lambda_dp * LOSS + factor * loss3.

    loss1 is over the labelled points, plus `five_weight` times that over the five which they
    imply, where an image has hand-placed five; `output_weight` adds the distance from the teacher's
    own coordinates to loss_t. `factors` are the recipe's, or chosen by `balance` on the first batch
    that has every term; until then, on each.
    """

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self.recipe = recipe
        self.factors: Factors | None = None
        self._to_five = FivePoints(recipe.points, device) if recipe.points in (68, 98) else None
        self._weigh = EyeWeights(recipe.points, device) if recipe.error_unit == "eyes" else None

    def __call__(
        self, prediction: Prediction, batch: Batch, teacher: TeacherAnswer | None = None
    ) -> LossTerms:
        """The terms of one batch; `teacher` is what the teacher says of it."""
        keypoints = prediction.keypoints.float()
        heatmap = features = outputs = torch.zeros((), device=keypoints.device)
        if prediction.heatmaps is not None:
            maps = prediction.heatmaps.float()
            targets = heatmap_targets(batch.points, maps.shape[-2], maps.shape[-1], self.recipe.heatmap_sigma)
            heatmap = heatmap_loss(maps, targets, batch.points_known)
        if teacher is not None and prediction.pooled is not None:
            features = feature_loss(prediction.pooled, teacher.pooled)
            if self.recipe.output_weight:
                outputs = self._errors(keypoints, teacher.keypoints).mean()
        return LossTerms(self._regression(keypoints, batch), heatmap, features, outputs)

    def balance(self, terms: LossTerms) -> Factors:
        """The recipe's factors; where it has none, those that make the losses of one size here.

        lambda_rh is left out of heatmap's: a factor that grew with it would keep the ratio as it was.
        """
        recipe = self.recipe
        regression = recipe.lambda_rh * terms.regression
        heatmap = recipe.heatmap_factor
        if heatmap is None and recipe.heatmap_width and float(terms.heatmap.detach()):
            heatmap = _ratio(terms.regression, terms.heatmap)
        features = recipe.distil_factor
        if features is None:
            features = _ratio(regression + (heatmap or 0.0) * terms.heatmap, terms.features)
        return Factors(heatmap, features)

    @property
    def settled(self) -> bool:
        """Whether `factors` hold for the rest of the training."""
        return self.factors is not None and (
            self.factors.heatmap is not None or not self.recipe.heatmap_width
        )

    def total(self, terms: LossTerms) -> Tensor:
        """What to minimise. `factors` must be set."""
        recipe, factors = self.recipe, self.factors
        assert factors is not None
        joint = recipe.lambda_rh * terms.regression + (factors.heatmap or 0.0) * terms.heatmap
        if recipe.teacher is None:
            return joint
        taught = factors.features * terms.features + recipe.output_weight * terms.outputs
        return recipe.lambda_dp * joint + taught

    def _errors(self, keypoints: Tensor, target: Tensor) -> Tensor:
        return coordinate_errors(keypoints, target, self.recipe.loss, self.recipe.wing)

    def _regression(self, keypoints: Tensor, batch: Batch) -> Tensor:
        weights = 1.0 if self._weigh is None else self._weigh(batch)[:, None]
        loss = masked_mean(self._errors(keypoints, batch.points), batch.points_known * weights)
        if self._to_five is not None and self.recipe.five_weight:
            fives = self._errors(self._to_five(keypoints), batch.five)
            loss = loss + self.recipe.five_weight * masked_mean(fives, batch.five_known * weights)
        return loss


def _ratio(a: Tensor, b: Tensor) -> float:
    return float(a.detach() / b.detach().clamp_min(1e-8)) if float(b.detach()) else 0.0


class EyeWeights:
    """A face's weight [B] so that its errors count by its eye distance, as they do in NME.

    Turned and far faces have small eye distances, and so weigh more; from a half to three times
    the usual face. 1 where a face's labels do not tell.
    """

    # The usual eye distance as a share of the crop's side.
    _USUAL = 0.35

    def __init__(self, points: int, device: torch.device) -> None:
        self._to_five = FivePoints(points, device)

    def __call__(self, batch: Batch) -> Tensor:
        """From hand-placed five where the face has them, else from its other keypoints."""
        by_hand = batch.five_known.all(dim=1)
        five = torch.where(by_hand[:, None, None], batch.five, self._to_five(batch.points))
        eyes = (five[:, 1] - five[:, 0]).norm(dim=1)
        weights = (self._USUAL / eyes.clamp_min(1e-6)).clamp(0.5, 3.0)
        return torch.where(by_hand | batch.points_known.all(dim=1), weights, 1.0)
