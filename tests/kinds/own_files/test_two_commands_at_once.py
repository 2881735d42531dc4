"""Two commands that write one file: the second is told at once, and the first's results are not lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from facekp_train.common.console import UserError
from facekp_train.common.locks import alone_with

pytestmark = pytest.mark.skipif(os.name != "posix", reason="locks of another file description count here")
Bench = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("option", ["--out", "--markdown"])
@pytest.mark.parametrize("command", ["bench", "decide"])
def test_the_second_is_told_before_it_measures(
    command: str, option: str, bench: Bench, odd_model: Path, tmp_path: Path
) -> None:
    target, other = tmp_path / "results.json", tmp_path / "other.json"
    target.write_text("of the first")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    quick = ("--models", odd_model, "--min-runs", "1", "--min-seconds", "0")
    words = quick if command == "bench" else ("decide", odd_model, "--allow-missing")
    with alone_with(target):
        for name in (target, link):
            code, stdout, stderr = bench(*words, option, name)
            assert (code, stdout, stderr.count("\n")) == (1, "", 1)
            assert f"another command is about to write {target}" in stderr
        if command == "bench":
            assert bench(*words, option, other)[0] == 0
    assert target.read_text() == "of the first"
    if command == "bench":
        assert bench(*words, option, target)[0] == 0
        assert target.read_text() != "of the first"


def test_streams_have_several_writers_and_a_cache_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Path("/dev/null")
    with alone_with(stream, None), alone_with(stream):
        pass
    (tmp_path / "cache").write_text("a file where a folder is wanted")
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "cache"))
    with alone_with(tmp_path / "a"), alone_with(tmp_path / "a"):
        pass
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "other"))
    with (
        alone_with(tmp_path / "a"),
        pytest.raises(UserError, match="about to write"),
        alone_with(tmp_path / "a"),
    ):
        pass


def test_a_second_study_of_the_same_kind_trains_nothing(
    discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="needs facekp[train]")
    from facekp_train.studies.jobs import Workers
    from facekp_train.studies.run import Chosen, cells_of, run_studies
    from tests.support.models.tiny_studies import plan_of

    chosen, plan = Chosen(["heatmap"]), plan_of(discs, tmp_path / "cells")
    with alone_with(tmp_path / "heatmap"), pytest.raises(UserError, match="about to write"):
        run_studies(chosen, plan, tmp_path, Workers())
    assert not list(tmp_path.rglob("result.json"))
    # Two studies that share a cell may both tidy it up, and one comes first.
    cell = cells_of(chosen.studies(plan), plan)[0]
    monkeypatch.setattr(Path, "rglob", lambda *_: [tmp_path / "gone"])
    cell.tidy()
