"""An empty word, as an unset variable leaves one, is no path: it would be the folder that one stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from android_bench import cli as bench_cli
from facekp_export import cli as export_cli
from facekp_export import detect as detect_cli
from facekp_train import cli as train_cli
from facekp_train.common.console import run
from tests.support.places import DEMO_PHOTO


@pytest.mark.parametrize(
    ("app", "words", "place"),
    [
        (export_cli.app, ["--to", "onnx", "--out", ""], "--out"),
        (export_cli.app, ["--to", "onnx", "--out="], "--out"),
        (export_cli.app, ["check", ""], "the line"),
        (detect_cli.app, [""], "the line"),
        (detect_cli.app, [str(DEMO_PHOTO), "--out", ""], "--out"),
        (bench_cli.app, ["--models", ""], "--models"),
        (train_cli.app, ["data", ""], "the line"),
    ],
)
def test_it_is_wrong_usage(
    app: object,
    words: list[str],
    place: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        run(app, words)  # type: ignore[arg-type]
    assert stop.value.code == 2 and f"a value on {place} is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_value_that_holds_something_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(detect_cli.app, [str(DEMO_PHOTO), "--json", "--out", str(tmp_path / " ")])
    assert "is empty" not in capsys.readouterr().err and stop.value.code in (0, 1)
