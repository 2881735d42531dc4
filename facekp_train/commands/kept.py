"""What an interrupted command says: what is kept of its work, and the line that goes on with it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from facekp_train.common.console import say


@contextmanager
def told_when_interrupted(folder: Path, kept: Callable[[], str], *more: str) -> Iterator[None]:
    """A block whose work survives Ctrl-C, in part.

    Args:
        folder: where the work is kept.
        kept: what is there, in words; empty for nothing.
        more: words that the line needs to go on, such as `--resume`.
    """
    try:
        yield
    except KeyboardInterrupt:
        if os.environ.get("LOCAL_RANK", "0") == "0":
            said = kept()
            say(f"kept in {folder}: {said}; go on with: {_line(more)}" if said else "nothing is kept yet")
        raise


def _line(more: tuple[str, ...]) -> str:
    """The command as it was typed, with what it lacks to go on."""
    program, *words = sys.argv
    name = Path(program).name
    called = [name] if name != "__main__.py" else ["python", "-m", Path(program).parent.name]
    return shlex.join([*called, *words, *(word for word in more if word not in words)])


def epochs_kept(folder: Path) -> str:
    """The finished epochs of a training that can be gone on with."""
    from facekp_train.training.run_folder import finished_epochs

    count = finished_epochs(folder)
    return "" if not count else "1 epoch" if count == 1 else f"{count} epochs"


def files_kept(folder: Path, name: str, what: str) -> str:
    """How many files of a name lie below a folder, each of which stands for something that is finished."""
    count = sum(1 for _ in folder.rglob(name)) if folder.is_dir() else 0
    return f"{what}: {count}" if count else ""
