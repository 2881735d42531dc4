"""A name is shown as it is: no emoji, no escape code; and a command ends well without a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

from facekp_export.demo import demo_photo
from facekp_export.verification.manifest import Manifest
from facekp_export.verification.report import write_report
from facekp_train.common.console import PlainConsole, err, out
from tests.support.models.detect_cli import call
from tests.support.models.train_cli import annotated, command
from tests.support.places import ROOT


@pytest.mark.parametrize("name", ["lips", "eyes", "man", "camera", "zero"])
def test_names_of_emoji_stay(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    annotated(tmp_path / name, "a")
    assert command("data", f"pts:{name}") == 0
    assert f"pts:{name}: 1 face" in capsys.readouterr().out
    assert call(f"no:{name}:.png") == 1
    assert f"error: no:{name}:.png does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b2J", "\x07", "\u202e"])
def test_escape_codes_are_written_out(
    hostile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / f"a{hostile}b.jpg"
    shutil.copy(demo_photo(), photo)
    assert call(photo, "--out", tmp_path / f"x{hostile}.png") == 0
    assert call(tmp_path / f"gone{hostile}.jpg") == 1
    assert call(photo, "--boxes", f"1,2,3{hostile}") == 2
    printed = capsys.readouterr()
    assert hostile not in printed.out + printed.err
    escaped = hostile.encode("unicode_escape").decode()
    assert f"a{escaped}b.jpg" in printed.out
    assert f"gone{escaped}.jpg does not exist" in printed.err


@pytest.mark.parametrize("hostile", ["\x9b2J", "\x7f", "\u202e", "\u2028"])
def test_json_obeys_no_name_either(hostile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo = tmp_path / f"ä{hostile}b.jpg"
    shutil.copy(demo_photo(), photo)
    assert call(photo, "--json") == 0
    printed = capsys.readouterr().out
    assert hostile not in printed
    assert "ä" in printed
    assert json.loads(printed)["image"] == str(photo)


def test_no_name_pretends_to_be_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a\nerror: all is lost.jpg", "b.pts\nerror: all is lost.pts"):
        (tmp_path / name).write_bytes(b"no picture, no points" + b"\xff" * 9)
    annotated(tmp_path, "c")
    assert call(tmp_path, "--json") == 0
    assert command("data", f"pts:{tmp_path}") == 0
    printed = capsys.readouterr()
    assert "a\\nerror: all is lost.jpg" in printed.err
    assert not [line for line in printed.err.splitlines() if line.startswith("error")]


def test_every_console_is_plain() -> None:
    assert isinstance(err, PlainConsole)
    assert isinstance(out, PlainConsole)
    floors = ("facekp_train", "facekp_export", "android_bench", "benchmarks")
    files = [file for floor in floors for file in (ROOT / floor).rglob("*.py")]
    assert not [file for file in files if " Console(" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("width", [1, 20, 40])
def test_numbers_are_whole_however_narrow_the_terminal(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table("photograph", "score", "x", "y")
    table.add_row("a_long_name_of_a_photograph.jpg", "0.93", "1079.3", "-76.5")
    console = PlainConsole(width=width)
    console.print(table)
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("a_long_name_of_a_photograph.jpg", "0.93", "1079.3", "-76.5"))
    assert console.width == width


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_cost_no_work(closed: str, tmp_path: Path) -> None:
    words = f"'{sys.executable}' -m facekp_export.detect '{demo_photo()}' --out x.png {closed}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["[/].jpg", "[bold]a.jpg", "x[/red].jpg", "[link=file:///]a.jpg"])
def test_brackets_are_no_style(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(name, title=name)
    table.add_row(name)
    PlainConsole(width=200).print(name, table)
    assert capsys.readouterr().out.count(name) == 4


def test_a_report_shows_its_models_name_as_it_is(tmp_path: Path) -> None:
    shipped = (ROOT / "models" / "mdp-0.25x" / "manifest.json").read_text(encoding="utf-8")
    manifest = Manifest.model_validate_json(shipped).model_copy(update={"name": "<img src=x>\n# [a](b)"})
    write_report(tmp_path, manifest)
    first = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()[0]
    assert first == r"# \<img src=x\> # \[a\](b): exported files"
