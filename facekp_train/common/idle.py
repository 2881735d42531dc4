"""Options that would change nothing beside the others: refused, since who gave one waits for its effect."""

from __future__ import annotations

import typer


def needs(context: typer.Context, option: str, given: object, *parameters: str) -> None:
    """Refuse what works only with another option.

    Args:
        context: the command's.
        option: the other option as it is written, such as "--to web".
        given: whether it is there: anything that is true.
        parameters: names of the command's own parameters.

    Raises:
        typer.BadParameter: for the first of `parameters` that stands on the command line.
    """
    if not given:
        _refuse(context, f"without {option}; add that, or leave this out", parameters)


def idle(context: typer.Context, where: str, holds: object, *parameters: str) -> None:
    """Refuse what has no effect in a case, such as "with --boxes"; arguments and errors as of `needs`."""
    if holds:
        _refuse(context, f"{where}; leave it out", parameters)


def on_line(context: typer.Context, parameter: str) -> bool:
    """Whether a parameter was given, be it with its default."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _refuse(context: typer.Context, where: str, parameters: tuple[str, ...]) -> None:
    for parameter in context.command.params:
        if (name := parameter.name) in parameters and on_line(context, name):
            turned_off = context.params.get(name) is False and parameter.secondary_opts
            option = (parameter.secondary_opts if turned_off else parameter.opts)[0]
            raise typer.BadParameter(f"it changes nothing {where}", param_hint=option)
