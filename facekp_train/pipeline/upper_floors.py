"""Export and benchmark, which stand on floors above this one: run as processes, never imported.

No other file of facekp_train names a module of those floors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_MODULES = {"facekp-export": "facekp_export", "facekp-bench": "android_bench"}
# An export with its verification takes 20 s on an idle machine, a benchmark 10 s a file.
_LONGEST_SECONDS = 1800


class ProgramError(Exception):
    """A program of an upper floor that failed. program: its name; the text: its last line of complaint."""

    def __init__(self, program: str, complaint: str) -> None:
        super().__init__(complaint)
        self.program = program


def export(*arguments: object) -> None:
    """Run facekp-export. Raises ProgramError where it fails."""
    _run("facekp-export", *arguments)


def benchmark(*arguments: object) -> list[dict[str, Any]]:
    """Run facekp-bench; its records. Raises ProgramError where it fails."""
    return json.loads(_run("facekp-bench", *arguments, "--json"))["records"]


def _run(program: str, *arguments: object) -> str:
    """What the program says on standard output."""
    command = [sys.executable, "-m", _MODULES[program], *map(str, arguments)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        raise ProgramError(program, f"{program} took over {_LONGEST_SECONDS} s") from None
    if done.returncode:
        raise ProgramError(program, (done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return done.stdout
