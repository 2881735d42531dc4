"""OpenMP's threads sleep while they wait, and OpenBLAS has one, unless the user has said otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# OpenMP says at its start by what it goes: so the command must not have loaded PyTorch before.
_LOAD = """
import facekp_train.cli
from facekp_train.common.process import wait_asleep
wait_asleep()
import torch
"""


def _spins(**said: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    environment = {**inherited, "OMP_DISPLAY_ENV": "verbose", **said}
    shown = subprocess.run(
        [sys.executable, "-c", _LOAD], env=environment, capture_output=True, text=True, check=True
    ).stderr
    found = [line for line in shown.splitlines() if "GOMP_SPINCOUNT" in line]
    if not found:
        pytest.skip("this PyTorch computes with another OpenMP than GNU's")
    return found[0].split("'")[1]


@pytest.mark.parametrize(
    ("said", "spins"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "77"}, "77"), ({"OMP_WAIT_POLICY": "passive"}, "0")],
)
def test_threads_wait_asleep_unless_told(said: dict[str, str], spins: str) -> None:
    assert _spins(**said) == spins


_COUNT = """
import os, sys
import facekp_export.detect
from facekp_train.common.process import multiply_on_one_thread
assert "numpy" not in sys.modules, "it is too late to say how many threads"
multiply_on_one_thread()
import numpy
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core, one thread")
@pytest.mark.parametrize(("said", "threads"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "2"}, "2")])
def test_numpy_has_one_thread_unless_told(said: dict[str, str], threads: str) -> None:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "OPENBLAS_"))}
    counted = subprocess.run(
        [sys.executable, "-c", _COUNT], env=inherited | said, capture_output=True, text=True, check=True
    ).stdout
    assert counted.strip() == threads
