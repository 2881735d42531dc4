"""Distillation of features (Appl. Sci. 2024, 14, 7153, section 3.5.1): loss3 and its two sides.

Both nets' last feature maps are pooled and projected to a common width; loss3 is the mean squared
difference. Two projections that both learn would make it zero by mapping everything to zero. So
the teacher's is fixed before the student trains: the principal axes of the teacher's own features
on training faces, scaled so that a student which answers the same for every face pays 1. The
student's starts where least squares put it: left to chance, it would not be found in a short
training, and the teacher not be heard.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from facekp_train.common.console import UserError
from facekp_train.common.settings import CheckpointFile, Settings
from facekp_train.implied_five import five_operator
from facekp_train.landmarks import Doubles, implies_five, scheme_of
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.folded import folded
from facekp_train.networks.keypoint_net import KeypointNet, Prediction
from facekp_train.training.learner import Learner, TeacherAnswer

# Faces that fix the teacher's axes.
AXES_FACES = 2048
# Pull of the student's first projection towards the one carried on, a share of the features' mean power:
# it settles what so few faces leave open, and next to nothing else.
_RIDGE = 1e-3


class TeacherSettings(Settings):
    """Who supervises, and through what."""

    teacher: CheckpointFile | None = Field(default=None, description="a checkpoint that supervises this net")
    projection: int = Field(default=256, ge=1, le=4096, description="common width of the features compared")
    shuffle_features: bool = Field(
        default=False, description="a control: each face learns from the teacher's features of another"
    )


class Distilled(Learner):
    """A student with its learned projection, beside a frozen teacher with its fixed one.

    As a module it is student and projections alone: the teacher's weights are neither trained nor
    saved. width: the common width, at most the teacher's own channels. Both nets take raw crops of
    the student's size; the teacher resizes them where its own differs, and normalises itself.
    to_five: [5, 2, N, 2], from the teacher's keypoints to the student's five; None where they are the same.
    shuffled: every face of a batch gets the features of the one before.
    """

    axes: Tensor
    centre: Tensor

    def __init__(
        self,
        net: KeypointNet,
        teacher: KeypointNet,
        width: int,
        to_five: Doubles | None = None,
        shuffled: bool = False,
    ) -> None:
        super().__init__(net)
        channels = teacher.regression.vector_width
        width = min(width, channels)
        self.projection = nn.Linear(net.regression.vector_width, width)
        self.register_buffer("axes", torch.eye(channels)[:, :width])
        self.register_buffer("centre", torch.zeros(channels))
        # In a tuple, so that it is no part of this module's parameters and state.
        self._teacher = (folded(teacher),)
        self._to_five = None if to_five is None else torch.from_numpy(to_five).float()
        self._shuffled = shuffled

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
        if self._to_five is not None:
            keypoints = torch.einsum("fcnd,bnd->bfc", self._to_five.to(keypoints.device), keypoints)
        features = (pooled - self.centre) @ self.axes
        return TeacherAnswer(features.roll(1, dims=0) if self._shuffled else features, keypoints)

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

    @torch.no_grad()
    def begin(self, batches: Iterable[Tensor], carried: Mapping[str, Tensor]) -> None:
        """Put the student's projection where it comes closest to the teacher's, by least squares.

        From the projection carried on, where it belongs to this teacher and fits.
        """
        before = self._carried_on(carried)
        net = copy.deepcopy(self.net)  # in training mode a look would move the statistics of batch norm
        seen = [(net.vector(c), self.teacher_answer(c).pooled) for c in batches]
        features, answers = (torch.cat(column).double() for column in zip(*seen, strict=True))
        weight = least_squares(features, answers, before.double().T).T
        self.projection.weight.copy_(weight)
        self.projection.bias.copy_(answers.mean(dim=0) - weight @ features.mean(dim=0))

    def to_carry(self) -> dict[str, Tensor]:
        """Both projections."""
        return {"weight": self.projection.weight.detach(), "axes": self.axes, "centre": self.centre}

    def _carried_on(self, carried: Mapping[str, Tensor]) -> Tensor:
        """The student's projection to start from, once the teacher's is the one that it was learned for."""
        own, weight = self.to_carry(), self.projection.weight
        if not all(name in carried and carried[name].shape == tensor.shape for name, tensor in own.items()):
            return torch.zeros_like(weight)
        # The mean features of the same faces tell a teacher from any other.
        if not torch.allclose(carried["centre"].to(self.centre), self.centre, rtol=1e-3, atol=1e-3):
            return torch.zeros_like(weight)
        self.axes.copy_(carried["axes"])  # directions of equal spread may come out in another order
        self.centre.copy_(carried["centre"])
        return carried["weight"].to(weight)

    def _look(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        crops = resized(crops.float(), self.teacher.config.size)
        pooled = self.teacher.vector(crops)
        keypoints = self.teacher.regression.answer(pooled).view(len(crops), -1, 2)
        return pooled.float(), keypoints.float()


def supervised(net: KeypointNet, settings: TeacherSettings, output_weight: float) -> Distilled:
    """A net with the settings' teacher; output_weight: of the teacher's coordinates.

    Raises UserError where they cannot teach the net, since neither scheme follows from the other.
    """
    assert settings.teacher is not None
    teacher = load_checkpoint(settings.teacher)
    its_scheme, own = teacher.header.scheme, scheme_of(net.config.points)
    to_five = None
    other = not its_scheme.is_like(own)
    if own.points == 5 and other and implies_five(its_scheme):
        to_five = five_operator(its_scheme, teacher.header.five_offset)
    if output_weight and to_five is None and other:
        raise UserError(
            f"{settings.teacher} has the {its_scheme.points} keypoints of '{its_scheme.name}', this net the "
            f"{own.points} of '{own.name}': its features can teach it, its coordinates cannot; set "
            "output_weight=0"
        )
    return Distilled(net, teacher.net, settings.projection, to_five, settings.shuffle_features)


def resized(crops: Tensor, size: int) -> Tensor:
    """Float crops [B, 3, S, S] with a side of `size` pixels, as a teacher of another size sees them."""
    if crops.shape[-1] == size:
        return crops
    return F.interpolate(crops, size=(size, size), mode="bilinear", antialias=True)


def feature_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """loss3: mean squared difference of pooled features [B, P] in the common width."""
    return F.mse_loss(student.float(), teacher)


def constant_loss(teacher: Tensor) -> Tensor:
    """What loss3 of a student is that says the same of every face, as a batch [B, P] tells of it."""
    return (teacher - teacher.mean(dim=0)).square().sum(dim=0).mean() / max(1, len(teacher) - 1)


def least_squares(inputs: Tensor, outputs: Tensor, start: Tensor) -> Tensor:
    """The matrix [C, P] that maps inputs [F, C] to outputs [F, P], means apart, with least squared error.

    What the inputs leave open stays as in `start`.
    """
    inputs, outputs = inputs - inputs.mean(dim=0), outputs - outputs.mean(dim=0)
    gram = inputs.T @ inputs
    gram.diagonal().add_(_RIDGE * gram.diagonal().mean().clamp_min(1e-12))
    return start + torch.linalg.solve(gram, inputs.T @ (outputs - inputs @ start))
