"""facekp-bench devices: the phones that adb sees, their chips, clusters and state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekp_train.common.console import UserError, print_json, print_line

if TYPE_CHECKING:
    from android_bench.phone.adb.adb import Adb, Deadline, Listed
    from android_bench.records.phone import CoreCluster, Fingerprint, State


def devices(
    adb: Annotated[str | None, typer.Option(help="The adb program.")] = None,
    adb_server: Annotated[str | None, typer.Option(help="HOST:PORT of the adb server.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """List the phones that adb sees: what they are, how they are, and why one is of no use."""
    from android_bench.commands.phone_options import parse_server
    from android_bench.phone.adb.adb import DISCOVERY_SECONDS, Adb, Deadline
    from android_bench.phone.adb.find import NO_PHONE, settled

    client, deadline = Adb(adb, parse_server(adb_server)), Deadline(DISCOVERY_SECONDS)
    started = client.start(deadline)
    listed = settled(client, (), started, deadline)
    if not listed:
        raise UserError(NO_PHONE)
    with ThreadPoolExecutor(len(listed)) as pool:  # so that several silent phones take no longer than one
        seen = list(pool.map(lambda entry: _look(client, entry, deadline), listed))
    if as_json:
        print_json([_plain(each) for each in seen])
        return
    for each in seen:
        print_line("\n".join(_lines(each)))


def _look(client: Adb, entry: Listed, deadline: Deadline) -> dict[str, Any]:
    """What is to be said of a phone; `problem` where it cannot be measured on."""
    from android_bench.phone.adb.adb import AdbError
    from android_bench.phone.adb.find import expect_answer, unready
    from android_bench.phone.adb.shell import Phone
    from android_bench.phone.device.device import describe, expect_usable
    from android_bench.phone.device.state import read_state

    found: dict[str, Any] = {"serial": entry.serial, "adb_state": entry.state, "problem": None}
    if entry.state != "device":
        return found | {"problem": unready(entry)}
    phone = Phone(client, entry.serial)
    try:
        expect_answer(phone, deadline)
        device = describe(phone)
        found |= {"title": device.title, "emulated": device.emulated, "fingerprint": device.fingerprint}
        found |= {"state": read_state(phone)}
        expect_usable(device, entry.serial)
    except (AdbError, UserError) as error:
        return found | {"problem": str(error)}
    return found


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {k: v.model_dump() if hasattr(v, "model_dump") else v for k, v in found.items()}


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['serial']}: {found.get('title', found['adb_state'])}"]
    if fingerprint := found.get("fingerprint"):
        lines += [f"  {text}" for text in _hardware(fingerprint)]
    if state := found.get("state"):
        lines.append(f"  {_condition(state)}")
    if problem := found["problem"]:
        lines.append(f"  cannot be measured on: {problem}")
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
