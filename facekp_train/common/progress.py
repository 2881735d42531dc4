"""How far a long command is, and what is left of it: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from facekp_train.common.console import err, say

# Seconds between two lines in a log.
_SAID_EVERY = 60.0


def time_left(done: float, count: float, seconds: float) -> str:
    """Such as "2:05 left", from how much is done of a count and the seconds that it took; "" before that.

    rich's own estimate looks back half a minute, less than a turn on a phone may take, and then forgets.
    """
    if done <= 0:
        return ""
    left = round(seconds / done * max(0.0, count - done))
    return f"{left // 60}:{left % 60:02} left"


def progress_bar(visible: bool = True) -> Progress:
    """A bar on stderr that counts faces; it leaves nothing behind."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Left())
    return _FaceBar(*columns, visible=visible)


def _left(task: Task) -> str:
    """What is left of it; "" where nobody knows how many there are."""
    return "" if task.total is None else time_left(task.completed, task.total, task.elapsed or 0.0)


class _Left(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_left(task))


class _FaceBar(Progress):
    """Where nobody could see it move, it says once a minute how far it is."""

    def __init__(self, *columns: ProgressColumn, visible: bool) -> None:
        drawn = visible and err.is_terminal
        super().__init__(*columns, console=err, transient=True, disable=not drawn, get_time=time.monotonic)
        self._logged = visible and not drawn
        self._said = time.monotonic()

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        now = time.monotonic()
        if not self._logged or now - self._said < _SAID_EVERY:
            return
        self._said = now
        task = self._tasks[task_id]
        of = "" if task.total is None else f" of {task.total:,.0f}"
        say(", ".join(filter(None, (f"{task.description}: {task.completed:,.0f}{of}", _left(task)))))
