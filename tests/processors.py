"""Repeats the tests that rest on a short training as other processors would round them.

`make test-processors` runs this file; words after it go to pytest. A processor with many instructions
stands in for those with fewer: PyTorch's own loops and oneDNN's are each held to older ones. bfloat16 is
computed everywhere, only slowly where the processor lacks it.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

_ATEN = ("default", "avx2", None)
_ONEDNN = ("AVX2", None)
_PRECISION = ("32-true", "bf16-mixed")
_ROW = "{:<10} {:<8} {:<11} {:>8}  {}"


def main(words: list[str]) -> int:
    """Print one line for each combination; 1 where any of them failed."""
    failed = 0
    print(_ROW.format("ATEN", "oneDNN", "precision", "seconds", "outcome"), flush=True)
    for aten, onednn, precision in itertools.product(_ATEN, _ONEDNN, _PRECISION):
        named = {
            "ATEN_CPU_CAPABILITY": aten, "ONEDNN_MAX_CPU_ISA": onednn, "FACEKP_TEST_PRECISION": precision,
        }  # fmt: skip
        others = {key: value for key, value in os.environ.items() if key not in named}
        environment = {**others, **{key: value for key, value in named.items() if value}}
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-m", "training", "-q", "-n", "auto", "--dist", "loadfile"]
        done = subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, check=False
        )
        seconds = f"{time.monotonic() - began:.0f}"
        lines = done.stdout.splitlines() or done.stderr.splitlines() or ["no word"]
        print(_ROW.format(aten or "-", onednn or "-", precision, seconds, lines[-1]), flush=True)
        for line in lines:
            if line.startswith(("FAILED", "ERROR")):
                print(f"    {line}", flush=True)
        failed += done.returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
