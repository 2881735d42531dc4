"""The app's sources and their tests on this machine's JVM: compiled by Kotlin, run by JUnit."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from copy import copy
from pathlib import Path

from android_bench.app.aar import build_aar
from android_bench.app.build import checkout
from android_bench.app.parts import COMPILER, LIBRARIES
from tests.android import jars
from tests.support.places import ROOT

BUILT = ROOT / "build" / "app"
"""What `make apk` makes beside the APK."""
BUILD = ROOT / "build" / "app-tests"
_OPTIONS = ("-jvm-target", "1.8", "-no-stdlib", "-no-reflect")
_COMPILE_SECONDS, _RUN_SECONDS = 900, 900


def missing() -> str:
    """Why nothing can be run here; "" where it can."""
    if shutil.which("javac") is None:
        return "needs a JDK 17; install it with: apt-get install openjdk-17-jdk-headless"
    return ""


class Tests:
    """Compiled tests, made anew where they or what they test changed.

    Args:
        name: of the folder for their classes.
        sources: of the tests.
        tested: jars and folders whose internal declarations the tests see.
        beside: further jars.
        instead: jars that the tests are compiled with, in place of what others hold of the same.

    Raises UserError where a part cannot be had, AssertionError where the sources do not compile.
    """

    def __init__(
        self,
        name: str,
        sources: Path,
        tested: Sequence[Path],
        beside: Sequence[str],
        instead: Sequence[str] = (),
    ) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        engine, self._native = (jars.member(part, BUILD) for part in jars.ENGINE)
        self._tested, self._beside = tested, [str(engine), *jars.paths(jars.RUN), *beside]
        friends = (f"-Xfriend-paths={','.join(map(str, tested))}",)
        self._stack: list[str] = []
        self._tests = compiled(name, sources, [*instead, *map(str, tested), *self._beside], friends)

    def on(self, code: Path) -> Tests:
        """The same tests, of classes out of a dex; each of their frames is said to need 300 words."""
        others = copy(self)
        others._tested, others._stack = [code], ["-Xss16m"]
        return others

    def run(self, *tests: str, **properties: object) -> str:
        """Run test classes in one JVM; what it printed. Raises AssertionError where one fails."""
        given = {"facekp.root": ROOT, "java.library.path": self._native.parent, **properties}
        command = [
            "java", "-Xmx2g", *self._stack, *(f"-D{name}={value}" for name, value in given.items()),
            "-cp", os.pathsep.join(map(str, [self._tests, *self._tested, *self._beside])),
            "org.junit.runner.JUnitCore", *(f"org.facekp.{test}" for test in tests),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


class Library(Tests):
    """The library and its tests."""

    def __init__(self) -> None:
        self.aar = build_aar(checkout(), jars.PARTS, ROOT / "build")
        super().__init__("library", Path(__file__).parent / "library" / "kotlin", [BUILT / "library.jar"], [])
        aars = [BUILT / "classes" / f"{name}.jar" for name in LIBRARIES]
        self._phone = [str(self._handed_out()), *map(str, aars), *jars.paths(("android", "kotlin-stdlib"))]

    def _handed_out(self) -> Path:
        """The classes that apps get."""
        target = BUILD / "facekp-classes.jar"
        with zipfile.ZipFile(self.aar) as archive:
            classes = archive.read("classes.jar")
        if not target.is_file() or target.read_bytes() != classes:
            target.write_bytes(classes)
        return target

    def compile_example(self, example: Path) -> None:
        """Compile what calls the library as an app does. Raises AssertionError where that fails."""
        compiled("example", example, self._phone, ("-Werror",))

    def compile_java(self, file: Path, folder: Path) -> None:
        """Compile a caller in Java. Raises AssertionError where that fails."""
        # Of the newest Android whose classes JDK 17 reads.
        classpath = os.pathsep.join([*self._phone[:-2], *jars.paths((f"android-{jars.APIS[-1]}",))])
        command = ["javac", "-nowarn", "-Xlint:-options", "-proc:none", "-source", "8", "-target", "8"]
        command += ["-cp", classpath, "-d", str(folder), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_RUN_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr


def compiled(name: str, sources: Path, classpath: Sequence[str], options: Sequence[str]) -> Path:
    """The classes of the Kotlin sources below a folder."""
    files = sorted(sources.rglob("*.kt"))
    key = hashlib.sha256("\0".join([*classpath, *options]).encode())
    for file in files:
        key.update(file.name.encode() + file.read_bytes())
    for path in map(Path, classpath):
        key.update(str(path.stat().st_mtime_ns if path.is_file() else path).encode())
    target, mark = BUILD / name, BUILD / f"{name}.key"
    if mark.is_file() and mark.read_text() == key.hexdigest():
        return target
    mark.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    command = [
        "java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(jars.paths(COMPILER)),
        "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", *_OPTIONS, *options,
        "-cp", os.pathsep.join(classpath), "-d", str(target), *map(str, files),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_COMPILE_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    mark.write_text(key.hexdigest())
    return target
