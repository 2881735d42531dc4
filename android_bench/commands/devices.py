"""facekp-bench devices: the phones that adb sees, their chips, clusters and state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from android_bench.commands.phone_options import parse_server
from facekp_train.common.console import print_json, print_line

if TYPE_CHECKING:
    from android_bench.phone.survey import SeenPhone
    from android_bench.records.phone import CoreCluster, Fingerprint, State


def devices(
    adb: Annotated[str | None, typer.Option(help="The adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[
        str | None, typer.Option(help="HOST:PORT of the adb server. Default: this computer's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """List the phones that adb sees, and why one cannot be used."""
    from android_bench.phone.survey import survey_phones

    phones = survey_phones(adb, parse_server(adb_server))
    if as_json:
        print_json([phone.as_json() for phone in phones])
        return
    for phone in phones:
        print_line("\n".join(_lines(phone)))


def _lines(phone: SeenPhone) -> list[str]:
    lines = [f"{phone.serial}: {phone.device.title if phone.device else phone.adb_state}"]
    if phone.device:
        lines += [f"  {text}" for text in _hardware(phone.device.fingerprint)]
    if phone.state:
        lines.append(f"  {_condition(phone.state)}")
    if phone.problem:
        lines.append(f"  cannot be measured on: {phone.problem}")
    return lines


def _hardware(f: Fingerprint) -> list[str]:
    page = "pages of unknown size" if f.page_bytes is None else f"pages of {f.page_bytes // 1024} KB"
    memory = "memory unknown" if f.memory_mb is None else f"{f.memory_mb / 1000:.1f} GB"
    return [
        f"{f.manufacturer or '?'} {f.device or '?'}, {memory}, {page}, {', '.join(f.abis) or 'ABI unknown'}",
        f"build {f.build or 'unknown'}, kernel {f.kernel or 'unknown'}",
        *(f"cores {_cluster(cluster)}" for cluster in f.clusters),
    ]


def _cluster(cluster: CoreCluster) -> str:
    speed = "unknown frequency" if cluster.max_khz is None else f"up to {cluster.max_khz / 1e6:.2f} GHz"
    name = " ".join(filter(None, (cluster.core, cluster.part and f"({cluster.part})")))
    return f"{','.join(map(str, cluster.cpus))}: {name or 'unknown'}, {speed}"


def _condition(state: State) -> str:
    battery = "battery unknown" if state.battery_percent is None else f"battery {state.battery_percent:.0f} %"
    feeds = {None: "", "none": ", not charging"}.get(state.charging, f", charging ({state.charging})")
    warmth = "temperature hidden"
    if state.temperature_c is not None:
        warmth = f"{state.temperature_of} {state.temperature_c:.1f} C"
    status = "hidden" if state.thermal_status is None else str(state.thermal_status)
    governor, screen = state.governor or "hidden", state.screen or "unknown"
    return f"{battery}{feeds}, {warmth}, thermal status {status}, governor {governor}, screen {screen}"
