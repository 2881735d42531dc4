"""Groups and commands that are programs: they know `--version` and read plain values by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from facekp_train.common.programs.plain_values import read_plainly
from facekp_train.common.programs.versions import versions


def program_group(packages: Sequence[str]) -> type[TyperGroup]:
    """A group of commands that is a program, for `typer.Typer(cls=...)`.

    packages: whose versions `--version` prints beside facekp's own.
    """

    class Group(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.params.append(_version_option(packages))
            for command in self.commands.values():
                read_plainly(command.params)

        def get_params(self, ctx: Any) -> Any:
            params = super().get_params(ctx)
            read_plainly(params)  # the options for shells, too, which typer adds last
            return params

    return Group


def program_command(packages: Sequence[str]) -> type[TyperCommand]:
    """A command that is a program, for `app.command(cls=...)`; `packages` as of `program_group`."""

    class Command(TyperCommand):
        def __init__(self, name: str | None, **given: Any) -> None:
            super().__init__(name, **given)
            self.params.append(_version_option(packages))

        def get_params(self, ctx: Any) -> Any:
            params = super().get_params(ctx)
            read_plainly(params)
            return params

    return Command


def _version_option(packages: Sequence[str]) -> Any:
    """`--version`, made by typer from a command that has nothing else."""

    def tell(wanted: bool) -> None:
        if wanted:
            for name, version in versions(packages).items():
                print(f"{name} {version or '(not installed)'}")
            raise typer.Exit()

    probe = typer.Typer(add_completion=False)

    said = typer.Option(
        False, "--version", callback=tell, is_eager=True,
        help="Print the versions of facekp and of what it rests on, and exit.",
    )  # fmt: skip

    @probe.command()
    def only(version: bool = said) -> None:
        """Never called."""

    (option,) = typer.main.get_command(probe).params
    option.expose_value = False
    return option
