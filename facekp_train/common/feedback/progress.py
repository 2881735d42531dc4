"""How far a long work is, and what is left of it: a bar on a terminal, a line each half minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from facekp_train.common.console import err, say

_LINE_SECONDS = 30.0


def time_left(done: float, count: float, seconds: float) -> str:
    """Such as "2:05 left", from how much is done of a count and the seconds that it took; "" before that.

    rich's own estimate looks back half a minute, less than a turn on a phone may take, and then forgets.
    """
    if done <= 0:
        return ""
    left = round(seconds / done * max(0.0, count - done))
    return f"{left // 60}:{left % 60:02} left"


class Lines:
    """Says a line each half minute. The first one is due after as long: short work says nothing."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def offer(self, words: Callable[[], str]) -> None:
        """Say them if a line is due."""
        if (now := time.monotonic()) - self._last >= _LINE_SECONDS:
            self._last = now
            say(words())


def progress_bar(visible: bool = True) -> Progress:
    """A bar on stderr that counts; it leaves nothing behind. Where that is no terminal: `Lines`."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Left())
    return _Bar(*columns, visible=visible)


def _left(task: Task) -> str:
    """What is left of it; "" where nobody knows how much there is."""
    return "" if task.total is None else time_left(task.completed, task.total, task.elapsed or 0.0)


class _Left(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_left(task))


class _Bar(Progress):
    def __init__(self, *columns: Any, visible: bool) -> None:
        drawn = visible and err.is_terminal
        # Without its thread every step of `track` comes by `advance`.
        super().__init__(
            *columns, console=err, transient=True, disable=not drawn, auto_refresh=drawn,
            get_time=time.monotonic,
        )  # fmt: skip
        self._lines = Lines() if visible and not drawn else None

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        if self._lines is not None:
            self._lines.offer(lambda: self._words(self._tasks[task_id]))

    def _words(self, task: Task) -> str:
        of_all = "" if task.total is None else f" of {task.total:,.0f}"
        return ", ".join(filter(None, (f"{task.description}: {task.completed:,.0f}{of_all}", _left(task))))
