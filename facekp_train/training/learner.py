"""What learns: a net alone. With a teacher beside it (`distill`) or rounding (`quantize_aware`) it is more.

The training loop asks its learner and knows no kind of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from facekp_train.networks.keypoint_net import KeypointNet, Prediction


class TeacherAnswer(NamedTuple):
    """What a teacher says of a batch: pooled features in the common width [B, P], keypoints [B, N, 2]."""

    pooled: Tensor
    keypoints: Tensor


class Learner(nn.Module):
    """A net as the loop trains it. As a module it is all that the optimizer moves and a run remembers."""

    def __init__(self, net: KeypointNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, crops: Tensor) -> Prediction:
        """Crops [B, 3, S, S], RGB 0..255 -> what the losses compare with the labels."""
        return self.net(crops)

    def prepare(self, batches: Iterable[Tensor]) -> None:
        """Before a run's first step: look at crops [B, 3, S, S] of training faces, where that is needed."""

    def to_training(self, hold_statistics: bool) -> None:
        """Training mode; batch norm alone, where its statistics are held, in eval mode."""
        self.train()
        for module in self.net.modules() if hold_statistics else ():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()

    def begin(self, batches: Iterable[Tensor], carried: Mapping[str, Tensor]) -> None:
        """Then, in the mode in which it trains: look at crops [B, 3, S, S] as the training changes them.

        carried: what `to_carry` gave at the end of the training that the net comes from; it may be empty.
        """

    def to_carry(self) -> dict[str, Tensor]:
        """What a training that goes on from the net is to have beside it; most need nothing."""
        return {}

    def teacher_answer(self, crops: Tensor) -> TeacherAnswer | None:  # noqa: ARG002 - there is no teacher
        """What the teacher says of crops [B, 3, S, S]; None without one."""
        return None

    def for_validation(self, net: KeypointNet) -> nn.Module:
        """A net with other weights, such as averaged ones, in the form whose error is to be measured."""
        return net
