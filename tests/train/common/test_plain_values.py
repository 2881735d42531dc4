"""Values on a command line are those that typer reads, and so are the sentences about wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
import typer
from typer.core import TyperCommand

from facekp_train.common.programs.classes import program_command

WORDS = (
    "5", "-3", "+5", " 5 ", "007", "-0", "1_000", "1024", "1025", "0", "99999999999999999999", "\u0663",
    "5.0", "0.25", ".5", "5.", "-2.75", "1e3", "nan", "inf", "123456789.123456789",
    "", "a", "-", "a b", "\u00fc", "\udcff", "none", "None", "file", "folder", "file/below", "missing/at/all",
)  # fmt: skip
OPTIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "word": (str, {}),
    "word with a default": (str, {"default": "word"}),
    "whole": (int, {}),
    "whole within": (int, {"default": 7, "min": 1, "max": 1024}),
    "whole clamped": (int, {"min": 1, "max": 1024, "clamp": True}),
    "decimal": (float | None, {"default": None}),
    "decimal within": (float, {"default": 5, "min": 0.5}),
    "path": (Path, {"default": Path("file")}),
    "path that exists": (Path, {"exists": True}),
    "path of a file": (Path, {"dir_okay": False}),
    "path resolved": (Path, {"resolve_path": True}),
    "paths": (list[Path] | None, {"default": None}),
    "words": (list[str], {}),
    "wholes": (list[int], {"default": [1, 2], "max": 5}),
    "pair": (tuple[int, int], {"default": (1, 2)}),
    "choice": (Literal["none", "file"], {"default": "none"}),
    "flag": (bool, {"default": False}),
    "parsed": (int, {"parser": len}),
}


@pytest.mark.parametrize("kind", OPTIONS)
def test_values_are_read_as_typer_reads_them(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    lines = [[], *(["--x", word] for word in WORDS), ["--x", "5", "--x", "6"], ["--x", "5", "6"], ["--x"]]
    ours, typers = _command(kind, program_command(())), _command(kind, TyperCommand)
    for line in lines:
        assert _read(ours, line) == _read(typers, line), line


def _command(kind: str, of: type[TyperCommand]) -> typer.Typer:
    """Says the type and the value of its one option."""
    annotation, told = OPTIONS[kind]

    def show(x: Any) -> tuple[str, str]:
        return type(x).__name__, repr(x)

    show.__annotations__["x"] = annotation
    settings: dict[str, Any] = {"default": ..., **told}
    show.__defaults__ = (typer.Option(**settings),)
    app = typer.Typer(add_completion=False)
    app.command(cls=of)(show)
    return app


def _read(app: typer.Typer, line: list[str]) -> tuple[str, str]:
    try:
        return app(args=line, standalone_mode=False)
    except Exception as error:
        return type(error).__name__, str(error)
