"""A progress bar for training, with faces a second and the time left; a line after each epoch."""

from __future__ import annotations

import os
import time
from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from facekp_train.common.console import err, say
from facekp_train.training.log import Scored, Step

# The first steps fill caches. Of those that follow, so many seconds or all of an epoch tell its time.
_WARM, _TIMED_SECONDS = 3, 5.0
# A step's share in the loss that is shown.
_SMOOTHING = 0.05


class FitProgress:
    """Shows on stderr how a training goes, and one after the other, while used as a context."""

    def __init__(self) -> None:
        # Lightning starts further processes with their rank in the environment: one bar is enough.
        self._shown = os.environ.get("LOCAL_RANK", "0") == "0"
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"), BarColumn(), TextColumn("{task.percentage:.0f} %"),
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[rate]:.0f} img/s"), TimeRemainingColumn(),
            console=err, disable=not self._shown or not err.is_terminal, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("fit", total=None, epoch="", loss=0.0, rate=0.0)
        self._loss: float | None = None
        self._warm_at = 0.0
        self._told = False

    def __enter__(self) -> FitProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Step | Scored) -> None:
        """Move on by one training step, or say how good the net is after an epoch."""
        if isinstance(event, Step):
            self._step(event)
        elif self._shown:
            self._say(event)

    def _step(self, step: Step) -> None:
        if self._loss is None:  # another training begins
            self._bar.start()
            self._told = False
        before = step.loss if self._loss is None else self._loss
        self._loss = before + _SMOOTHING * (step.loss - before)
        self._bar.update(
            self._task,
            total=step.epochs * step.steps,
            completed=step.epoch * step.steps + step.step,
            epoch=f"{step.epoch + 1}/{step.epochs}",
            loss=self._loss,
            rate=step.faces_per_second,
        )
        if not self._told:
            self._tell_time(step)

    def _tell_time(self, step: Step) -> None:
        """Say once what an epoch takes, from the first steps."""
        now = time.perf_counter()
        if step.step <= min(_WARM, step.steps - 1):
            self._warm_at = now
            return
        timed = step.step - min(_WARM, step.steps - 1)
        if now - self._warm_at < _TIMED_SECONDS and step.step < step.steps:
            return
        self._told = True
        left = step.epochs - step.epoch
        if self._shown and self._warm_at and left > 1:
            each = (now - self._warm_at) / timed * step.steps
            say(
                f"an epoch takes about {in_words(each)} and its validation, {left} epochs "
                f"{in_words(each * left)}"
            )

    def _say(self, done: Scored) -> None:
        left = done.epochs - done.epoch - 1
        ends = f", {in_words(left * done.seconds)} left" if left else ""
        say(
            f"epoch {done.epoch + 1}/{done.epochs}: NME {done.nme:.2f} %, best {done.best:.2f} % (epoch "
            f"{done.best_epoch + 1}), loss {done.loss:.4f}, {done.faces_per_second:.0f} img/s{ends}"
        )
        if not left:
            self._bar.stop()
            self._loss = None


def in_words(seconds: float) -> str:
    """A time, as exact as it is of use: 8 s, 3 min 20 s, 1 h 40 min."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
