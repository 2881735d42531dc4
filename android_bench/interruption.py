"""kill and a lost terminal end a command as Ctrl-C does: what was measured is kept, phones are tidied up."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from android_bench.records.record import Record

_CTRL_C = 130
"""Exit code of what Ctrl-C has ended."""
_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """While the block lasts, SIGTERM and SIGHUP raise KeyboardInterrupt, and the exit code is 143 or 129."""
    received: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        for other in _SIGNALS:  # a shell repeats what the terminal has sent: tidying up must not be ended
            signal.signal(other, signal.SIG_IGN)
        received.append(number)
        if number != signal.SIGTERM:
            _let_go_of_the_terminal()
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # nohup
            signal.signal(number, end)
    try:
        yield
    except SystemExit as stop:
        if received and stop.code == _CTRL_C:
            raise SystemExit(128 + received[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _let_go_of_the_terminal() -> None:
    """Whatever is still printed goes nowhere: it would fail, and the results with it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        # A terminal that is gone no longer says that it is one.
        if stat.S_ISCHR(os.fstat(stream).st_mode):
            os.dup2(nowhere, stream)
    os.close(nowhere)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a measurement; `records` holds what was measured until then."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records
