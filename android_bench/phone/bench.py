"""Measuring on one phone or on several at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from android_bench.engines.engines import EXPORTED
from android_bench.engines.plan import plan
from android_bench.interruption import Interrupted
from android_bench.phone.adb.adb import Adb, Deadline, StoppedError
from android_bench.phone.adb.find import find_phones
from android_bench.phone.adb.server import Server
from android_bench.phone.parity import Reference, reference_of
from android_bench.phone.session import Session
from android_bench.phone.settings import Settings
from android_bench.records.record import Record
from android_bench.timing import Progress
from facekp_train.common.console import UserError, say

_WIND_DOWN_SECONDS = 30.0
"""After Ctrl-C, to end what runs on the phones and to tidy up there."""


@dataclass(frozen=True)
class Access:
    """How phones are reached.

    Attributes:
        serials: see `find_phones`.
        program: see `Adb`.
        server: see `Adb`.
    """

    serials: tuple[str, ...] = ()
    program: str | None = None
    server: Server | None = None


@dataclass
class Outcome:
    """What came of measuring phones.

    Attributes:
        records: what was measured.
        errors: in words which phones could not be measured at all.
    """

    records: list[Record] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def bench_phones(
    paths: Sequence[Path | str],
    settings: Settings,
    access: Access,
    *,
    runtimes: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Measure model files on phones.

    Args:
        paths: model files and folders; see `plan`. Checkpoints are left out.
        settings: what a measurement does.
        access: how the phones are reached.
        runtimes: see `plan`.
        progress: told between turns.

    Returns:
        One record for each phone, file, delegate and number of threads.

    Raises:
        UserError: where there is nothing to measure, or no phone to measure on.
        Interrupted: on Ctrl-C, with the records so far.
    """
    measurements = plan(paths, (1,), runtimes or EXPORTED)
    files = [each.path for each in measurements]
    if settings.runner in ("bionic", "glibc", "official", "app"):
        # The program was chosen by name, and it runs TFLite files alone.
        others = [path.name for path in files if path.suffix.lower() != ".tflite"]
        files = [path for path in files if path.suffix.lower() == ".tflite"]
        if files and others:
            names = ", ".join(others)
            say(f"left out: {names}: --runner {settings.runner} runs .tflite files alone")
    if not files:
        raise UserError(f"the runner {settings.runner} runs .tflite files and none was given")
    stop = threading.Event()
    adb = Adb(access.program, access.server, stop)
    phones = find_phones(adb, access.serials)
    joint = _JointProgress(progress)
    references = {path: _reference(path, settings.inputs) for path in files}
    sessions = [Session(phone, references, settings, joint.of(phone.serial)) for phone in phones]
    ended = [threading.Event() for _ in sessions]
    for session, end in zip(sessions, ended, strict=True):
        threading.Thread(target=_quiet, args=(session, end)).start()
    try:
        # Not by Thread.join: until Python 3.13 a join that Ctrl-C interrupts takes the thread for
        # ended (https://github.com/python/cpython/issues/90882).
        for end in ended:
            while not end.wait(0.2):
                pass
    except KeyboardInterrupt:
        stop.set()
        deadline = Deadline(_WIND_DOWN_SECONDS)
        for end in ended:
            end.wait(deadline.left())
        if records := _records(sessions, "interrupted: "):
            raise Interrupted(records) from None
        raise  # a file of earlier results must not be replaced by nothing
    unmeasured = [session.error for session in sessions if session.error and not session.records()]
    return Outcome(_records(sessions, ""), unmeasured)


def _reference(path: Path, most: int | None) -> Reference | str:
    """This computer's answers for a file, or why it has none."""
    try:
        return reference_of(path, most)
    except ValueError as error:
        # The record names the file; a reason need not repeat it.
        return str(error).removeprefix(f"{path}: ")


def _quiet(session: Session, ended: threading.Event) -> None:
    with contextlib.suppress(StoppedError):
        try:
            session.run()
        finally:
            ended.set()


def _records(sessions: Sequence[Session], cause: str) -> list[Record]:
    return [record for session in sessions for record in session.records(cause)]


class _JointProgress:
    """Adds up what several phones report."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._done: dict[str, tuple[float, int]] = {}

    def of(self, serial: str) -> Progress:
        """The function that this phone reports to."""
        self._done[serial] = (0.0, 0)

        def tell(done: float, count: int, label: str) -> None:
            with self._lock:
                self._done[serial] = (done, count)
                if self._progress is not None:
                    title = f"{serial}: {label}" if len(self._done) > 1 else label
                    sums = [sum(column) for column in zip(*self._done.values(), strict=True)]
                    self._progress(sums[0], max(1, int(sums[1])), title)

        return tell
