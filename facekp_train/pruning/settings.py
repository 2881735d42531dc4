"""How a net is pruned; what `facekp-train prune` and the file of a run may say. Imports no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field, model_validator

from facekp_train.common.settings import KnownKeys
from facekp_train.pruning.choices import Repair, Scope, Score

_Unit = Literal["MB", "MMACs", "ms"]


@dataclass(frozen=True)
class Budget:
    """An upper limit of what a net costs.

    Graph and metadata make the float32 files of the shipped nets 0.03 MB larger than their weights.

    Attributes:
        amount: in `unit`.
        unit: float32 weights in MB of 10^6 bytes, million multiply-accumulates, or ms.
    """

    amount: float
    unit: _Unit

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read a budget.

        Args:
            text: such as `2.5MB`, `30MMACs` or `0.5ms`.

        Raises:
            ValueError: for anything else.
        """
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z]+)\s*", text)
        units: dict[str, _Unit] = {unit.lower(): unit for unit in get_args(_Unit)}
        if not found or found[2].lower() not in units or float(found[1]) <= 0:
            raise ValueError(f"a budget is written 2.5MB, 30MMACs or 0.5ms, not '{text}'")
        return cls(float(found[1]), units[found[2].lower()])

    def __str__(self) -> str:
        return f"{self.amount:g}{self.unit}"


class PruneSettings(KnownKeys):
    """A share of every layer's filters, or a budget; by which score; what is mended."""

    rate: float | None = Field(default=None, gt=0, lt=1, description="share of every layer's filters")
    budget: str | None = Field(default=None, description="such as 2.5MB, 30MMACs or 0.5ms")
    score: Score = Field(
        default="greedy",
        description="paper: each filter's energy; centred: its variance; greedy: ThiNet's, of the set",
    )
    repair: Repair = Field(
        default="lstsq",
        description="none: filters go as in the paper; mean: the next layer keeps their mean; lstsq: and the "
        "kept weights make up for the rest",
    )
    scope: Scope = Field(
        default="inner", description="inner: filters inside the blocks; all: outputs and stem"
    )
    images: int = Field(default=512, ge=1, description="training faces that the score looks at")
    share: float = Field(
        default=0.05, gt=0, le=1, description="share of every image's positions that the score uses"
    )
    layers_per_step: int = Field(default=1, ge=1, description="layers pruned before each retraining")
    final_epochs: int = Field(default=0, ge=0, description="epochs of training after the last layer")

    @model_validator(mode="after")
    def _one_measure(self) -> PruneSettings:
        if self.budget is not None:
            Budget.parse(self.budget)
        if (self.rate is None) == (self.budget is None):
            raise ValueError("give a rate or a budget" + ("" if self.rate is None else ", not both"))
        return self
