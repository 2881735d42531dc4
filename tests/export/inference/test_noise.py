"""While converters run, what they print goes to the log, and our own steps to the terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.commands.progress import Steps
from facekp_export.demo import demo_photo
from facekp_train.common.console import UserError
from facekp_train.common.shipped import default_model

CODE = """
import os, sys
from pathlib import Path
from facekp_export.inference.noise import noise_in
from facekp_train.common.console import err

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


BANNER = """
import os
from facekp_export.inference.noise import this_process_is_ours, without_banner

{}
with without_banner():
    os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n")
    os.write(2, b"ERROR: from C\\n")
os.write(2, b"after\\n")
"""


@pytest.mark.parametrize("ours", [True, False])
def test_errors_from_c_are_shown_and_the_banner_only_in_others_processes(ours: bool) -> None:
    code = BANNER.format("this_process_is_ours()" if ours else "")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    banner = [] if ours else ["INFO: Created TensorFlow Lite XNNPACK delegate for CPU."]
    assert done.stderr.splitlines() == [*banner, "ERROR: from C", "after"]


@pytest.mark.parametrize("module", ["facekp_export", "facekp_export.detect"])
def test_the_commands_are_silent_where_all_is_well(module: str) -> None:
    words = ["check", str(default_model())] if module == "facekp_export" else [str(demo_photo())]
    command = [sys.executable, "-m", module, *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout and not done.stderr


@pytest.mark.parametrize("swallowed", ["as an error", "wholly"])
def test_a_termination_that_a_converter_swallows_ends_the_export(swallowed: str) -> None:
    steps = Steps()
    before = signal.signal(signal.SIGTERM, steps.stop)
    try:
        with pytest.raises(SystemExit) as ended, steps.step("one that takes long"):
            try:
                signal.raise_signal(signal.SIGTERM)
            except SystemExit:
                if swallowed == "as an error":
                    raise UserError("the layer cannot be exported") from None
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 143
