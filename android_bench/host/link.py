"""The parent's end of a measuring process: ask, wait no longer than allowed, learn why it died."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from android_bench.host.machine import describe_machine
from facekp_train.common.files import package_file

_ROOT = package_file("android_bench").parent
_COMMAND = (sys.executable, "-m", "android_bench.host.worker")
# Builds of engines often take these for granted; named as in `Machine.flags`.
_COMMON_INSTRUCTIONS = {"x86_64": ("avx", "f16c", "fma", "avx2"), "aarch64": ("fphp", "asimddp")}


class WorkerError(Exception):
    """Why a measuring process gave no answer, in one sentence."""


class Worker:
    """A measuring process (see `worker`). Leave the `with` block, or `close`, to end it."""

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
            errors="replace",
            # `-m` puts the working folder in front of the import path: it must be ours, not one
            # where a stray record.py or torch.py would be imported in place of the true one.
            cwd=_ROOT,
            # Ctrl-C in a terminal goes to the whole foreground group; the parent alone decides.
            start_new_session=True,
        )
        # A thread reads, since pipes cannot be waited for with a time-out on every system.
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises WorkerError when the process reports a failure, dies, or does not answer within
        `timeout` seconds; it is ended then.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a dead process is noticed below, with its reason
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            self._process.kill()
            raise WorkerError(f"no answer within {timeout:g} s; allow more with --timeout") from None
        if line is None:
            raise WorkerError(self._death())
        try:
            reply = json.loads(line)
        except ValueError:
            self._process.kill()
            raise WorkerError("the measuring process gave a garbled answer") from None
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def close(self) -> None:
        """End the process, by force where it is busy, and free its pipes."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(OSError):
            process.stdin.close()  # the end of its input ends it
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()
        process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _death(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._errors.seek(0, os.SEEK_SET)
        lines = self._errors.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        last = f": {lines[-1][:300]}" if lines and code > 0 else ""
        if code == -signal.SIGINT:
            return "the measuring process was interrupted"
        if code < 0:
            name = _signal_name(-code)
            hint = "; the memory may have run out" if name == "SIGKILL" else ""
            hint = _unknown_instruction() if name == "SIGILL" else hint
            return f"the measuring process was killed by {name}{hint}"
        return f"the measuring process ended with exit code {code}{last}"


def _unknown_instruction() -> str:
    flags = describe_machine().flags
    lacking = [name for name in _COMMON_INSTRUCTIONS.get(platform.machine(), ()) if name not in flags]
    which = f"this one has no {', '.join(lacking)}" if lacking else "say AVX-512"
    return (
        f"; its runtime was probably built for instructions that this processor lacks ({which}): "
        "install a build for this processor, or choose another runtime with --runtime"
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
