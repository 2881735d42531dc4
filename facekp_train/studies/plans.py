"""The five studies: which methods, what is compared with what, what the paper says.

The paper's values are MSE in units of its own (`facekp_train/evaluation/published.toml`), so that its
relative changes alone compare with ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from facekp_train.evaluation.published import published_mse
from facekp_train.studies.methods import Method, Methods

Expectation = Literal["lower", "higher", "close"]
"""What the paper says of a row's error beside its reference; `close`: no more than 5 % above."""

RATIOS = (0.2, 0.5, 1.0, 2.0, 5.0)
RATES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Row:
    """A method in a study. against: the name of the method it is compared with. paper: its MSE
    there. at: its place on the figure's axis. resnet: on the spending's folds for ResNet-50 alone."""

    method: Method
    against: str | None = None
    expect: Expectation | None = None
    paper: float | None = None
    at: float | None = None
    resnet: bool = False


@dataclass(frozen=True)
class Study:
    """A table or figure of the paper. axis: the label of the figure's axis, if it is a figure."""

    name: str
    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    axis: str | None = None


def heatmap(methods: Methods) -> Study:
    """Table 3: what the heatmap head adds."""
    paper = published_mse("table 3")
    plain, joint = methods.regression(), methods.joint()
    deep_plain, deep_joint = methods.on_resnet(plain), methods.on_resnet(joint)
    return Study(
        "heatmap",
        "Table 3: regression with and without heatmaps",
        (
            Row(plain, paper=paper["regression"]),
            Row(joint, plain.name, "lower", paper["regression + heatmap"]),
            Row(methods.joint(chance=1), joint.name),
            Row(deep_plain, resnet=True),
            Row(deep_joint, deep_plain.name, "lower", paper["ResNet-50, regression + heatmap"], resnet=True),
        ),
        (
            "The row with another seed differs from the one before by chance alone: it says how far to "
            "trust the others.",
        ),
    )


def distillation(methods: Methods) -> Study:
    """Table 4: what distillation gains and pruning costs."""
    paper = published_mse("table 4")
    joint, joint_on = methods.joint(), methods.joint_on()
    distilled, distilled_on = methods.distilled(), methods.distilled_on()
    return Study(
        "distillation",
        "Table 4: distillation and pruning",
        (
            Row(joint),
            Row(joint_on, joint.name, paper=paper["regression + heatmap"]),
            Row(distilled, joint_on.name, "lower", paper["+ distillation"]),
            Row(distilled_on, distilled.name, paper=paper["+ distillation"]),
            Row(methods.pruned(0.5), distilled_on.name, "close", paper["+ pruning 50%"]),
            Row(methods.teacher()),
        ),
        (
            "Distillation and pruning train a finished net on. So each is compared with the same net trained "
            "on for as long without them; the paper's value for the net itself stands beside those rows.",
        ),
    )


def lambda_rh(methods: Methods) -> Study:
    """Figure 4: the ratio of regression and heatmap."""
    best = methods.joint(1.0)
    paper = published_mse("figure 4")
    rows = [
        Row(
            methods.joint(ratio),
            against=None if ratio == 1 else best.name,
            expect=None if ratio == 1 else "higher",
            paper=paper.get(f"{ratio:g}"),
            at=ratio,
        )
        for ratio in RATIOS
    ]
    return Study("lambda-rh", "Figure 4: regression : heatmap", tuple(rows), axis="lambda_rh")


def lambda_dp(methods: Methods) -> Study:
    """Figure 5: the ratio of LOSS and distillation while the net is pruned by half."""
    best = methods.pruned(0.5)
    paper = published_mse("figure 5")
    rows = [
        Row(
            methods.pruned(0.5, ratio),
            against=None if ratio == 1 else best.name,
            expect=None if ratio == 1 else "higher",
            paper=paper.get(f"{ratio:g}"),
            at=ratio,
        )
        for ratio in RATIOS
    ]
    notes = (
        "The paper names its values for a ratio too small and one too large; they stand at the ends of its "
        "range.",
    )
    return Study("lambda-dp", "Figure 5: LOSS : distillation, pruning 50 %", tuple(rows), notes, "lambda_dp")


def rates(methods: Methods) -> Study:
    """Figure 6: the pruning rate."""
    none = methods.distilled_on()
    paper = published_mse("figure 6")
    expect: dict[float, Expectation] = {0.1: "close", 0.5: "close", 0.9: "higher"}
    rows = [
        Row(methods.pruned(rate), none.name, expect[rate], paper[f"{rate:g}"], at=rate * 100)
        for rate in RATES
    ]
    return Study(
        "rates",
        "Figure 6: pruning rates",
        (Row(none, paper=paper["0"], at=0.0), *rows),
        (
            "At 0 % the distilled net trains on as the others do, with nothing removed; the paper's value "
            "there is its distilled net's.",
        ),
        "filters removed, %",
    )


STUDIES: dict[str, Callable[[Methods], Study]] = {
    "heatmap": heatmap,
    "distillation": distillation,
    "lambda-rh": lambda_rh,
    "lambda-dp": lambda_dp,
    "rates": rates,
}
