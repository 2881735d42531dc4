"""The bar of a measurement: it knows the time left, also where a turn takes minutes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from android_bench.commands import progress
from android_bench.commands.progress import TimeLeft


def test_time_left_goes_by_what_is_done_and_not_by_the_way_there() -> None:
    turns = ((90.0, 0.0), (100.0, 0.0), (160.0, 0.5), (220.0, 1.0), (700.0, 1.5), (820.0, 2.0))
    clock = iter([0.0, *(now for now, _ in turns)])
    left = TimeLeft(lambda: next(clock))
    said = [left.words(done, 2) for _, done in turns]
    assert said == ["", "", "3:00 left", "2:00 left", "3:20 left", "0:00 left"]


def test_the_bar_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=shown, force_terminal=True, width=100))
    monkeypatch.setattr(TimeLeft, "words", lambda self, done, count: f"{count - done:.0f}:00 left")
    with progress.progress_bar() as show:
        show(1.0, 3, "model.tflite on cpu [1]")
    assert "model.tflite on cpu [1]" in shown.getvalue() and "2:00 left" in shown.getvalue()


def test_a_log_gets_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(TimeLeft, "words", lambda self, done, count: "2:00 left")
    with progress.progress_bar() as show:
        show(0.0, 4, "a.tflite")
        now[0] += 31
        show(1.0, 4, "b.tflite")
    assert capsys.readouterr().err == "25 % measured, 2:00 left, now b.tflite\n"
