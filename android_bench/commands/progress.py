"""The bar of a measurement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facekp_train.common.console import err

if TYPE_CHECKING:
    from android_bench.timing import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr. It is drawn between turns alone, since drawing takes time from the measured."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=err, auto_refresh=False, transient=True, disable=not err.is_terminal
    ) as bar:
        task = bar.add_task("")

        def show(done: float, count: int, label: str) -> None:
            bar.update(task, completed=done, total=count, description=label, refresh=True)

        yield show
