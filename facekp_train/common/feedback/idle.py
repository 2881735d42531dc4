"""Options that would change nothing beside the others: who gave one waits for its effect, so it is told."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from facekp_train.common.console import warn


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
        for idle_one in _given(context, parameters):
            raise typer.BadParameter(
                f"it changes nothing without {option}; add that, or leave this out", param_hint=idle_one
            )


def idle(context: typer.Context, where: str, holds: object, *parameters: str) -> None:
    """Warn of what has no effect in a case, such as "with --boxes", where the rest means the same without it.

    Arguments as of `needs`; `holds`: whether it is the case.
    """
    if holds:
        for option in _given(context, parameters):
            warn(f"{option} changes nothing {where}")


def on_line(context: typer.Context, parameter: str) -> bool:
    """Whether a parameter was given, be it with its default."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _given(context: typer.Context, parameters: tuple[str, ...]) -> Iterator[str]:
    """Those of the parameters that stand on the command line, as they are written there."""
    for parameter in context.command.params:
        if (name := parameter.name) in parameters and on_line(context, name):
            turned_off = context.params.get(name) is False and parameter.secondary_opts
            yield (parameter.secondary_opts if turned_off else parameter.opts)[0]
