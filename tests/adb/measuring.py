"""facekp-bench --device adb on the rig, as tests call it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from android_bench.phone.bundles.bundle import cache_folder
from android_bench.records.record import Document, Record
from facekp_train.common.shipped import shipped_models_dir
from tests.rig.rig import Rig

INT8 = shipped_models_dir() / "mdp-0.25x" / "model_int8.tflite"
QUICK = (
    "--repeat", "1", "--min-runs", "3", "--min-seconds", "0", "--warmup", "1", "--timeout", "300",
)  # fmt: skip


def environment(rig: Rig, tmp_path: Path) -> dict[str, str]:
    """The rig's, with this user's bundles and locks of the test's own."""
    own = {"FACEKP_CACHE": str(cache_folder()), "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200"}
    return rig.environment | own


def start(rig: Rig, tmp_path: Path, *words: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "android_bench", "--device", "adb", *map(str, words)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(rig, tmp_path),
        preexec_fn=_heed_signals,  # noqa: PLW1509 - nothing else runs
    )


def _heed_signals() -> None:
    """Whoever runs the tests in the background or under nohup ignores these, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def finish(process: subprocess.Popen[str], timeout: float = 500) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=timeout)
    return process.returncode, stdout, stderr


def measure(rig: Rig, tmp_path: Path, *words: str | Path) -> list[Record]:
    code, stdout, stderr = finish(start(rig, tmp_path, *words, "--json"))
    assert code == 0, stderr
    return Document.model_validate_json(stdout).records


def error_of(stderr: str) -> str:
    (line,) = [line for line in stderr.splitlines() if line.startswith("error: ")]
    return line
