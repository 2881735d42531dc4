"""The methods that the studies compare, and what is spent on their training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from facekp_train.training.recipe import KEEP_WIDTHS


@dataclass(frozen=True)
class Method:
    """One way to a trained net. name: for people. settings: of the recipe, over those of the spending.

    start: the method whose net it goes on from. teacher: the one whose net supervises it. rate:
    the share of filters that pruning takes away, layer by layer; None: no pruning. chance: shifts
    the seed.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    start: Method | None = None
    teacher: Method | None = None
    rate: float | None = None
    chance: int = 0


@dataclass(frozen=True)
class Spending:
    """How much a study spends.

    recipe and settings: of every net. limit: images. resnet: settings of ResNet-50's rows, on
    `resnet_folds` of the folds alone. teacher: settings of the supervising net. layers_per_step:
    how many layers are pruned before the net is trained on; pruning: settings of that training.
    trained_on: how long a net is trained on that is compared with pruned ones.
    """

    name: str
    recipe: str
    settings: dict[str, Any]
    limit: int | None
    resnet: dict[str, Any]
    resnet_folds: int | None
    teacher: dict[str, Any]
    layers_per_step: int
    pruning: dict[str, Any]
    trained_on: int


# The paper's augmentation: flips and random crops.
_FLIPS_AND_CROPS = {"flip": 0.5, "shift": 0.05, "scale": 0.05}

SPENDINGS = {
    "small": Spending(
        name="small",
        recipe="modern",
        # The paper's losses and augmentation with a schedule that gets somewhere in a few epochs.
        settings={
            "epochs": 8, "batch": 32, "loss": "mse", "expansion": 0.5, "ema": 0.98,
            "augmentation": _FLIPS_AND_CROPS,
        },
        limit=2000,
        resnet={"expansion": 1.0, "imagenet": False},
        resnet_folds=1,
        teacher={"expansion": 1.0},
        layers_per_step=4,
        pruning={"epochs": 1, "learning_rate": 5e-4, "warmup": 0.0, "freeze_bn": 0.0},
        trained_on=4,
    ),
    "full": Spending(
        name="full",
        recipe="paper",
        settings={},
        limit=None,
        resnet={},
        resnet_folds=None,
        teacher={"backbone": "resnet-50"},
        layers_per_step=1,
        pruning={"epochs": 1, "learning_rate": 1e-3, "final_rate": 1e-4},
        trained_on=16,
    ),
}  # fmt: skip


def chosen_spending(name: str, epochs: int | None, resnet_folds: int | None, deep: bool) -> Spending:
    """One of `SPENDINGS` with what is said otherwise. deep: whether ResNet-50 may be a teacher."""
    spending = SPENDINGS[name]
    if not deep:
        spending = replace(spending, teacher=SPENDINGS["small"].teacher)
    if epochs is not None:
        spending = replace(spending, settings={**spending.settings, "epochs": epochs})
    return spending if resnet_folds is None else replace(spending, resnet_folds=resnet_folds)


class Methods:
    """Makes methods for what may be spent; those that say the same are the same cells."""

    def __init__(self, spending: Spending) -> None:
        self.spending = spending

    def joint(self, lambda_rh: float = 1.0, chance: int = 0) -> Method:
        """Regression and heatmaps together; `chance` shifts the seed and changes nothing else."""
        name = "regression + heatmap"
        if lambda_rh != 1:
            name += f", ratio {lambda_rh:g}"
        if chance:
            name += ", another seed"
        return Method(name, {"lambda_rh": lambda_rh}, chance=chance)

    def regression(self) -> Method:
        """Without a heatmap head."""
        return Method("regression", {"heatmap_width": 0})

    def on_resnet(self, method: Method) -> Method:
        """The same with ResNet-50."""
        settings = {**method.settings, "backbone": "resnet-50", **self.spending.resnet}
        return replace(method, name=f"ResNet-50, {method.name}", settings=settings)

    def teacher(self) -> Method:
        """The net that supervises."""
        own = self.spending.teacher
        if own.get("backbone") == "resnet-50":
            return self.on_resnet(self.joint())
        return Method("teacher", {**self.joint().settings, **own})

    def joint_on(self) -> Method:
        """The joint net trained for as long again, without a teacher."""
        settings = {**self.joint().settings, **KEEP_WIDTHS}
        return Method("regression + heatmap, trained on", settings, start=self.joint())

    def distilled(self) -> Method:
        """The joint net trained for as long again, with a teacher."""
        return replace(self.joint_on(), name="+ distillation", teacher=self.teacher())

    def pruned(self, rate: float, lambda_dp: float = 1.0) -> Method:
        """The distilled net pruned, supervised by itself as it was (the paper's figure 2)."""
        name = f"+ pruning {rate:.0%}" + ("" if lambda_dp == 1 else f", ratio {lambda_dp:g}")
        kept = self.distilled_on()
        return replace(
            kept,
            name=name,
            rate=rate,
            settings={**kept.settings, **self.spending.pruning, "lambda_dp": lambda_dp},
        )

    def distilled_on(self) -> Method:
        """The distilled net trained for as many epochs as a pruned one, with nothing removed."""
        own = {**self.spending.pruning, "epochs": self.spending.trained_on}
        settings = {**self.joint().settings, **KEEP_WIDTHS, **own}
        return Method(
            "+ distillation, trained on", settings, start=self.distilled(), teacher=self.distilled()
        )
