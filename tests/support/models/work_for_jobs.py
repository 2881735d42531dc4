"""What the jobs of the tests do; in a module of its own, so that workers can import it."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joblib import cpu_count

from facekp_train.common.files import write_text

__all__ = ["cpu_count"]


def square(folder: Path, i: int) -> dict[str, Any]:
    with (folder / f"{i}.done").open("a") as file:
        file.write("x")
    return {"square": i * i}


def odd_ones_fail(folder: Path, i: int) -> dict[str, Any]:
    if i % 2:
        raise ValueError(f"{i} is odd")
    return square(folder, i)


def not_a_number(folder: Path, i: int) -> dict[str, Any]:
    return {"square": float("nan")}


def until_killed(folder: Path, i: int) -> dict[str, Any]:
    """The first job, taken up for the first time, says which worker it is and waits to be killed."""
    if i == 0 and not (folder / "0.pid").exists():
        write_text(folder / "0.pid", str(os.getpid()))
        time.sleep(600)
    time.sleep(0.2)
    return {**square(folder, i), "worker": os.getpid()}


def deadly(folder: Path, i: int) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def threads(folder: Path, i: int) -> dict[str, Any]:
    import torch

    return {"threads": torch.get_num_threads()}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def search_path() -> list[str]:
    return [path for path in sys.path if path]
