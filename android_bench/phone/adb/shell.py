"""One phone: scripts whose end is known, files that arrive whole.

A phone that is lost in the middle of a script leaves exit code 0 and a truncated output with the adb
client. So every script ends with a line of ours that carries its exit code, and that line alone is
believed.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from android_bench.phone.adb.adb import Adb, AdbError, Answer, PhoneLostError, TimeLimitError

SHELL_SECONDS = 20.0
"""For a script that only looks something up."""
_PUSH_BYTES_PER_SECOND = 1e6
"""A slow phone over wireless debugging; a cable does thirty times as much."""
NO_SPACE = "No space left"
"""In what any program of a phone says that cannot write."""
_ENDLESS = re.compile(r"\d{100,}")
"""No phone counts anything so far."""
_GONE = ("not found", "offline", "no devices", "closed", "unauthorized", "connect", "couldn't read")


class DiskFullError(AdbError):
    """The phone has no space for a file."""


@dataclass(frozen=True)
class Result:
    """What a script left behind: its exit code as the phone gave it, and its outputs."""

    code: int
    stdout: str
    stderr: str


class Phone:
    """A phone that is connected and answers."""

    def __init__(self, adb: Adb, serial: str) -> None:
        self.adb = adb
        self.serial = serial

    def shell(self, script: str, timeout: float = SHELL_SECONDS, *, tidying: bool = False) -> Result:
        """Run a script on the phone. Arguments that vary must come in quoted (shlex.quote).

        timeout: seconds. tidying: see `Adb.call`. Raises TimeLimitError, PhoneLostError where its end
        was not seen, StoppedError when called off.
        """
        token = f"facekp-{secrets.token_hex(8)}"
        # In parentheses, so that an `exit` inside cannot leave the last line out.
        whole = f"(\n{script}\n)\nfacekp_code=$?\nprintf '\\n%s %d\\n' {token} \"$facekp_code\""
        answer = self.adb.call("shell", "-T", whole, timeout=timeout, serial=self.serial, tidying=tidying)
        stdout = answer.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        end = re.search(rf"\n{token} (\d{{1,3}})\n\Z", stdout)
        if end is None:
            raise self._broken(answer, timeout)
        stderr = answer.stderr.decode("utf-8", "replace").replace("\r\n", "\n")
        return Result(int(end[1]), stdout[: end.start()], stderr)

    def ask(self, script: str, timeout: float = SHELL_SECONDS) -> str:
        """The stdout of a script that must not fail.

        Raises DiskFullError where it finds no space, AdbError where it fails otherwise, else as `shell`.
        """
        result = self.shell(script, timeout)
        if result.code != 0:
            lines = (result.stderr or result.stdout).strip().splitlines()
            if NO_SPACE in result.stderr:
                raise DiskFullError(f"phone {self.serial} has no space left; delete something on it")
            why = lines[-1][:300] if lines else f"exit code {result.code}"
            raise AdbError(f"phone {self.serial}: a command failed on it ({why})")
        return result.stdout

    def look_up(self, commands: dict[str, str], timeout: float = SHELL_SECONDS) -> dict[str, str]:
        """What each command prints, in one round trip; empty where it fails, as many may on some phone.

        Raises as `shell`.
        """
        mark = f"facekp-{secrets.token_hex(8)}"
        parts = [f"printf '\\n%s\\n' {mark}\n{{\n{command}\n}} 2>/dev/null" for command in commands.values()]
        _, *answers = self.shell("\n".join(parts), timeout).stdout.split(f"\n{mark}\n")
        if len(answers) != len(commands):
            raise AdbError(f"phone {self.serial} gives garbled answers; restart it")
        told = {name: answer.strip() for name, answer in zip(commands, answers, strict=True)}
        for name, answer in told.items():
            if number := _ENDLESS.search(answer):
                raise AdbError(
                    f"phone {self.serial} answers a number of {len(number[0])} digits ({number[0][:20]}...) "
                    f"when it is asked for its {name}; restart it"
                )
        return told

    def push(self, local: Path, remote: str) -> None:
        """Copy a file. What has arrived is not yet proven; `install` compares hashes.

        Raises DiskFullError, TimeLimitError, PhoneLostError, AdbError.
        """
        size = local.stat().st_size
        timeout = SHELL_SECONDS + size / _PUSH_BYTES_PER_SECOND
        answer = self.adb.call("push", str(local.absolute()), remote, timeout=timeout, serial=self.serial)
        if answer.code == 0:
            return
        if NO_SPACE in answer.text:
            raise DiskFullError(f"phone {self.serial}: no space left for {local.name} ({size / 1e6:.1f} MB)")
        if "remote " in answer.text:  # the phone is there and says why
            raise AdbError(f"phone {self.serial} does not accept {local.name}: {answer.last_line}")
        raise self._broken(answer, timeout)

    def _broken(self, answer: Answer, timeout: float) -> AdbError:
        """The error for a call whose end was not seen."""
        if answer.flooded:
            return TimeLimitError(f"phone {self.serial} answers without end; restart it")
        if answer.code is None:
            return TimeLimitError(
                f"phone {self.serial} gave no answer within {timeout:.0f} s; unlock it, plug it in again, "
                "or restart it"
            )
        lines = answer.stderr.decode("utf-8", "replace").strip().splitlines()
        if lines and "PTY args" in lines[-1]:
            # The client's words for a daemon that cannot tell exit codes.
            return AdbError(f"phone {self.serial} has Android 6 or older; use one with Android 7 or newer")
        why = f" ({lines[-1].strip()[:200]})" if lines and any(word in lines[-1] for word in _GONE) else ""
        return PhoneLostError(
            f"phone {self.serial} was lost in the middle of a command{why}; check its cable or network and "
            "run the same command again"
        )
