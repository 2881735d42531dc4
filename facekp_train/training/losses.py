"""The losses of joint training (Appl. Sci. 2024, 14, 7153, sections 3.3 and 3.4).

All coordinates are [0, 1] of the crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from facekp_train.batches.loader import Batch
from facekp_train.common.settings import Settings
from facekp_train.implied_five import five_operator
from facekp_train.landmarks import implies_five
from facekp_train.metadata import FiveOffset
from facekp_train.networks.checkpoint import LossFactors
from facekp_train.networks.keypoint_net import NetConfig, Prediction
from facekp_train.training.distill import constant_loss, feature_loss
from facekp_train.training.learner import TeacherAnswer


class LossSettings(Settings):
    """What is minimized."""

    loss: Literal["mse", "l1", "wing", "soft-wing"] = Field(default="mse", description="of the coordinates")
    wing: tuple[PositiveFloat, PositiveFloat] = Field(
        default=(0.1, 0.01), description="w and e of the wing loss, shares of the crop"
    )
    soft_wing: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        default=(0.008, 0.08, 0.002), description="w1, w2 and e of the soft wing loss, shares of the crop"
    )
    lambda_rh: float = Field(default=1.0, gt=0, description="regression : heatmap (paper, figure 4)")
    heatmap_sigma: float = Field(default=1.5, gt=0, description="pixels of the map")
    heatmap_factor: float | None = Field(
        default=None, ge=0, description="None: both losses are of one size where the net's training began"
    )
    five_weight: float = Field(
        default=1.0, ge=0, description="weight of images' five points beside all points"
    )
    error_unit: Literal["crop", "eyes"] = Field(
        default="crop", description="eyes: errors count by the face's eye distance, as NME does"
    )
    lambda_dp: float = Field(default=1.0, gt=0, description="LOSS : distillation (paper, figure 5)")
    distill_factor: float | None = Field(
        default=None,
        ge=0,
        description="None: LOSS is of the size of a constant student's loss3 where the teacher came",
    )
    output_weight: float = Field(default=0.0, ge=0, description="weight of the teacher's own coordinates")


def coordinate_errors(predicted: Tensor, target: Tensor, settings: LossSettings) -> Tensor:
    """Elementwise loss of coordinates, any shape: `mse` as in the paper, `l1`, `wing`, or `soft-wing`.

    Wing loss (Feng et al., https://arxiv.org/abs/1711.06753): w * ln(1 + |d| / e) below w, and |d| - C
    above. Soft wing loss (Lin et al., https://doi.org/10.1109/TIP.2021.3082319): |d| below w1, and
    w2 * ln(1 + |d| / e) + B above, so that small errors pull no harder than others. Both are joined
    without a step; the settings are in crop units.
    """
    difference = predicted - target
    if settings.loss == "mse":
        return difference.square()
    distance = difference.abs()
    if settings.loss == "l1":
        return distance
    if settings.loss == "soft-wing":
        start, height, curvature = settings.soft_wing
        far = height * torch.log1p(distance / curvature)
        return torch.where(distance < start, distance, far + start - height * math.log1p(start / curvature))
    width, curvature = settings.wing
    near = width * torch.log1p(distance / curvature)
    offset = width - width * math.log1p(width / curvature)
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
    """The five that N keypoints imply, where a hand places them: [B, N, 2] -> [B, 5, 2].

    Through them a net of many points learns from images with five labelled ones.
    """

    def __init__(self, points: int, device: torch.device, offset: FiveOffset | None = None) -> None:
        self._operator = torch.from_numpy(five_operator(points, offset)).float().to(device)

    def __call__(self, keypoints: Tensor) -> Tensor:
        return torch.einsum("fcnd,bnd->bfc", self._operator, keypoints)


@dataclass
class LossTerms:
    """Scalars, unscaled: loss1 (coordinates), loss2 (heatmaps), loss3 (features), the loss3 of a student
    that says the same of every face, and the distance from the teacher's coordinates; 0 where there is
    none."""

    regression: Tensor
    heatmap: Tensor
    features: Tensor
    features_constant: Tensor
    outputs: Tensor


class JointLoss:
    """LOSS = lambda_rh * loss1 + factor * loss2; with a teacher loss_t = lambda_dp * LOSS + factor * loss3.

    loss1 is over the labelled points, plus `five_weight` times that over the five which they
    imply, where an image has hand-placed five; `output_weight` adds the distance from the teacher's
    own coordinates to loss_t. `factors` are the settings', or those `carried` on from the training that
    the net comes from, or chosen by `balance` on the first batch that has every term; until then, on
    each. has_teacher: the terms of a teacher count. five_offset: from the five that the net's keypoints
    imply to hand-placed ones.
    """

    def __init__(
        self,
        settings: LossSettings,
        net: NetConfig,
        device: torch.device,
        *,
        has_teacher: bool,
        five_offset: FiveOffset | None = None,
        carried: LossFactors | None = None,
    ) -> None:
        self.settings, self.has_teacher = settings, has_teacher
        self.carried = carried or LossFactors()
        self.factors: LossFactors | None = None
        self._has_heatmaps = net.heatmap_width > 0
        has_five = net.points != 5 and implies_five(net.points)
        self._to_five = FivePoints(net.points, device, five_offset) if has_five else None
        by_eyes = settings.error_unit == "eyes"
        self._weigh = EyeWeights(net.points, device, five_offset) if by_eyes else None

    def __call__(
        self, prediction: Prediction, batch: Batch, teacher: TeacherAnswer | None = None
    ) -> LossTerms:
        """The terms of one batch; `teacher` is what the teacher says of it."""
        keypoints = prediction.keypoints.float()
        heatmap = features = constant = outputs = torch.zeros((), device=keypoints.device)
        if prediction.heatmaps is not None:
            maps = prediction.heatmaps.float()
            targets = heatmap_targets(
                batch.points, maps.shape[-2], maps.shape[-1], self.settings.heatmap_sigma
            )
            heatmap = heatmap_loss(maps, targets, batch.points_known)
        if teacher is not None and prediction.pooled is not None:
            features = feature_loss(prediction.pooled, teacher.pooled)
            constant = constant_loss(teacher.pooled)
            if self.settings.output_weight:
                outputs = self._errors(keypoints, teacher.keypoints).mean()
        return LossTerms(self._regression(keypoints, batch), heatmap, features, constant, outputs)

    def balance(self, terms: LossTerms) -> LossFactors:
        """The factors given or carried; where there are none, those that make the losses of one size here.

        lambda_rh is left out of heatmap's: a factor that grew with it would keep the ratio as it was.
        loss3 counts as a constant student pays it: a student that starts close to its teacher must not
        raise the factor without bound.
        """
        heatmap, features = self._given("heatmap")[0], self._given("features")[0]
        if heatmap is None and self._has_heatmaps and float(terms.heatmap.detach()):
            heatmap = _ratio(terms.regression, terms.heatmap)
        if features is None and self.has_teacher:
            joint = self.settings.lambda_rh * terms.regression + (heatmap or 0.0) * terms.heatmap
            features = _ratio(joint, terms.features_constant)
        return LossFactors(heatmap=heatmap, features=features)

    @property
    def used_factors(self) -> dict[str, float]:
        """By name, those that have been chosen and that the total has a term for."""
        terms = {"heatmap": self._has_heatmaps, "features": self.has_teacher}
        chosen = self.factors.model_dump() if self.factors else {}
        return {name: value for name, value in chosen.items() if terms[name] and value is not None}

    def told(self) -> str:
        """The factors in use and where each comes from, for people."""
        used = self.used_factors.items()
        return ", ".join(f"{name} x {value:.4g} ({self._given(name)[1]})" for name, value in used)

    def _given(self, name: str) -> tuple[float | None, str]:
        """A factor that need not be chosen, and where it comes from."""
        own = self.settings.heatmap_factor if name == "heatmap" else self.settings.distill_factor
        if own is not None:
            return own, "set"
        carried = getattr(self.carried, name)
        return carried, "chosen on the first batch" if carried is None else "carried on"

    @property
    def settled(self) -> bool:
        """Whether `factors` hold for the rest of the training."""
        return self.factors is not None and not (self._has_heatmaps and self.factors.heatmap is None)

    def total(self, terms: LossTerms) -> Tensor:
        """What to minimise. `factors` must be set."""
        settings, factors = self.settings, self.factors
        assert factors is not None
        joint = settings.lambda_rh * terms.regression + (factors.heatmap or 0.0) * terms.heatmap
        if not self.has_teacher:
            return joint
        teaching = (factors.features or 0.0) * terms.features + settings.output_weight * terms.outputs
        return settings.lambda_dp * joint + teaching

    def _errors(self, keypoints: Tensor, target: Tensor) -> Tensor:
        return coordinate_errors(keypoints, target, self.settings)

    def _regression(self, keypoints: Tensor, batch: Batch) -> Tensor:
        weights = 1.0 if self._weigh is None else self._weigh(batch)[:, None]
        loss = masked_mean(self._errors(keypoints, batch.points), batch.points_known * weights)
        if self._to_five is not None and self.settings.five_weight:
            fives = self._errors(self._to_five(keypoints), batch.five)
            loss = loss + self.settings.five_weight * masked_mean(fives, batch.five_known * weights)
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

    def __init__(self, points: int, device: torch.device, offset: FiveOffset | None = None) -> None:
        self._to_five = FivePoints(points, device, offset)

    def __call__(self, batch: Batch) -> Tensor:
        """From hand-placed five where the face has them, else from its other keypoints."""
        by_hand = batch.five_known.all(dim=1)
        five = torch.where(by_hand[:, None, None], batch.five, self._to_five(batch.points))
        eyes = (five[:, 1] - five[:, 0]).norm(dim=1)
        weights = (self._USUAL / eyes.clamp_min(1e-6)).clamp(0.5, 3.0)
        return torch.where(by_hand | batch.points_known.all(dim=1), weights, 1.0)
