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


def writes(path: Path) -> None:
    """A file beside the one that is opened."""
    path.with_name("written").write_bytes(b"x" * 10)


def tells(_path: Path) -> None:
    """How it was started."""
    import resource  # which Windows has not

    status = Path("/proc/self/status").read_text(encoding="ascii")
    privileges = next(line for line in status.splitlines() if line.startswith("NoNewPrivs"))
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_CORE)]
    seconds = resource.getrlimit(resource.RLIMIT_CPU)[0]
    alone = os.getsid(0) == os.getpid() == os.getpgid(0)
    raise ValueError(f"{privileges.split()} {limits} {seconds} {alone} {'SECRET_TOKEN' in os.environ}")


def starts(_path: Path) -> None:
    """A process of its own."""
    os._exit(0) if os.fork() == 0 else None


def computes(_path: Path) -> None:
    """Without end."""
    while True:
        pass


def waits(_path: Path) -> None:
    """Longer than anybody waits."""
    time.sleep(600)
