"""kill and a lost terminal end a command as Ctrl-C does: what was finished is kept, the rest tidied up."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def ended_like_ctrl_c() -> Iterator[Sequence[int]]:
    """While the block lasts, SIGTERM and SIGHUP raise KeyboardInterrupt, and the exit code is 143 or 129.

    Yields the numbers of the signals that came, Ctrl-C's too: a library in whose midst one comes may raise
    an error of its own instead. Where it is not the main thread's block, nothing is changed.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    owner = os.getpid()

    def interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a child that was forked ends as it would have
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        for other in SIGNALS:  # a shell repeats what the terminal has sent: tidying up must not be ended
            signal.signal(other, signal.SIG_IGN)
        if number != signal.SIGTERM:
            let_go_of_the_terminal()
        interrupt(number, frame)

    before = {number: signal.getsignal(number) for number in (*SIGNALS, signal.SIGINT)}
    for number, handler in before.items():
        if number == signal.SIGINT:
            if handler is signal.default_int_handler:
                signal.signal(number, interrupt)
        elif handler != signal.SIG_IGN:  # nohup
            signal.signal(number, end)
    try:
        yield received
    except SystemExit:
        # Whatever a library has made of the interruption.
        if first := next((number for number in received if number in SIGNALS), None):
            raise SystemExit(128 + first) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def let_go_of_the_terminal() -> None:
    """Whatever is still printed goes nowhere: it would fail, and the results with it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        # A terminal that is gone no longer says that it is one.
        if stat.S_ISCHR(os.fstat(stream).st_mode):
            os.dup2(nowhere, stream)
    os.close(nowhere)
