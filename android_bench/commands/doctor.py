"""What a measurement needs, looked at piece by piece: what is there, what is missing, how to get it."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facekp_train.common.console import UserError, out, print_json

if TYPE_CHECKING:
    from android_bench.phone.adb.adb import Adb
    from android_bench.phone.adb.shell import Phone
    from android_bench.phone.device.device import Device

_SPACE_BYTES = 100_000_000
"""The largest bundle, a model, inputs and outputs."""

SCHEMA = "facekp-bench-doctor/1"

_STYLES = {"ok": "green", "note": "yellow", "missing": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One piece. ok: there. note: not needed, or something to know. missing: a measurement would fail."""

    subject: str
    state: Literal["ok", "note", "missing"]
    text: str


def look_at_host() -> Iterator[Finding]:
    """Python's packages, the shipped models, and this machine's state."""
    from android_bench.engines.engines import ENGINES
    from facekp_train.common.shipped import default_model

    yield Finding("Python", "ok", platform.python_version())
    for engine in ENGINES.values():
        # Only what any user needs is missing; the rest is for files of one kind.
        if engine.installed:
            yield Finding(engine.name, "ok", f"runs {engine.suffix} files")
        elif engine.extra:
            remedy = f"pip install 'facekp[{engine.extra}]'"
            yield Finding(engine.name, "note", f"not installed: {engine.suffix} files are left out; {remedy}")
        else:
            yield Finding(engine.name, "missing", f"not installed; pip install {engine.package}")
    try:
        yield Finding("shipped export", "ok", str(default_model().parent))
    except (UserError, OSError) as error:
        yield Finding("shipped export", "missing", f"{error}; name models with --models")
    if importlib.util.find_spec("matplotlib") is None:
        text = "not installed: report draws no --plot; pip install 'facekp[train]'"
        yield Finding("matplotlib", "note", text)


def look_at_machine() -> Iterator[Finding]:
    """This machine as what is measured: its processor, and what of its state would disturb."""
    from android_bench.host.machine import describe_machine, machine_warnings

    machine = describe_machine()
    yield Finding("processor", "ok", f"{machine.cpu}, {machine.usable_cores:g} cores, {machine.os}")
    if machine.virtual:
        text = "a virtual machine: its neighbours take time that nobody sees; compare within one call only"
        yield Finding("processor", "note", text)
    for warning in machine_warnings(machine, 1):
        yield Finding("state", "note", warning)


def look_at_adb(adb: Adb, serials: Sequence[str] = ()) -> Iterator[Finding]:
    """The client, its server, and these phones, or every one that it lists."""
    from android_bench.phone.adb.adb import DISCOVERY_SECONDS, AdbError, Deadline
    from android_bench.phone.adb.find import ALL, find_phones

    deadline = Deadline(DISCOVERY_SECONDS)
    try:
        _, release = adb.version(deadline.left())
        yield Finding("adb", "ok", f"{release}, {adb.program}")
        started = adb.start(deadline)
        yield Finding("adb server", "ok", adb.server.address + (", started just now" if started else ""))
        named = () if ALL in serials else serials
        listed = named or [entry.serial for entry in adb.devices(deadline.left())]
        if not listed:
            # A server that has just started learns of its phones a little later.
            listed = [phone.serial for phone in find_phones(adb, [ALL])]
    except AdbError as error:
        yield Finding("adb", "missing", str(error))
        return
    for serial in listed:
        yield from _look_at(adb, serial)


def _look_at(adb: Adb, serial: str) -> Iterator[Finding]:
    """One phone in whatever state."""
    from android_bench.phone.adb.find import find_phones

    try:
        (phone,) = find_phones(adb, [serial])
        yield from look_at_phone(phone)
    except UserError as error:
        yield Finding(f"phone {serial}", "missing", str(error))


def look_at_phone(phone: Phone) -> Iterator[Finding]:
    """One phone that answers. Raises UserError where it cannot be looked at, or can run nothing."""
    from android_bench.phone.device.device import FOLDER, describe, expect_usable
    from android_bench.phone.runner.runners import choose

    name, device = f"phone {phone.serial}", describe(phone)
    yield Finding(name, "ok", device.title)
    expect_usable(device, phone.serial)
    runner, why = choose(device, ".tflite", "auto")
    yield Finding(name, "ok", f"runner {runner}: {why}")
    yield from _bundles(runner)
    if runner != "bionic":
        yield Finding(name, "note", "CPU only: GPU and NNAPI need the bionic runner")
    if device.emulated:
        yield Finding(name, "note", "emulated: what is measured on it says nothing about a phone")
    if device.free_bytes is not None and device.free_bytes < _SPACE_BYTES:
        text = f"{device.free_bytes / 1e6:.0f} MB are free in {FOLDER}; delete something on it"
        yield Finding(name, "missing", f"{text}: {_SPACE_BYTES / 1e6:.0f} MB are needed")
    fastest = device.fingerprint.clusters[:1]
    if not fastest or fastest[0].max_khz is None:
        yield Finding(
            name, "note", "hides its cores' frequencies: the runner will not be pinned to the fastest"
        )
    yield from _state(phone, device, name)


def _bundles(runner: str) -> Iterator[Finding]:
    from android_bench.phone.bundles.bundle import cache_folder

    for bundle in (runner, "onnxruntime"):
        if list(cache_folder().glob(f"{bundle}-*")):
            yield Finding(f"bundle {bundle}", "ok", f"assembled in {cache_folder()}")
        else:
            use = "" if bundle == runner else ", for .onnx files"
            text = f"not fetched yet{use}: the first run does, or facekp-bench bundle {bundle}"
            yield Finding(f"bundle {bundle}", "note", text)


def _state(phone: Phone, device: Device, name: str) -> Iterator[Finding]:
    """What the phone's state would do to a measurement."""
    from android_bench.phone.device.state import blind_spots, caps, read_state
    from android_bench.phone.settings import MAX_TEMPERATURE

    state = read_state(phone)
    for warning in blind_spots(state) + caps(state, device.fingerprint.clusters):
        yield Finding(name, "note", warning)
    if state.temperature_c is not None:
        warm = state.temperature_c > MAX_TEMPERATURE
        text = f"{state.temperature_of} at {state.temperature_c:.1f} C"
        more = f": a run waits until it is at {MAX_TEMPERATURE:g} C" if warm else ""
        yield Finding(name, "note" if warm else "ok", text + more)
    if state.thermal_status:
        yield Finding(
            name, "note", f"thermal status {state.thermal_status}: it holds itself back; let it cool"
        )
    if state.battery_percent is not None and state.battery_percent < 20:
        yield Finding(name, "note", f"battery at {state.battery_percent:.0f} %; charge it")
    if state.screen == "awake":
        yield Finding(name, "note", "the screen is on: whatever it shows takes time and heat; switch it off")


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
