"""What a run tells people: while it goes, as JSONL and tensorboard logs, and its curves as a picture."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from facekp_train.common.files import write_text, written_aside

LOG_FILE = "log.jsonl"
CURVES_FILE = "curves.png"
# Seconds between two drawings: one takes about as long as an epoch of few faces.
_REDRAW = 10.0


@dataclass(frozen=True)
class Step:
    """What is known after a training step; epochs count from 0, steps from 1."""

    epoch: int
    step: int
    steps: int
    epochs: int
    loss: float
    faces_per_second: float


@dataclass(frozen=True)
class Scored:
    """What is known after an epoch.

    Attributes:
        epoch: from 0.
        epochs: after which the training ends.
        loss: its mean over the epoch.
        nme: of the validation faces, percent.
        best: the lowest NME so far.
        best_epoch: where that was, from 0.
        faces_per_second: in training.
        seconds: that the epoch took, with its validation.
    """

    epoch: int
    epochs: int
    loss: float
    nme: float
    best: float
    best_epoch: int
    faces_per_second: float
    seconds: float

    @classmethod
    def of(cls, history: Sequence[dict[str, Any]], epochs: int, seconds: float) -> Scored:
        """By the rows of the log."""
        row, best = history[-1], min(history, key=lambda row: row["nme"])
        return cls(
            row["epoch"] - 1, epochs, row["loss"], row["nme"], best["nme"], best["epoch"] - 1,
            row["faces_per_second"], seconds,
        )  # fmt: skip


Watch = Callable[[Step | Scored], None]
"""Is told how a training goes."""


def unwatched(_event: Step | Scored) -> None:
    """For a training that nobody looks at."""


class TrainingLog:
    """One JSON line an epoch in `log.jsonl`, the same numbers for tensorboard, and `curves.png`."""

    def __init__(self, folder: Path, history: list[dict[str, Any]]) -> None:
        from tensorboardX import SummaryWriter

        self._file = folder / LOG_FILE
        self._curves = folder / CURVES_FILE
        self._drawn_at = time.monotonic()
        self.history = history
        # Epochs after the saved state, from before a kill, are trained again: drop their lines.
        write_text(self._file, "".join(json.dumps(row) + "\n" for row in history))
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=len(history))

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None and self.history:
            draw_curves(self._curves, self.history)

    def add(self, row: dict[str, Any]) -> None:
        """Record one epoch."""
        self.history.append(row)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        for name, value in row.items():
            if isinstance(value, int | float) and name != "epoch":
                self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()
        if time.monotonic() - self._drawn_at > _REDRAW:
            draw_curves(self._curves, self.history)
            self._drawn_at = time.monotonic()


def draw_curves(target: Path, history: list[dict[str, Any]]) -> None:
    """Losses (logarithmic) beside the validation NME, by epoch, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    for name in ("loss", "loss_regression", "loss_heatmap"):
        left.plot(epochs, [row[name] for row in history], marker=".", label=name.replace("_", " "))
    left.set(yscale="log", xlabel="epoch", title="training loss")
    for name in sorted({key for row in history for key in row if key.startswith("nme")}):
        right.plot(epochs, [row.get(name) for row in history], marker=".", label=name.replace("_", " "))
    right.set(xlabel="epoch", ylabel="percent", title="validation NME")
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=110)
