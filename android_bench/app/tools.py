"""The programs that the build takes from this computer: a JDK, aapt2, apksigner; what is missing is named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.files import resolved

_APT = {"aapt2": "aapt", "apksigner": "apksigner"}
"""Debian's packages by program."""
_OLDEST_JAVA = 17
_TOOL_SECONDS = 900


def jdk() -> Path:
    """The JDK to build with: $JAVA_HOME, else that of the `javac` on the path.

    Raises UserError where there is none, or one older than 17.
    """
    remedy = "install one with: apt-get install openjdk-17-jdk-headless"
    if home := os.environ.get("JAVA_HOME"):
        folder = Path(home)
    elif javac := shutil.which("javac"):
        folder = resolved(Path(javac)).parents[1]
    else:
        raise UserError(f"the app is built with a JDK, and javac is missing; {remedy}")
    try:
        version = re.search(r'JAVA_VERSION="(\d+)', (folder / "release").read_text(encoding="utf-8"))
    except OSError:
        version = None
    if version is None or not (folder / "bin/javac").is_file():
        raise UserError(f"{folder} holds no JDK; {remedy}, or name another in JAVA_HOME")
    if int(version[1]) < _OLDEST_JAVA:
        raise UserError(f"{folder} is a JDK {version[1]}, and the app is built with 17 or newer; {remedy}")
    return folder


def program(name: str) -> str:
    """The path of aapt2 or apksigner. Raises UserError with the line that installs it."""
    if path := shutil.which(name):
        return path
    raise UserError(f"{name} is missing; install it with: apt-get install {_APT[name]}")


def java(jars: Sequence[Path], main: str, *arguments: str | Path) -> str:
    """Run a Java program; what it printed. Raises UserError with its own words where it fails."""
    path = os.pathsep.join(map(str, jars))
    # Small programs: a heap that grows step by step costs more than it saves.
    options = ["-Xmx1g", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return run(main.rpartition(".")[2], jdk() / "bin/java", *options, "-cp", path, main, *arguments)


def run(what: str, *command: str | Path) -> str:
    """Run a program of the build; what it printed. Raises UserError with its own words where it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, timeout=_TOOL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"{what} did not end within {_TOOL_SECONDS} seconds; run make apk again") from None
    if done.returncode:
        words_of_it = (done.stderr.strip() or done.stdout.strip())[-4000:]
        raise UserError(f"{what} ended with {done.returncode}; correct what it names: {words_of_it}")
    return done.stdout + done.stderr
