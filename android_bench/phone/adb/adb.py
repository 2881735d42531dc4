"""The adb client as a subprocess: every call has a time limit, no call goes through the host's shell.

Its exit code is not to be trusted (a phone that is unplugged in the middle of a command leaves 0 and a
truncated output behind); `shell.Phone` therefore believes a line of its own at the end of every script.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from android_bench.phone.adb.server import Server
from facekp_train.common.console import UserError

DISCOVERY_SECONDS = 20.0
"""Within which a user learns that there is no adb, no server, no phone or no answer."""
OLDEST = 29
"""Platform tools before it were not tried: they differ in what they print and return."""
NO_SERIAL = "(no serial number)"
"""In place of a serial number, in `adb devices`."""
_MOST_BYTES = 64_000_000
"""Of output of one call. No answer of ours is near it; a phone that floods must not fill our memory."""
_INSTALL = (
    "install the Android platform tools (Debian and Ubuntu: apt-get install adb; macOS: brew install "
    "android-platform-tools; else developer.android.com/tools/releases/platform-tools), or name the program "
    "with --adb"
)


_NEWER = (
    "install Google's platform tools (developer.android.com/tools/releases/platform-tools: unpack the "
    "archive) and name their adb with --adb; what apt-get gives on Ubuntu 22.04 and Debian 11 is no newer"
)
_LINE = re.compile(
    r"(\(no serial number\)|\S+)\s+(device|offline|unauthorized|authorizing|connecting|bootloader|recovery|"
    r"rescue|sideload|host|unknown|no permissions.*)(?:\s.*)?"
)
"""Of `adb devices`, where blanks stand in place of the tab."""


class AdbError(UserError):
    """What is wrong with adb, its server or a phone, in one sentence with the remedy."""


class PhoneLostError(AdbError):
    """The phone went away, or its daemon fell silent, in the middle of something."""


class TimeLimitError(AdbError):
    """A call took longer than it was allowed."""


class StoppedError(Exception):
    """The measurement was called off (Ctrl-C) while a call was under way."""


class Deadline:
    """A number of seconds that several calls share."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain, a tenth at least."""
        return max(0.1, self._end - time.monotonic())

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return time.monotonic() >= self._end


@dataclass(frozen=True)
class Answer:
    """What a call of the client left: code None where it was ended for taking too long, or for `flooded`."""

    code: int | None
    stdout: bytes
    stderr: bytes
    flooded: bool = False

    @property
    def text(self) -> str:
        """Both outputs together: the client reports some failures on stdout."""
        return (self.stderr + b"\n" + self.stdout).decode("utf-8", "replace").strip()

    @property
    def last_line(self) -> str:
        """The last line that it printed, for a message."""
        return (self.text.splitlines() or ["no output"])[-1].strip()[:300]


@dataclass(frozen=True)
class Listed:
    """A line of `adb devices`. state: device, offline, unauthorized, no permissions..., and so on."""

    serial: str
    state: str

    @property
    def ready(self) -> bool:
        """Whether it can be measured on: adb cannot address a phone without a serial number."""
        return self.state == "device" and self.serial != NO_SERIAL


class Adb:
    """The client program, talking to one server.

    program: its path; None looks in PATH and the usual places of the Android SDK. server: None is what
    the environment says, and is started where it is missing; one that was named is not. stop: once set,
    every call under way and to come raises StoppedError.
    """

    def __init__(
        self, program: str | None = None, server: Server | None = None, stop: threading.Event | None = None
    ) -> None:
        """Raises AdbError where there is no adb."""
        self.program = program or find_adb()
        self.server = server or Server.from_environment()
        self._may_start = server is None and not self.server.remote
        self.stop = stop or threading.Event()
        self._environment = {**os.environ, "ADB_SERVER_SOCKET": self.server.address}
        # Words of ours alone choose the phone.
        self._environment.pop("ANDROID_SERIAL", None)

    def call(self, *words: str, timeout: float, serial: str | None = None, tidying: bool = False) -> Answer:
        """Run the client. tidying: not to be called off.

        Raises AdbError where it cannot be started, StoppedError when called off.
        """
        command = [self.program, *(("-s", serial) if serial else ()), *words]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                # Ctrl-C in a terminal must end neither the client in mid push nor a server it starts.
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise AdbError(f"{self.program} cannot be started ({reason}); {_INSTALL}") from None
        assert process.stdout is not None and process.stderr is not None
        drains = [_Drain(process.stdout), _Drain(process.stderr)]
        try:
            code = self._wait(process, drains, Deadline(timeout), tidying)
        finally:
            process.kill()
            process.wait()
            for drain in drains:
                # A server that the client has started may hold the pipes open for ever.
                drain.join(timeout=1)
        stdout, stderr = (bytes(drain.content) for drain in drains)
        return Answer(code, stdout, stderr, any(drain.flooded for drain in drains))

    def _wait(
        self, process: subprocess.Popen[bytes], drains: list[_Drain], deadline: Deadline, tidying: bool
    ) -> int | None:
        while not deadline.over:
            if self.stop.is_set() and not tidying:
                raise StoppedError
            if any(drain.flooded for drain in drains):
                return None
            try:
                return process.wait(min(0.2, deadline.left()))
            except subprocess.TimeoutExpired:
                continue
        return None

    def version(self, timeout: float = 5) -> tuple[int, str]:
        """Version of the protocol and of the platform tools, such as (41, "34.0.5-debian").

        Raises AdbError for a program that is not adb, or older than 29.
        """
        answer = self.call("version", timeout=timeout)
        protocol = re.search(r"Android Debug Bridge version 1\.0\.(\d+)", answer.text)
        release = re.search(r"^Version (\S+)", answer.text, re.MULTILINE)
        if protocol is None:
            raise AdbError(f"{self.program} is not adb: it says '{answer.last_line}'; {_INSTALL}")
        name = release[1] if release else f"1.0.{protocol[1]}"
        number = re.match(r"\d+", release[1]) if release else None
        if number is None or int(number[0]) < OLDEST:
            raise AdbError(f"{self.program} is adb {name}, too old; {_NEWER}")
        return int(protocol[1]), name

    def start(self, deadline: Deadline) -> bool:
        """See to a server of the client's own version; whether it had to be started.

        Raises AdbError (UserError) where none can be had, or one of another version is running.
        """
        client, name = self.version(deadline.left())
        running = self.server.version(min(5.0, deadline.left()))
        if running is not None:
            if running != client:
                raise AdbError(
                    f"an adb server of version {running} is already running at {self.server.address}, and "
                    f"this adb ({self.program}, {name}), of version {client}, would stop it; name the adb "
                    "that started it with --adb, or stop it yourself with 'adb kill-server'"
                )
            return False
        if not self._may_start:
            raise AdbError(
                f"no adb server listens at {self.server.address}; start one there with "
                "'adb -a nodaemon server', or check the address"
            )
        answer = self.call("start-server", timeout=deadline.left())
        if answer.code != 0:
            raise AdbError(f"the adb server does not start: {answer.last_line}")
        return True

    def devices(self, timeout: float) -> list[Listed]:
        """What is connected, in whatever state. Raises AdbError where the client fails."""
        answer = self.call("devices", timeout=timeout)
        if answer.code != 0:
            why = "no answer" if answer.code is None else answer.last_line
            raise AdbError(f"adb cannot list the phones ({why}); run 'adb kill-server' and try again")
        lines = answer.stdout.decode("utf-8", "replace").splitlines()
        return [entry for entry in map(_listed, lines) if entry]

    def connect(self, address: str, timeout: float) -> None:
        """Reach a phone over TCP. Its exit code is 0 even when it fails: the text decides.

        Raises AdbError where the phone cannot be reached.
        """
        # "already connected" is also said of a connection that has long been dead.
        self.call("disconnect", address, timeout=min(5.0, timeout))
        answer = self.call("connect", address, timeout=timeout)
        if not re.search(r"^connected to ", answer.text, re.MULTILINE):
            why = "no answer" if answer.code is None else answer.last_line
            raise AdbError(
                f"the phone at {address} cannot be reached ({why}); it must be in the same network with "
                "wireless debugging on, or be set to TCP over a cable first: adb tcpip 5555"
            )


def _listed(line: str) -> Listed | None:
    """The phone of a line; None for what is none."""
    if "\t" in line:
        return Listed(*(part.strip() for part in line.split("\t", 1)))
    match = _LINE.fullmatch(line.strip())
    return Listed(match[1], match[2]) if match else None


class _Drain(threading.Thread):
    """Reads a pipe to its end, and no more than is reasonable of it."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.content = bytearray()
        self.flooded = False
        self._pipe = pipe
        self.start()

    def run(self) -> None:
        with self._pipe:
            while part := os.read(self._pipe.fileno(), 1 << 16):
                if len(self.content) < _MOST_BYTES:
                    self.content += part
                else:
                    self.flooded = True


def find_adb() -> str:
    """The adb program. Raises AdbError where there is none."""
    if program := shutil.which("adb"):
        return program
    for folder in _sdk_folders():
        if program := shutil.which("adb", path=str(folder / "platform-tools")):
            return program
    raise AdbError(f"there is no adb on this computer; {_INSTALL}")


def _sdk_folders() -> Iterator[Path]:
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        if folder := os.environ.get(name):
            yield Path(folder)
    home = Path.home()
    yield from (
        home / "Android" / "Sdk",
        home / "Library" / "Android" / "sdk",
        home / "AppData/Local/Android/Sdk",
    )
