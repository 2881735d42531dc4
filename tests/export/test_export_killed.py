"""`facekp-export` killed in each of its steps: the folder stays as it was, and the next export is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.verification.check import check_integrity, find_models
from facekp_train.common.files import sha256_of
from tests.support.extras import needs_export
from tests.support.models.small_nets import save_small_checkpoint

needs_export()

pytestmark = pytest.mark.slow

SIZE = 64


def _contents(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir() if not path.name.startswith(".")}


def test_killed_in_a_step_the_last_export_stays(tmp_path: Path) -> None:
    """In the first conversions and the report; where FACEKP_FUZZ is set, in every one.

    A step's line appears when it is done, so each kill falls into the step after it.
    """
    first, second = (
        save_small_checkpoint(tmp_path / name, 5, SIZE)
        for name in ("first.safetensors", "second.safetensors")
    )
    out = tmp_path / "exports" / "small"
    command = [sys.executable, "-m", "facekp_export", "--out", str(out), "--tolerance", "0.9", "--model"]
    done = subprocess.run([*command, str(first)], capture_output=True, text=True, check=True, timeout=300)
    before, steps = _contents(out), len(done.stderr.splitlines())
    for step in (*(range(1, 7) if os.environ.get("FACEKP_FUZZ") else (1, 4)), steps - 1):
        with subprocess.Popen([*command, str(second)], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(f"{step}."):
                    break
            process.kill()
        assert process.returncode == -signal.SIGKILL, f"ended before step {step + 1}"
        assert _contents(out) == before
    subprocess.run([*command, str(second)], capture_output=True, check=True, timeout=300)
    assert check_integrity(find_models(out), out).good
    assert {path.name for path in out.iterdir()} == set(before)
    assert [path.name for path in out.parent.iterdir()] == [out.name]
