"""The robustness curves as a picture."""

from __future__ import annotations

import textwrap
from pathlib import Path

from facekp_train.common.console import require
from facekp_train.common.files import written_aside
from facekp_train.evaluation.metrics import in_words
from facekp_train.evaluation.robustness import MEANINGS, Robustness

_LABEL_WIDTH = 40


def plot_robustness(target: Path, robustness: Robustness) -> None:
    """A panel for each kind of change, with and without the second crop. Needs matplotlib."""
    require("train", "matplotlib")
    from matplotlib.figure import Figure

    kinds = robustness.by_kind()
    figure = Figure(figsize=(4.2 * len(kinds), 3.6), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, (kind, points) in zip(panels, kinds.items(), strict=True):
        amounts = [point.amount for point in points]
        axes.plot(amounts, [point.nme for point in points], "o--", label="one crop")
        axes.plot(amounts, [point.nme_refined for point in points], "o-", label="refined")
        highest = max(max(point.nme, point.nme_refined) for point in points)
        axes.set(ylabel=f"NME, % of {in_words(robustness.normaliser)}", ylim=(0, 1.08 * highest))
        axes.set_xlabel(textwrap.fill(MEANINGS[kind], _LABEL_WIDTH))
        axes.grid(alpha=0.3)
    panels[0].legend()
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=150)
