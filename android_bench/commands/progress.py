"""The bar of a measurement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facekp_train.common.console import err

if TYPE_CHECKING:
    from android_bench.timing import Progress


class TimeLeft:
    """What remains of a measurement, from what is done of it and the time that this took."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()

    def words(self, done: float, count: int) -> str:
        """Such as "2:05 left"; "" where nothing is done yet. done, count: as `Progress` is told."""
        from facekp_train.common.feedback.progress import time_left

        now = self._clock()
        if done <= 0:
            # What brings files to a phone says nothing of how long a turn takes.
            self._began = now
            return ""
        return time_left(done, count, now - self._began)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr, or lines; shown between turns alone, since that takes time from the measured."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from facekp_train.common.feedback.progress import Lines

    text, left = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[left]}")
    columns = (text, BarColumn(), TaskProgressColumn(), left)
    time_left, lines = TimeLeft(), Lines()
    with Progress(
        *columns, console=err, auto_refresh=False, transient=True, disable=not err.is_terminal
    ) as bar:
        task = bar.add_task("", left="")

        def show(done: float, count: int, label: str) -> None:
            words = time_left.words(done, count)
            bar.update(task, completed=done, total=count, description=label, left=words, refresh=True)
            if not err.is_terminal:
                done_of_all = f"{100 * done / count:.0f} % measured" if count else "measuring"
                lines.offer(lambda: ", ".join(filter(None, (done_of_all, words, f"now {label}"))))

        yield show
