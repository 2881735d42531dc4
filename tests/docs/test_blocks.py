"""Blocks of code: commands and options are parsed by the commands themselves, imports resolve."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from docs.generate.commands import apps
from facekp_train.pipeline.settings import load_pipeline
from tests.support.files.doc_pages import PAGES, WRITTEN, Block, blocks, code_in, handed_out, named
from tests.support.places import ROOT

_OURS = ("facekp_train", "facekp_export", "android_bench")
_OTHER_PROGRAMS = {".", "pip", "apt-get"}
# Of pip, of every command, of the runner on the phone.
_OTHER_OPTIONS = {"--no-deps", "--help", "--debug", "--install-completion", "--max-seconds"}
_BLOCKS = [*(block for page in PAGES for block in blocks(page)), *handed_out()]


def _command_lines(block: Block) -> list[list[str]]:
    """The block's commands as words, without comments, pipes and redirections."""
    text = block.text.replace("\\\n", " ")
    lines = text.splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    found = []
    for line in lines:
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        stop = next((i for i, word in enumerate(words) if re.match(r"[|>;]|&&", word)), len(words))
        if words[:stop]:
            found.append(words[:stop])
    return found


def _without_effect(app: typer.Typer) -> Any:
    """The command of an app, whose functions do nothing: what is left is parsing."""
    command = get_command(app)
    for one in (command, *getattr(command, "commands", {}).values()):
        if one.callback is not None:
            one.callback = lambda **_: None
    return command


def _parse(app: typer.Typer, words: list[str]) -> None:
    _without_effect(app).main(words, prog_name="facekp", standalone_mode=False)


@pytest.mark.parametrize(
    "block", [b for b in _BLOCKS if b.language in ("bash", "console")], ids=str
)  # fmt: skip
def test_commands_take_what_the_pages_give_them(block: Block) -> None:
    programs = apps()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for program, *words in _command_lines(block):
        if program in programs:
            _parse(programs[program], words)
        elif program == "make":
            assert words[0] in targets
        elif program == "python":
            module = words[words.index("-m") + 1]
            assert importlib.util.find_spec(module) is not None
            if module.startswith("benchmarks."):
                _parse(importlib.import_module(module).app, words[2:])
        else:
            assert program in _OTHER_PROGRAMS


def test_a_wrong_option_would_be_seen() -> None:
    with pytest.raises(typer.BadParameter.__base__ or Exception):  # UsageError, typer's or click's
        _parse(apps()["facekp-train"], ["data", "mtfl:PATH", "--shett", "x"])


@pytest.mark.parametrize("program", apps())
def test_a_list_of_commands_cuts_no_sentence(program: str) -> None:
    """Of 80 columns, as a terminal has at least."""
    command = get_command(apps()[program])
    with command.make_context(program, [], resilient_parsing=True, terminal_width=80) as context:
        listed = command.get_help(context).partition("\nCommands:\n")[2]
    assert not [line for line in listed.splitlines() if line.endswith("...")]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_options_within_prose_exist(page: Path) -> None:
    programs = {name: get_command(app) for name, app in apps().items()}
    every = {option for command in programs.values() for option in _options(command)}
    wrong = []
    for program, *words in map(str.split, code_in(page)):
        known = _OTHER_OPTIONS | every
        if program in programs:
            command = _named(programs[program], words)
            if command is None:
                wrong.append(f"{program} {words[0]}")
                continue
            known = _OTHER_OPTIONS | _options(command)
        elif not program.startswith("--"):
            continue
        options = [word for word in (program, *words) if re.match(r"--[a-z]", word)]
        wrong += [f"{program}: {option}" for option in options if option not in known]
    assert not wrong


def _named(command: Any, words: list[str]) -> Any:
    """The command that the words begin with: one below this one, this one itself, or None for no such."""
    below = getattr(command, "commands", {})
    if below and words and re.fullmatch(r"[a-z][a-z-]+", words[0]):
        return below.get(words[0])
    return command


def _options(command: Any) -> set[str]:
    """Every option of a command and of those below it."""
    below = getattr(command, "commands", {}).values()
    return {name for one in (command, *below) for p in one.params for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize(
    "block", [b for b in _BLOCKS if b.language == "python" and b.page in WRITTEN], ids=str
)
def test_python_imports_what_there_is(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in _OURS:
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("block", [b for b in _BLOCKS if b.mark == "pipeline"], ids=str)
def test_pipelines_have_keys_that_there_are(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEKP_DATA", "/data")
    path = tmp_path / "pipeline.yaml"
    path.write_text(block.text, encoding="utf-8")
    load_pipeline(path)
