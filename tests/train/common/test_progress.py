"""Long work says how far it is and what is left, on a terminal and in a log; short work says nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from facekp_train.common.feedback import progress
from facekp_train.common.feedback.progress import progress_bar, time_left


def test_time_left_goes_by_what_is_done() -> None:
    assert [time_left(*each) for each in ((0, 4, 9.0), (1, 4, 30.0), (4, 4, 99.0))] == [
        "",
        "1:30 left",
        "0:00 left",
    ]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_each_half_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        task = bar.add_task("labeling", total=5000)
        for _ in range(1000):
            clock[0] += 0.0625
            bar.advance(task)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["labeling: 480 of 5,000, 4:42 left", "labeling: 960 of 5,000, 4:12 left"]


def test_an_unknown_number_has_no_end(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        task = bar.add_task("train", total=None)
        clock[0] += 61
        bar.advance(task)
    assert capsys.readouterr().err == "train: 1\n"


def test_what_is_not_to_be_shown_is_not_said(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(visible=False) as bar:
        task = bar.add_task("train", total=2)
        clock[0] += 61
        bar.advance(task)
    assert capsys.readouterr().err == ""


def test_what_is_tracked_is_told(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        for _ in bar.track(range(2), description="faces"):
            clock[0] += 31
    assert capsys.readouterr().err.splitlines() == ["faces: 1 of 2, 0:31 left", "faces: 2 of 2, 0:00 left"]


def test_a_terminal_shows_the_time_left(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=shown, force_terminal=True, width=100))
    with progress_bar() as bar:
        task = bar.add_task("labeling", total=3)
        clock[0] += 61
        bar.advance(task)
        bar.refresh()
    assert "1/3" in shown.getvalue() and "2:02 left" in shown.getvalue()
