"""Converters talk a lot, some of it from C++: while they run, it goes to a log file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facekp_train.console import err


@contextmanager
def noise_in(log: Path) -> Iterator[None]:
    """Send what Python and C print to the end of `log`; `err` alone still reaches the terminal."""
    # TensorFlow reads these once, when it is first imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    _flush()
    saved = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    before = err.file
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    err.file = terminal
    try:
        yield
    finally:
        _flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        err.file = before
        terminal.close()


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
