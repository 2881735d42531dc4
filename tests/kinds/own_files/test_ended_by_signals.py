"""SIGTERM and SIGHUP end every command as Ctrl-C does: tidied up, 143 and 129."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from facekp_export.commands.progress import Steps
from facekp_train.common.interruption import SIGNALS, ended_like_ctrl_c

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
ENDS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]

PROGRAM = """\
import builtins, os, signal, sys, time
from pathlib import Path
import typer
from facekp_train.common.console import new_app, run
from facekp_train.common.files import written_aside

app = new_app("x", "x")

@app.command()
def work(folder: Path, number: int, swallowed: str = "") -> None:
    with written_aside(folder / "result.json") as aside:
        aside.write_text("half")
        try:
            os.kill(os.getpid(), number)
            time.sleep(30)
        except BaseException:
            if swallowed:
                raise getattr(builtins, swallowed)("a library's own words") from None
            raise

@app.command()
def other() -> None:
    pass

signal.signal(signal.SIGHUP, signal.SIG_DFL)
# Whoever runs the tests in the background passes on that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
run(app)
"""


@pytest.mark.parametrize("swallowed", ["", "ValueError", "ImportError", "SystemError"])
@pytest.mark.parametrize(("number", "code"), ENDS)
def test_every_command_tidies_up(number: int, code: int, swallowed: str, tmp_path: Path) -> None:
    """Libraries that are interrupted while they are imported raise ImportError."""
    if swallowed == "ValueError" and number == signal.SIGINT:
        code = 1  # a failure like any other
    words = ("work", str(tmp_path), str(int(number)), *(["--swallowed", swallowed] if swallowed else []))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert not list(tmp_path.iterdir())
    assert "Traceback" not in done.stderr and done.stderr.count("\n") == 1


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), ENDS[:2])
def test_an_export_that_swallows_it(
    number: int, code: int, handlers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facekp_export.commands.progress.let_go_of_the_terminal", lambda: None)
    steps = Steps()
    signal.signal(number, steps.stop)
    with pytest.raises(SystemExit) as ended, steps.step("one that takes long"):
        try:
            signal.raise_signal(number)
        except SystemExit:
            raise ValueError("a converter's own words") from None
    assert ended.value.code == code


def test_what_was_there_is_restored(handlers: None) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with ended_like_ctrl_c():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_child_that_was_forked_ends_as_it_would_have(handlers: None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with ended_like_ctrl_c():
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM
