"""docs/reference/commands.md: every command with its options, from the typer apps."""

from __future__ import annotations

import inspect
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from docs.generate.markdown import code, table, value

_COMPLETION = {"install_completion", "show_completion"}
_NAMES = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH"}


def apps() -> dict[str, typer.Typer]:
    """The four programs by name."""
    from android_bench.cli import app as bench
    from facekp_export.cli import app as export
    from facekp_export.detect import app as detect
    from facekp_train.cli import app as train

    return {"facekp-train": train, "facekp-export": export, "facekp-detect": detect, "facekp-bench": bench}


def commands_page() -> str:
    """The page."""
    parts = [
        "# Commands\n",
        "Every command also takes `--help`, and `--debug` for the traceback of a failure; each program takes "
        "`--version`, which prints its own and those of the packages that matter to it. Results go to "
        "stdout, progress and warnings to stderr. "
        "Exit codes: 0 success, 1 failure, 2 wrong usage, 130 after Ctrl-C.\n",
    ]
    for program, app in apps().items():
        command = get_command(app)
        parts.append(f"## {program}\n")
        parts.append(_described(command, program))
        for name, sub in getattr(command, "commands", {}).items():
            parts.append(f"### {program} {name}\n")
            parts.append(_described(sub, f"{program} {name}"))
    return "\n".join(parts)


def _described(command: Any, line: str) -> str:
    if command.callback is None:
        return _help(command)
    function = inspect.unwrap(command.callback)
    annotations = typing.get_type_hints(function)
    shown = [p for p in command.params if p.name not in _COMPLETION and not getattr(p, "hidden", False)]
    arguments = [p for p in shown if p.param_type_name == "argument"]
    options = [p for p in shown if p.param_type_name == "option" and p.name in annotations]
    names = " ".join(_argument_name(p) for p in arguments)
    usage = f"{line} {names} [OPTIONS]" if names else f"{line} [OPTIONS]"
    rows = [
        [code(_argument_name(p)), _type(annotations[p.name]), "required" if p.required else value(p.default),
         p.help or ""]
        for p in arguments
    ]  # fmt: skip
    rows += [
        [_option_name(p), _option_type(p, annotations[p.name]), _default(p), p.help or ""] for p in options
    ]
    parts = [_help(command), f"Usage: `{usage}`\n"]
    if rows:
        parts.append(table(["option", "takes", "default", "meaning"], rows))
    return "\n".join(parts)


def _help(command: Any) -> str:
    text = inspect.cleandoc(command.help or "")
    return "\n\n".join(_paragraph(part) for part in text.split("\n\n")) + "\n"


def _paragraph(text: str) -> str:
    line, colon, example = " ".join(text.split()).partition("Example: ")
    return f"{line}Example: `{example}`" if colon else line


def _argument_name(parameter: Any) -> str:
    return (parameter.metavar or parameter.name).upper()


def _option_name(parameter: Any) -> str:
    names = [code(name) for name in (*parameter.opts, *parameter.secondary_opts)]
    return ", ".join(names)


def _option_type(parameter: Any, annotation: Any) -> str:
    if parameter.is_flag:
        return ""
    repeatable = ", repeatable" if parameter.multiple else ""
    return (parameter.metavar or _type(annotation)) + repeatable


def _type(annotation: Any) -> str:
    """What is typed: PATH, TEXT, or the choices."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (types.UnionType, typing.Union, list):
        return _type(next(one for one in inner if one is not type(None)))
    if origin is typing.Literal:
        return ", ".join(code(str(one)) for one in inner)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(code(str(one.value)) for one in annotation)
    return _NAMES[annotation]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if not parameter.is_flag:
        return value(parameter.default)
    names = parameter.opts if parameter.default else parameter.secondary_opts
    return code(names[0]) if names else ""
