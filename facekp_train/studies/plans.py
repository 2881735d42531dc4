"""The studies: which methods, what is compared with what, what the paper says.

The paper's values are MSE in units of its own (`facekp_train/evaluation/published.toml`), so that its
relative changes alone compare with ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from facekp_train.evaluation.published import published_mse
from facekp_train.studies.methods import Cut, Method, Methods

Expectation = Literal["lower", "higher", "close"]
"""What the paper says of a row's error beside its reference; `close`: no more than 5 % above."""

RATIOS = (0.2, 1.0, 5.0)
RATES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Row:
    """A method in a study.

    against: the name of the method it is compared with; expect: what the paper says of that. paper:
    its MSE there. at: its place on the figure's axis. resnet: on the spending's folds for ResNet-50
    alone. chance: the same method with another seed, which says what chance alone does. taught: the
    claim is about a teacher, and needs one that is better than the reference. other_schedule: why it
    does not train by the reference's steps and rates, where it does not. drop: its turn to be left out
    where time is short.
    """

    method: Method
    against: str | None = None
    expect: Expectation | None = None
    paper: float | None = None
    at: float | None = None
    resnet: bool = False
    chance: bool = False
    taught: bool = False
    other_schedule: str | None = None
    drop: int | None = None


@dataclass(frozen=True)
class Study:
    """A table or figure of the paper. axis: the label of the figure's axis, if it is a figure."""

    name: str
    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    axis: str | None = None

    def without(self, dropped: int, deep: bool) -> Study:
        """Without the first so many of what may be left out; deep: with ResNet-50's rows."""
        rows = [row for row in self.rows if row.drop is None or row.drop > dropped]
        rows = [row for row in rows if deep or not row.resnet]
        return Study(self.name, self.title, tuple(rows), self.notes, self.axis)


DROPS = ("lambda_dp at 5", "the cost at the shortest retraining", "two of the four of score and repair")
"""What is left out first, second and third where time is short."""


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
            Row(methods.joint(chance=1), joint.name, chance=True),
            Row(deep_plain, resnet=True),
            Row(deep_joint, deep_plain.name, "lower", paper["ResNet-50, regression + heatmap"], resnet=True),
        ),
    )


def distillation(methods: Methods) -> Study:
    """Table 4: what distillation gains and pruning costs."""
    paper = published_mse("table 4")
    joint, joint_on, distilled = methods.joint(), methods.joint_on(), methods.distilled()
    unpruned, teacher = methods.unpruned(), methods.teacher()
    longer = "longer by a stage: what training on gains by itself"
    return Study(
        "distillation",
        "Table 4: distillation and pruning",
        (
            Row(joint),
            Row(joint_on, joint.name, paper=paper["regression + heatmap"], other_schedule=longer),
            Row(methods.joint_on(chance=1), joint_on.name, chance=True),
            Row(distilled, joint_on.name, "lower", paper["+ distillation"], taught=True),
            Row(methods.coordinates_alone(), joint_on.name, taught=True),
            Row(methods.shuffled(), joint_on.name),
            Row(teacher, joint_on.name, other_schedule="the net that supervises, beside what it teaches"),
            Row(unpruned, distilled.name, paper=paper["+ distillation"], other_schedule=longer),
            Row(methods.pruned(Cut(0.5)), unpruned.name, "close", paper["+ pruning 50%"]),
        ),
        (
            "Distillation and pruning train a finished net on. So each is compared with the same net trained "
            "on for as long without them; the paper's value for the net itself stands beside those rows.",
            "Features of other faces are the teacher's, exchanged among the faces of a batch: what they gain "
            "is the extra loss's, not the teacher's.",
        ),
    )


def pruning(methods: Methods) -> Study:
    """What figure 6 leaves open: how the filters are chosen and removed."""
    half, whole = methods.pruned(Cut(0.5)), methods.unpruned()
    name = "+ pruning 50%, "
    pieces = methods.spending.pieces
    return Study(
        "pruning",
        "Pruning 50 %: in pieces or at once, by which score, with which repair",
        (
            Row(half),
            Row(methods.pruned(Cut(0.5, pieces=pieces), name + "layer by layer"), half.name),
            Row(methods.pruned(Cut(0.5, "paper", "none"), name + "paper's score, no repair"), half.name),
            Row(methods.pruned(Cut(0.5, "paper"), name + "paper's score, repaired"), half.name, drop=3),
            Row(methods.pruned(Cut(0.5, repair="none"), name + "greedy score, no repair"), half.name, drop=3),
            Row(
                methods.trained_small(), half.name,
                other_schedule="one schedule over the epochs that the pruned net had in all three stages",
            ),
            Row(whole),
            Row(
                methods.in_restarts(), whole.name,
                other_schedule="the same steps in pieces that each begin with a full rate",
            ),
            Row(methods.unpruned(chance=1), whole.name, chance=True),
        ),
        (
            "The first row cuts all layers at once, by the greedy score with least-squares repair.",
            f"Layer by layer: {pieces} pieces of the layers, last to first, each cut at the start of an "
            "epoch of the same schedule; optimizer, averages and projection go on. With nothing removed "
            "that is the row of 0 %.",
        ),
    )  # fmt: skip


def lambda_rh(methods: Methods) -> Study:
    """Figure 4: the ratio of regression and heatmap."""
    paper = published_mse("figure 4")
    rows = [
        _by_ratio(methods.ratio_rh, ratio, Row(methods.ratio_rh(ratio), paper=paper.get(f"{ratio:g}")))
        for ratio in RATIOS
    ]
    return Study("lambda-rh", "Figure 4: regression : heatmap", tuple(rows), axis="lambda_rh")


def lambda_dp(methods: Methods) -> Study:
    """Figure 5: the ratio of LOSS and distillation while the net is pruned by half."""
    paper = published_mse("figure 5")
    rows = [
        _by_ratio(methods.ratio_dp, ratio, Row(methods.ratio_dp(ratio), paper=paper.get(f"{ratio:g}")))
        for ratio in RATIOS
    ]
    rows = [replace(row, drop=1) if row.at == 5 else row for row in rows]
    notes = (
        "The paper names its values for a ratio too small and one too large; they stand at the ends of its "
        "range.",
    )
    return Study("lambda-dp", "Figure 5: LOSS : distillation, pruning 50 %", tuple(rows), notes, "lambda_dp")


def rates(methods: Methods) -> Study:
    """Figure 6: the pruning rate."""
    none = methods.unpruned()
    paper = published_mse("figure 6")
    expect: dict[float, Expectation] = {0.1: "close", 0.5: "close", 0.9: "higher"}
    rows = [
        Row(methods.pruned(Cut(rate)), none.name, expect[rate], paper[f"{rate:g}"], at=rate * 100)
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


def length(methods: Methods) -> Study:
    """Whether what half of the filters cost shrinks as the retraining grows."""
    rows: list[Row] = []
    lengths = methods.spending.lengths
    for epochs in lengths:
        drop = 2 if epochs == min(lengths) < max(lengths) else None
        whole = methods.shorter(methods.unpruned(), epochs)
        half = methods.shorter(methods.pruned(Cut(0.5)), epochs)
        rows += [Row(whole, drop=drop), Row(half, whole.name, "close", drop=drop)]
    return Study("length", "Pruning 50 % by the length of the retraining", tuple(rows))


def _by_ratio(method: Callable[[float], Method], ratio: float, row: Row) -> Row:
    """Beside the ratio 1, which the paper found best."""
    placed = replace(row, at=ratio)
    return placed if ratio == 1 else replace(placed, against=method(1.0).name, expect="higher")


STUDIES: dict[str, Callable[[Methods], Study]] = {
    "heatmap": heatmap,
    "distillation": distillation,
    "pruning": pruning,
    "lambda-rh": lambda_rh,
    "lambda-dp": lambda_dp,
    "rates": rates,
    "length": length,
}
