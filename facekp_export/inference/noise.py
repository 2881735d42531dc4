"""Converters and engines talk, some of it from C++, where Python's streams have no say."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facekp_train.common.console import err

# LiteRT's logger has no setting for Python; it prints this once a process.
_BANNER = b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU."
_ours = threading.Event()


def this_process_is_ours() -> None:
    """Said by our commands alone: stderr's descriptor may then be turned elsewhere for a moment."""
    _ours.set()


@contextmanager
def without_banner() -> Iterator[None]:
    """In our commands: what C prints on stderr comes a moment later, without LiteRT's banner."""
    if not _ours.is_set() or sys.stderr is None:
        yield
        return
    with tempfile.TemporaryFile() as stderr:
        _flush()
        saved = os.dup(2)
        os.dup2(stderr.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(saved, 2)
            os.close(saved)
            stderr.seek(0)
            for line in stderr:
                if line.strip() != _BANNER:
                    os.write(2, line)


@contextmanager
def noise_in(log: Path) -> Iterator[None]:
    """Send what Python and C print to the end of `log`; `err` alone still reaches the terminal."""
    # TensorFlow reads these once, when it is first imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    _flush()
    saved = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    # Asked for its file, a console names the stream of that moment: what it was told is kept beside.
    before, err._file = err._file, terminal  # pyright: ignore[reportPrivateUsage]
    try:
        yield
    finally:
        _flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        err._file = before  # pyright: ignore[reportPrivateUsage]
        terminal.close()


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
