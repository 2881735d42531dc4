"""What every command prints reaches stdout, whatever the terminal can show."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from facekp_train.common.console import UserError, print_line, say, warn
from tests.support.raising import code_after

CODE = """
import typer
from facekp_train.common.console import new_app, out, print_json, run

app = new_app("x", "x")

@app.command(no_args_is_help=False)
def show():
    print_json({"image": "\\u65e5\\U0001f600 \\udcff.png"})
    out.print("\\u65e5 \\udcff.png", markup=False)

run(app, [])
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_names_that_cannot_be_shown_are_escaped(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    document, table = done.stdout.decode(encoding).rsplit("}", 1)
    assert json.loads(document + "}") == {"image": "\u65e5\U0001f600 \udcff.png"}
    assert "\\udcff.png" in table


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device"), "the disk is full; free some space, or write elsewhere"),
        (RuntimeError("write: No space left on device"), "the disk is full; free some space"),
        (UserError("phone X: 3 MB are needed (No space left on device)"), "phone X: 3 MB are needed"),
    ],
    ids=repr,
)
def test_a_full_disk_is_said_unless_the_sentence_knows_better(
    error: Exception, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_after(error) == 1
    assert capsys.readouterr().err.startswith(f"error: {says}")


def test_ctrl_c_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_after(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.split() == ["interrupted"]


def test_what_is_said_stands_as_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Rich would take [red] for a color and fold a long name."""
    name = "faces [red] of " + "a" * 200
    say(name)
    warn(name)
    print_line(name)
    printed = capsys.readouterr()
    assert printed.err == f"{name}\nwarning: {name}\n"
    assert printed.out == f"{name}\n"
