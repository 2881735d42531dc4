"""`facekp-bench doctor`: looks at everything that a measurement needs, and says what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from android_bench.commands.phone_options import parse_server
from facekp_train.common.completion import completed
from facekp_train.common.console import UserError, out, plain, print_json
from facekp_train.common.feedback.idle import needs

if TYPE_CHECKING:
    from android_bench.phone.adb.server import Server
    from android_bench.records.finding import Finding

_STYLES = {"ok": "green", "note": "yellow", "missing": "bold red"}


def doctor(
    context: typer.Context,
    *,
    device: Annotated[
        str,
        typer.Option(
            help="Check what a measurement needs on cpu, this computer, or on adb, phones.",
            autocompletion=completed(lambda: ("cpu", "adb")),
        ),
    ] = "adb",
    adb: Annotated[str | None, typer.Option(help="The adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Address of the adb server. Default: this computer's."),
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="Check only this phone, by serial or HOST:PORT; repeatable. Default: all."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of lines.")
    ] = False,
) -> None:
    """Say what this computer and each phone lack, and how to get it.

    Nothing is measured or fetched. Ends with exit code 1 where something is missing.
    """
    from android_bench.records.finding import FINDINGS_SCHEMA

    if device not in ("cpu", "adb"):
        raise typer.BadParameter(f"'{device}' is not one of cpu, adb", param_hint="--device")
    needs(context, "--device adb", device == "adb", "adb", "adb_server", "serial")
    server = parse_server(adb_server)
    findings: list[Finding] = []
    for finding in _findings(device, adb, server, serial or []):
        if finding in findings:  # what two phones have in common
            continue
        findings.append(finding)
        if not as_json:
            _show(finding)
    missing = [finding for finding in findings if finding.state == "missing"]
    if as_json:
        print_json({"schema": FINDINGS_SCHEMA, "ok": not missing, "findings": [asdict(f) for f in findings]})
    if missing:
        more = f" (and {len(missing) - 1} more, see above)" if len(missing) > 1 else ""
        raise UserError(f"not ready: {missing[0].text}{more}")


def _findings(
    device: str, program: str | None, server: Server | None, serials: Sequence[str]
) -> Iterator[Finding]:
    from android_bench.host.checks import look_at_host, look_at_machine
    from android_bench.phone.checks import look_at_adb

    yield from look_at_host()
    yield from look_at_machine() if device == "cpu" else look_at_adb(program, server, serials)


def _show(finding: Finding) -> None:
    from rich.text import Text

    line = Text.assemble(
        (f"{finding.state:7} ", _STYLES[finding.state]), plain(f"{finding.subject}: {finding.text}")
    )
    out.print(line, soft_wrap=True)
