"""A progress bar for training, with faces a second and the time left; plain lines where no terminal is."""

from __future__ import annotations

import os
from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from facekp_train.common.console import err, say
from facekp_train.training.fit import Step


class FitProgress:
    """Shows `Step`s on stderr while used as a context."""

    def __init__(self) -> None:
        # Lightning starts further processes with their rank in the environment: one bar is enough.
        self._shown = os.environ.get("LOCAL_RANK", "0") == "0"
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"), BarColumn(), TextColumn("{task.percentage:.0f} %"),
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]:.0f} img/s"), TimeRemainingColumn(),
            console=err, disable=not self._shown or not err.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("fit", total=None, epoch="", loss=0.0, rate=0.0)

    def __enter__(self) -> FitProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def step(self, step: Step) -> None:
        """Move on by one training step."""
        self._bar.update(
            self._task,
            total=step.epochs * step.steps,
            completed=step.epoch * step.steps + step.step,
            epoch=f"{step.epoch + 1}/{step.epochs}",
            loss=step.loss,
            rate=step.faces_per_second,
        )
        if self._shown and not err.is_terminal and step.step == step.steps:
            say(
                f"epoch {step.epoch + 1}/{step.epochs} loss {step.loss:.4f} {step.faces_per_second:.0f} img/s"
            )
