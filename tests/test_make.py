"""The Makefile's environment: users get what users need, and a Python that does not fit is replaced."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.places import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
DEVELOPERS = "--group dev"


def make(*words: str, path: Path | None = None) -> str:
    """What make prints; its environment is a folder that is not there."""
    search = os.pathsep.join([str(path), os.environ["PATH"]]) if path else os.environ["PATH"]
    done = subprocess.run(
        ["make", *words],
        cwd=ROOT,
        env={**os.environ, "PATH": search},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def program(file: Path, code: str) -> Path:
    """A shell script that notes in `called` beside it what it was asked."""
    file.write_text(f'#!/bin/sh\n{code}\necho "$*" >> {file.parent}/called\n')
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(("target", "developers"), [("setup", False), ("demo", False), ("test", True)])
def test_who_installs_what_developers_need(target: str, developers: bool, tmp_path: Path) -> None:
    assert (DEVELOPERS in make("-n", f"VENV={tmp_path / 'venv'}", target)) == developers


def test_every_package_is_known_by_its_hash(tmp_path: Path) -> None:
    lines = make("-n", f"VENV={tmp_path / 'venv'}", "test").splitlines()
    installs = [line for line in lines if "bin/uv pip install" in line and "--editable ." not in line]
    assert len(installs) == 3 and all("--require-hashes" in line for line in installs)


def test_uv_chooses_where_the_python_does_not_fit(tmp_path: Path) -> None:
    old = program(tmp_path / "python2", "exit 1")
    program(tmp_path / "uv", "")
    venv = tmp_path / "venv"
    told = make(f"VENV={venv}", f"PYTHON={old}", f"{venv}/bin/python", path=tmp_path)
    assert (tmp_path / "called").read_text() == f"venv --quiet --seed --python >=3.10.12,<3.14 {venv}\n"
    assert "is not Python 3.10.12 to 3.13" in told


def test_a_python_that_fits_is_taken(tmp_path: Path) -> None:
    venv, fits = tmp_path / "venv", program(tmp_path / "python3", "")
    make(f"VENV={venv}", f"PYTHON={fits}", f"{venv}/bin/python")
    assert (tmp_path / "called").read_text().splitlines()[-1] == f"-m venv {venv}"
