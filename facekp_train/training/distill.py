"""Distillation of features (Appl. Sci. 2024, 14, 7153, section 3.5.1): loss3 and its two sides.

Both nets' last feature maps are pooled and projected to a common width; loss3 is the mean squared
difference. Two projections that both learn would make it zero by mapping everything to zero. So
the teacher's is fixed before the student trains: the principal axes of the teacher's own features
on training faces, scaled so that a student which answers the same for every face pays 1.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from facekp_train.common.settings import Settings
from facekp_train.networks.keypoint_net import KeypointNet, Prediction
from facekp_train.training.learner import Learner, TeacherAnswer

# Faces that fix the teacher's axes.
AXES_FACES = 2048


class TeacherSettings(Settings):
    """Who supervises, and through what."""

    teacher: str | None = Field(default=None, description="a checkpoint that supervises this net")
    projection: int = Field(default=256, ge=1, le=4096, description="common width of the features compared")


class Distilled(Learner):
    """A student with its learned projection, beside a frozen teacher with its fixed one.

    As a module it is student and projections alone: the teacher's weights are neither trained nor
    saved. width: the common width, at most the teacher's own channels. Both nets take raw crops of
    the student's size; the teacher resizes them where its own differs, and normalises itself.
    """

    axes: Tensor
    centre: Tensor

    def __init__(self, net: KeypointNet, teacher: KeypointNet, width: int) -> None:
        super().__init__(net)
        channels = int(teacher.backbone.channels)  # type: ignore[arg-type]
        width = min(width, channels)
        self.projection = nn.Linear(int(net.backbone.channels), width)  # type: ignore[arg-type]
        self.register_buffer("axes", torch.eye(channels)[:, :width])
        self.register_buffer("centre", torch.zeros(channels))
        # In a tuple, so that it is no part of this module's parameters and state.
        self._teacher = (teacher.eval().requires_grad_(False),)

    @property
    def teacher(self) -> KeypointNet:
        """The frozen net."""
        return self._teacher[0]

    def forward(self, crops: Tensor) -> Prediction:
        """The student's prediction, its pooled features projected to the common width."""
        prediction = self.net(crops)
        return prediction._replace(pooled=self.projection(prediction.pooled))

    @torch.no_grad()
    def teacher_answer(self, crops: Tensor) -> TeacherAnswer:
        """The teacher on raw crops [B, 3, S, S]."""
        pooled, keypoints = self._look(crops)
        return TeacherAnswer((pooled - self.centre) @ self.axes, keypoints)

    @torch.no_grad()
    def prepare(self, batches: Iterable[Tensor]) -> None:
        """Fix the teacher's projection from its features on crops [B, 3, S, S] of training faces."""
        pooled = torch.cat([self._look(crops)[0] for crops in batches]).double()
        centre = pooled.mean(dim=0)
        _, _, directions = torch.linalg.svd(pooled - centre, full_matrices=False)
        axes = torch.zeros_like(self.axes, dtype=torch.float64)
        # Fewer faces than axes leave the rest at zero: nothing is known of them.
        known = directions[: axes.shape[1]]
        axes[:, : len(known)] = known.T
        size = ((pooled - centre) @ axes).square().mean().sqrt()
        self.axes.copy_(axes / size.clamp_min(1e-12))
        self.centre.copy_(centre)

    def _look(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        size = self.teacher.config.size
        crops = crops.float()
        if crops.shape[-1] != size:
            crops = F.interpolate(crops, size=(size, size), mode="bilinear", antialias=True)
        features = self.teacher.features(crops)
        keypoints = self.teacher.regression(features).view(len(crops), -1, 2)
        return features.mean(dim=(2, 3)).float(), keypoints.float()


def feature_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """loss3: mean squared difference of pooled features [B, P] in the common width."""
    return F.mse_loss(student.float(), teacher)


def constant_loss(teacher: Tensor) -> Tensor:
    """What loss3 of a student is that says the same of every face, as a batch [B, P] tells of it."""
    return (teacher - teacher.mean(dim=0)).square().sum(dim=0).mean() / max(1, len(teacher) - 1)
