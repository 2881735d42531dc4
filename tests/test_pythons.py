"""`make test-pythons` finds Pythons by running each, and names those that are lacking."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import pythons

pytestmark = pytest.mark.skipif(os.name != "posix", reason="stands in for Pythons by shell scripts")


def program(folder: Path, name: str, code: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{code}\n")
    file.chmod(0o755)
    return file


def test_the_first_that_answers_is_taken(tmp_path: Path) -> None:
    """A launcher of pyenv that refuses, a Python without its modules and an old one are none."""
    program(tmp_path / "a", "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    program(tmp_path / "a", "python3.13", "echo 'No module named ensurepip' >&2; exit 1")
    program(tmp_path / "a", "python3", "echo 3.9")
    good = program(tmp_path / "b", "python3.12", "echo 3.12")
    program(tmp_path / "c", "python3", "echo 3.12")
    assert pythons.find_pythons([tmp_path / name for name in ("a", "none", "b", "c")]) == {"3.12": good}


def test_those_below_pyenvs_versions_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    folder = tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin"
    good = program(folder, "python3", "echo 3.13")
    assert pythons.find_pythons(pythons.places()) == {"3.13": good}


def test_what_is_lacking_is_named_and_what_fails_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> str:
        raise SystemExit("pytest\n1 failed")

    monkeypatch.setattr(pythons, "find_pythons", lambda _: {"3.12": Path("a"), "3.13": Path("b")})
    monkeypatch.setattr(pythons, "try_base", lambda *_: "9 passed")
    monkeypatch.setattr(pythons, "try_export", fails)
    assert pythons.main(["3.11", "3.12"]) == 0
    assert pythons.main(["3.12", "--export", "3.13"]) == 1
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "3.11 base this machine has none"
    assert lines[1].endswith("s 9 passed") and lines[3].endswith("s FAILED: pytest")
