"""facekp-bench doctor: what is missing for a measurement, and how to get it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.common.console import UserError, out, print_json

if TYPE_CHECKING:
    from android_bench.commands.doctor import Finding

SCHEMA = "facekp-bench-doctor/1"
_STYLES = {"ok": "green", "note": "yellow", "missing": "bold red"}


def doctor(
    *,
    device: Annotated[str, typer.Option(help="Where is to be measured: cpu or adb.")] = "adb",
    adb: Annotated[str | None, typer.Option(help="The adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="An adb server elsewhere.")
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="This phone alone, or HOST:PORT of one in the network; repeatable. Default: all."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of lines.")
    ] = False,
) -> None:
    """Look at this computer and at every phone: what is there, what is missing and how to get it.

    Nothing is measured or fetched. Ends with exit code 1 where something is missing.
    """
    if device not in ("cpu", "adb"):
        raise typer.BadParameter(f"'{device}' is not one of cpu, adb", param_hint="--device")
    findings: list[Finding] = []
    for finding in _findings(device, adb, adb_server, serial or []):
        if finding in findings:  # what two phones have in common
            continue
        findings.append(finding)
        if not as_json:
            _show(finding)
    missing = [finding for finding in findings if finding.state == "missing"]
    if as_json:
        print_json({"schema": SCHEMA, "ok": not missing, "findings": [asdict(f) for f in findings]})
    if missing:
        more = f" (and {len(missing) - 1} more, see above)" if len(missing) > 1 else ""
        raise UserError(f"not ready: {missing[0].text}{more}")


def _findings(
    device: str, program: str | None, address: str | None, serials: Sequence[str]
) -> Iterator[Finding]:
    from android_bench.commands.doctor import Finding, look_at_adb, look_at_host, look_at_machine

    yield from look_at_host()
    if device == "cpu":
        yield from look_at_machine()
        return
    from android_bench.commands.phone_options import parse_server
    from android_bench.phone.adb.adb import Adb, AdbError

    try:
        yield from look_at_adb(Adb(program, parse_server(address)), serials)
    except AdbError as error:
        yield Finding("adb", "missing", str(error))


def _show(finding: Finding) -> None:
    from rich.text import Text

    from android_bench.reports.tables import plain

    line = Text.assemble(
        (f"{finding.state:7} ", _STYLES[finding.state]), plain(f"{finding.subject}: {finding.text}")
    )
    out.print(line, soft_wrap=True)
