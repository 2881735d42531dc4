"""A pipe in the place of a model: whoever opens it waits for ever, since nobody writes into it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from android_bench import cli as bench_cli
from facekp_export import cli as export_cli
from facekp_export import detect as detect_cli
from facekp_train.common.console import run
from tests.support.places import DEMO_PHOTO

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and alarms are POSIX")
FILE, FOLDER = "FILE", "FOLDER"


@pytest.fixture(autouse=True)
def ended_in_a_minute() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
@pytest.mark.parametrize(
    ("app", "words"),
    [
        (bench_cli.app, ("--models", FILE)),
        (bench_cli.app, ("--models", FOLDER)),
        (bench_cli.app, ("decide", FILE, "--allow-missing")),
        (bench_cli.app, ("predict", FILE)),
        (bench_cli.app, ("profile", FILE)),
        (export_cli.app, ("check", FILE)),
        (export_cli.app, ("check", FOLDER)),
        (detect_cli.app, (str(DEMO_PHOTO), "--json", "--model", FILE)),
    ],
    ids=lambda value: " ".join(map(os.path.basename, value)) if isinstance(value, tuple) else "",
)
def test_a_pipe_is_no_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], app: Any, words: tuple[str, ...], suffix: str
) -> None:
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    with pytest.raises(SystemExit) as stop:
        run(app, [{FILE: str(pipe), FOLDER: str(tmp_path)}.get(word, word) for word in words])
    said = capsys.readouterr().err
    assert stop.value.code == 1
    assert said == f"error: {pipe}: a pipe, a device or a socket, not a file; name a file\n"
