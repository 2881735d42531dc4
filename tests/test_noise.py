"""While converters run, what they print goes to the log, and our own steps to the terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import os, sys
from pathlib import Path
from facekp_export.noise import noise_in
from facekp_train.console import err

print("before")
try:
    with noise_in(Path(sys.argv[1])):
        print("from Python")
        os.write(1, b"from C\\n")
        os.write(2, b"an error from C\\n")
        err.print("a step")
        raise ValueError
except ValueError:
    print("after")
    err.print("the end")
"""


def test_noise_goes_to_the_log_and_nothing_else_does(tmp_path: Path) -> None:
    log = tmp_path / "export.log"
    log.write_text("kept\n")
    command = [sys.executable, "-c", CODE, str(log)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "before\nafter\n"
    assert done.stderr == "a step\nthe end\n"
    lines = log.read_text().splitlines()
    assert lines[0] == "kept" and set(lines[1:]) == {"from Python", "from C", "an error from C"}
