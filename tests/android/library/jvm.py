"""The library and its tests, compiled by Kotlin and run by JUnit on this machine's JVM."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.android.library import jars
from tests.support.places import ROOT

SOURCES = ROOT / "facekp_export" / "android" / "facekp" / "src/main/kotlin"
TESTS = Path(__file__).with_name("kotlin")
CALLER = Path(__file__).with_name("java") / "Caller.java"
_BUILD = ROOT / "build" / "app-tests"
_OPTIONS = ("-jvm-target", "1.8", "-no-stdlib", "-no-reflect")
# What an APK's classes are compiled with: nothing that Android 7 lacks.
_PHONE_OPTIONS = (
    "-Xjdk-release=1.8", "-Xlambdas=class", "-Xsam-conversions=class", "-Xstring-concat=inline",
    "-Xnullability-annotations=@android.annotation:ignore", "-Werror",
)  # fmt: skip
_COMPILE_SECONDS, _RUN_SECONDS = 540, 300


def missing() -> str:
    """Why nothing can be run here; "" where it can."""
    if shutil.which("javac") is None:
        return "needs a JDK 17; install it with: apt-get install openjdk-17-jdk-headless"
    return ""


class Library:
    """The compiled library and its tests, made anew where the sources changed.

    Raises UserError where a part cannot be had, AssertionError where the sources do not compile.
    """

    def __init__(self) -> None:
        _BUILD.mkdir(parents=True, exist_ok=True)
        names = [jars.archive("android"), *(jars.member(name, _BUILD) for name in jars.PHONE)]
        self._phone = [*map(str, names), str(jars.archive("kotlin-stdlib"))]
        self._engine = [jars.member(name, _BUILD) for name in jars.ENGINE]
        self._classes = _compiled("library", SOURCES, self._phone, _PHONE_OPTIONS)
        run = [str(jars.archive(name)) for name in jars.RUN]
        self._run = [str(self._classes), str(self._engine[0]), *run]
        friends = (f"-Xfriend-paths={self._classes}",)
        self._tests = _compiled("tests", TESTS, self._run, friends, str(self._classes.stat().st_mtime_ns))

    def compile_example(self, example: Path) -> None:
        """Compile what calls the library as an app does. Raises AssertionError where that fails."""
        _compiled("example", example, [str(self._classes), *self._phone], _PHONE_OPTIONS)

    def compile_java(self, file: Path, folder: Path) -> None:
        """Compile a caller in Java. Raises AssertionError where that fails."""
        classpath = os.pathsep.join([str(self._classes), *self._phone])
        command = ["javac", "-nowarn", "-Xlint:-options", "-proc:none", "-source", "8", "-target", "8"]
        command += ["-cp", classpath, "-d", str(folder), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, test: str, **properties: object) -> str:
        """Run a test class; what it printed. Raises AssertionError where it fails."""
        given = {"facekp.root": ROOT, "java.library.path": self._engine[1].parent, **properties}
        command = [
            "java", "-Xmx1g", *(f"-D{name}={value}" for name, value in given.items()),
            "-cp", os.pathsep.join([str(self._tests), *self._run]),
            "org.junit.runner.JUnitCore", f"org.facekp.{test}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _compiled(
    name: str, sources: Path, classpath: Sequence[str], options: Sequence[str], also: str = ""
) -> Path:
    """The classes of the sources below a folder."""
    files = sorted(sources.rglob("*.kt"))
    key = hashlib.sha256("\0".join([*classpath, *options, also]).encode())
    for file in files:
        key.update(file.name.encode() + file.read_bytes())
    target, mark = _BUILD / name, _BUILD / f"{name}.key"
    if mark.is_file() and mark.read_text() == key.hexdigest():
        return target
    mark.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    compiler = os.pathsep.join(str(jars.archive(part)) for part in jars.COMPILER)
    command = [
        "java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", compiler,
        "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", *_OPTIONS, *options,
        "-cp", os.pathsep.join(classpath), "-d", str(target), *map(str, files),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_COMPILE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    mark.write_text(key.hexdigest())
    return target
