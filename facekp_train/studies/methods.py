"""The methods that the studies compare, and what is spent on their training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from facekp_train.pruning.choices import Repair, Score
from facekp_train.training.recipe import KEEP_WIDTHS


@dataclass(frozen=True)
class Cut:
    """How a net is pruned. rate: the share of filters that goes. pieces: of the layers, last to first;
    each goes at the start of an epoch of one and the same schedule, so that 1 cuts all at once."""

    rate: float
    score: Score = "greedy"
    repair: Repair = "lstsq"
    pieces: int = 1


@dataclass(frozen=True)
class Method:
    """One way to a trained net. name: for people. settings: of the recipe, over those of the spending.

    start: the method whose net it goes on from. teacher: the one whose net supervises it. cut: how it
    is pruned before it trains. restarts: trainings in a row, each a schedule of its own, that share the
    epochs. width: the share of inner filters that it begins with. chance: shifts the seed. given: a
    trained net's file, which is measured and not trained.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    start: Method | None = None
    teacher: Method | None = None
    cut: Cut | None = None
    restarts: int = 1
    width: float = 1.0
    chance: int = 0
    given: Path | None = None


@dataclass(frozen=True)
class Spending:
    """How much a study spends.

    recipe and settings: of every net. epochs: of a net that starts from ImageNet weights. stage: the
    share of them that one that goes on trains for; stage_settings: its other settings, the same for all.
    limit: images. deep: whether ResNet-50 takes part; resnet: settings of its rows, on `resnet_folds` of
    the folds alone. teacher: settings of the supervising net, where none is given: ResNet-50, or one
    like the student that trains for twice as long. pieces: into how many a net is pruned layer
    by layer, a tenth of the stage after each, before the rest. hours: of two cores, that all of it
    should take.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    epochs: int
    stage: float
    stage_settings: dict[str, Any]
    limit: int | None
    deep: bool
    resnet: dict[str, Any]
    resnet_folds: int | None
    teacher: dict[str, Any]
    pieces: int
    hours: float | None = None

    @property
    def stage_epochs(self) -> int:
        """Of every training that goes on from a finished net."""
        return max(1, round(self.epochs * self.stage))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lengths of the retraining whose costs are compared, in epochs."""
        shares = (0.2, 0.4, 1.0)
        return tuple(dict.fromkeys(max(1, round(self.stage_epochs * share)) for share in shares))


# The paper's augmentation: flips and random crops.
_FLIPS_AND_CROPS = {"flip": 0.5, "shift": 0.05, "scale": 0.05}

SPENDINGS = {
    "small": Spending(
        name="small",
        recipe="modern",
        # The paper's losses and augmentation with a schedule that gets somewhere in a few epochs.
        settings={
            "size": 64, "batch": 32, "loss": "mse", "ema": 0.99, "precision": "32-true",
            "augmentation": _FLIPS_AND_CROPS,
        },
        epochs=40,
        stage=0.5,
        stage_settings={"learning_rate": 7e-4},
        limit=3000,
        deep=False,
        resnet={"imagenet": False},
        resnet_folds=1,
        teacher={},
        pieces=4,
        hours=6.0,
    ),
    "full": Spending(
        name="full",
        recipe="paper",
        settings={},
        epochs=60,
        stage=1.0,
        stage_settings={},
        limit=None,
        deep=True,
        resnet={},
        resnet_folds=None,
        teacher={"backbone": "resnet-50"},
        pieces=16,
    ),
}  # fmt: skip


def chosen_spending(name: str, epochs: int | None, resnet_folds: int | None, deep: bool | None) -> Spending:
    """One of `SPENDINGS` with what is said otherwise. deep: whether ResNet-50 takes part."""
    spending = SPENDINGS[name]
    if deep is not None:
        spending = replace(spending, deep=deep, teacher=spending.teacher if deep else {})
    if epochs is not None:
        spending = replace(spending, epochs=epochs)
    return spending if resnet_folds is None else replace(spending, resnet_folds=resnet_folds)


class Methods:
    """Makes methods for what may be spent; those that say the same are the same cells.

    teacher: a trained net's file that supervises, in place of one that the study trains.
    """

    def __init__(self, spending: Spending, teacher: Path | None = None) -> None:
        self.spending, self._teacher = spending, teacher

    def joint(self, chance: int = 0) -> Method:
        """Regression and heatmaps together; `chance` shifts the seed and changes nothing else."""
        return _again(Method("regression + heatmap"), chance)

    def ratio_rh(self, ratio: float) -> Method:
        """The joint net by a ratio of regression and heatmap, trained for as long as a stage."""
        settings = {"lambda_rh": ratio, "epochs": self.spending.stage_epochs}
        return Method(f"regression : heatmap {ratio:g}", settings)

    def regression(self) -> Method:
        """Without a heatmap head."""
        return Method("regression", {"heatmap_width": 0})

    def on_resnet(self, method: Method) -> Method:
        """The same with ResNet-50."""
        settings = {**method.settings, "backbone": "resnet-50", **self.spending.resnet}
        return replace(method, name=f"ResNet-50, {method.name}", settings=settings)

    def teacher(self) -> Method:
        """The net that supervises."""
        if self._teacher is not None:
            return Method("teacher", given=self._teacher)
        own = self.spending.teacher
        if own.get("backbone") == "resnet-50":
            return self.on_resnet(self.joint())
        return Method("teacher", {**own, "epochs": 2 * self.spending.epochs})

    def joint_on(self, chance: int = 0) -> Method:
        """The joint net trained on, without a teacher."""
        return _again(self._stage("+ training on", self.joint()), chance)

    def distilled(self) -> Method:
        """The joint net trained on by a teacher's features."""
        return replace(self.joint_on(), name="+ distillation", teacher=self.teacher())

    def coordinates_alone(self) -> Method:
        """The same by the teacher's coordinates, and nothing of its features."""
        settings = {"distill_factor": 0.0, "output_weight": 1.0}
        return _with(self.distilled(), "+ the teacher's coordinates alone", settings)

    def shuffled(self) -> Method:
        """The same by what the teacher says of other faces: an extra loss that knows nothing of the face."""
        return _with(self.distilled(), "+ features of other faces", {"shuffle_features": True})

    def pruned(self, cut: Cut, name: str | None = None, chance: int = 0) -> Method:
        """The distilled net pruned and trained on, supervised by itself as it was (the paper's figure 2)."""
        whole = self.unpruned()
        return _again(replace(whole, name=name or f"+ pruning {cut.rate:.0%}", cut=cut), chance)

    def unpruned(self, chance: int = 0) -> Method:
        """The same with nothing removed."""
        distilled = self.distilled()
        return _again(replace(self._stage("+ pruning 0%", distilled), teacher=distilled), chance)

    def in_restarts(self) -> Method:
        """With nothing removed, trained in pieces that each begin anew."""
        return replace(
            self.unpruned(),
            name="+ pruning 0%, in restarted pieces",
            restarts=min(4, self.spending.stage_epochs),
        )

    def ratio_dp(self, ratio: float) -> Method:
        """Pruned by half under a ratio of LOSS and distillation."""
        half = self.pruned(Cut(0.5))
        return half if ratio == 1 else _with(half, f"+ pruning 50%, ratio {ratio:g}", {"lambda_dp": ratio})

    def shorter(self, method: Method, epochs: int) -> Method:
        """A stage in fewer epochs."""
        if epochs == self.spending.stage_epochs:
            return method
        return _with(method, f"{method.name}, {epochs} epochs", {"epochs": epochs})

    def trained_small(self) -> Method:
        """As narrow as the net pruned by half, but from ImageNet weights, for as long as student,
        distillation and retraining take together."""
        epochs = self.spending.epochs + 2 * self.spending.stage_epochs
        return Method("half the filters from the start", {"epochs": epochs}, width=0.5)

    def _stage(self, name: str, start: Method) -> Method:
        spending = self.spending
        settings = {**KEEP_WIDTHS, **spending.stage_settings, "epochs": spending.stage_epochs}
        return Method(name, settings, start=start)


def _again(method: Method, chance: int) -> Method:
    return replace(method, name=f"{method.name}, another seed", chance=chance) if chance else method


def _with(method: Method, name: str, settings: dict[str, Any]) -> Method:
    return replace(method, name=name, settings={**method.settings, **settings})
