"""The runner for phones, built for this machine with sanitizers, and what a run of it came to."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.places import NATIVE

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
X = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
QUICK = ("--warmup", "0", "--min-runs", "1", "--min-seconds", "0")
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or platform.system() != "Linux", reason="needs Linux and a C compiler, cc"
)


@dataclass
class Outcome:
    """What a run of the runner came to."""

    code: int
    stdout: str
    stderr: str
    output: Path

    @property
    def result(self) -> dict[str, Any]:
        """The last line of stdout, which is the only one."""
        (line,) = self.stdout.splitlines()
        return json.loads(line)

    def failed(self, code: int, *words: str) -> None:
        """It ended with this code, one sentence with these words, and no output file, whole or in part."""
        assert self.code == code, self.stderr
        assert self.stdout == ""
        (sentence,) = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert all(word in sentence for word in words), sentence
        assert not self.output.exists()
        assert not list(self.output.parent.glob("*.part"))


def build_runner(folder: Path) -> Path:
    """The folder, with the runner and the stand-in engines for this machine."""
    sources = [str(path) for path in NATIVE.glob("*.c")]
    compile_ = ["cc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    command = [*compile_, "-o", str(folder / "runner"), *sources, "-ldl"]
    # A compiler without the sanitizers' libraries still makes a runner to test.
    for flags in (SANITIZERS, ()):
        done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    for name, flags in (("engine.so", ()), ("incomplete.so", ("-DINCOMPLETE",))):
        stand_in = str(Path(__file__).with_name("stand_in_engine.c"))
        command = [*compile_, *flags, "-shared", "-fPIC", "-o", str(folder / name), stand_in]
        subprocess.run(command, check=True, timeout=60)
    return folder


def runner_in(tmp_path: Path, built: Path) -> Callable[..., Outcome]:
    """Run the runner on X with the stand-in engine; `set` replaces options, None drops them."""

    def call(
        *words: str, stand_in: str = "", set: dict[str, str | None] | None = None, **options: Any
    ) -> Outcome:
        (tmp_path / "in.bin").write_bytes(X.tobytes())
        (tmp_path / "model.tflite").write_bytes(b"\0\0\0\0TFL3 and so on")
        values: dict[str, str | None] = {
            "--engine": str(built / "engine.so"),
            "--model": str(tmp_path / "model.tflite"),
            "--input": str(tmp_path / "in.bin"),
            "--output": str(tmp_path / "out.bin"),
            **(set or {}),
        }
        given = [word for name, value in values.items() if value is not None for word in (name, value)]
        environment = {"STAND_IN": stand_in, "ASAN_OPTIONS": "detect_leaks=0", **options.pop("env", {})}
        done = subprocess.run(
            [str(built / "runner"), *given, *QUICK, *words],
            capture_output=True, env=environment, timeout=60, check=False, **options,
        )  # fmt: skip
        stdout, stderr = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
        return Outcome(done.returncode, stdout, stderr, Path(values["--output"] or "out.bin"))

    return call
