"""Freed memory stays with a training process."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Blocks of 40 MB written and freed, and how many pages the system had to give for the last ten.
_COUNT = """
import resource
import numpy as np
from facekp_train.common.process import keep_freed_memory
if {keep}:
    keep_freed_memory()
def use():
    np.ones(5_000_000)
for _ in range(3):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(keep: bool) -> int:
    command = [sys.executable, "-c", _COUNT.format(keep=keep)]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted as Linux does")
def test_blocks_of_the_same_size_cost_no_new_pages() -> None:
    assert _faults(keep=True) * 10 < _faults(keep=False)
