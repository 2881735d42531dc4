"""kill and a lost terminal: what was measured is kept, and nothing goes on on the phone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from android_bench import cli
from android_bench.phone.runner.install import ROOT
from android_bench.records.record import Document
from facekp_train.common.console import run
from facekp_train.common.interruption import ended_like_ctrl_c
from tests.support.phones.scripted_phone import ScriptedPhone, assembled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

PROGRAM = """\
import pathlib, sys, time
from facekp_train.common.interruption import ended_like_ctrl_c

with ended_like_ctrl_c():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("a bar that is taken off", flush=True)
        print("a table", file=sys.stderr, flush=True)
        pathlib.Path(sys.argv[1]).write_text("results")
        sys.exit(130)
"""


@pytest.fixture(autouse=True)
def hang_ups_count() -> Iterator[None]:
    """Whoever runs the tests under nohup ignores SIGHUP, and children inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_measurement_that_is_ended_is_kept_and_its_phone_tidied_up(
    name: str, code: int, scripted: ScriptedPhone, odd_model: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("android_bench.phone.runner.runners.bundle", assembled(tmp_path / "bundle"))
    # Without a terminal to let go of: that the test's own output goes on.
    monkeypatch.setattr("facekp_train.common.interruption.let_go_of_the_terminal", lambda: None)
    number, kept = tmp_path / "number", tmp_path / "kept.json"
    kill = f"os.kill({os.getpid()}, {int(getattr(signal, name))})"
    scripted.behave(f"open({str(number)!r}, 'w').write(str(os.getpid())); {kill}; time.sleep(60)")
    words = ("--device", "adb", "--models", odd_model, "--repeat", "1", "--out", kept)
    begun = time.monotonic()
    with pytest.raises(SystemExit) as stop:
        run(cli.app, [str(word) for word in words])
    assert stop.value.code == code
    assert time.monotonic() - begun < 40
    (record,) = Document.model_validate_json(kept.read_text()).records
    assert record.invalid_reasons == ["interrupted: only 0 of 1 repeats"]
    assert not Path(f"/proc/{number.read_text()}").exists()
    assert not (scripted.root / ROOT[1:] / "work").exists()


def test_a_terminal_that_is_gone_costs_no_results(tmp_path: Path) -> None:
    import pty

    kept = tmp_path / "kept"
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, str(kept)])
    assert os.read(terminal, 5) == b"ready"
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 129
    assert kept.read_text() == "results"


def test_what_was_told_to_ignore_a_hang_up_goes_on() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with ended_like_ctrl_c():
        os.kill(os.getpid(), signal.SIGHUP)
        time.sleep(0.1)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
