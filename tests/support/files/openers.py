"""What a child process may do with a stranger's file, for `facekp_train.common.guarded`."""

from __future__ import annotations

import os
import time
from pathlib import Path


def fine(_path: Path) -> None:
    """Nothing."""


def prints(_path: Path) -> None:
    """What libraries print is no answer."""
    os.write(1, b'{"error": "not the answer"}')


def refuses(path: Path) -> None:
    """A sentence with the path as the child knows it."""
    raise ValueError(f"{path}: it is not so")


def missing(path: Path) -> None:
    """The error of a file that cannot be read."""
    raise OSError(f"{path}: no")


def crashes(_path: Path) -> None:
    """As a library in C does."""
    os.abort()


def leaves(_path: Path) -> None:
    """Ends well and says nothing."""
    os._exit(0)


def stumbles(_path: Path) -> None:
    """An error that nobody foresaw."""
    raise KeyError("x")


def waits(_path: Path) -> None:
    """Longer than anybody waits."""
    time.sleep(600)
