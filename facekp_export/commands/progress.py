"""The steps of an export as they go, and an end of them that leaves nothing half-done."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from facekp_train.common.console import err
from facekp_train.common.interruption import SIGNALS, let_go_of_the_terminal


class Steps:
    """Numbered steps on stderr: a spinner while one runs, a line with its seconds when it is done."""

    def __init__(self) -> None:
        self._number = 0
        self._code: int | None = None

    def heed_signals(self) -> None:
        """From now on SIGTERM and SIGHUP stop the work, but for what the process was started to ignore."""
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self.stop)

    def stop(self, number: int, *_: object) -> None:
        """SIGTERM and SIGHUP as an exception, so that what was built aside is cleared away."""
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        self._code = 128 + number
        if number != signal.SIGTERM:
            let_go_of_the_terminal()
        sys.exit(self._code)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step of the work, told by its title."""
        self._number += 1
        line = f"{self._number}. {title}"
        begun = time.perf_counter()
        with err.status(line):
            try:
                yield
            finally:
                # Converters swallow an exit, or make an error of theirs of it.
                if self._code is not None:
                    sys.exit(self._code)
        from rich.text import Text

        took = Text(f" {time.perf_counter() - begun:.1f} s", style="dim")
        err.print(Text(line) + took, soft_wrap=True)
