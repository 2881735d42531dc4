"""What a measurement needs of phones: what is there, what is missing, how to get it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from android_bench.phone.adb.adb import DISCOVERY_SECONDS, Adb, AdbError, Deadline
from android_bench.phone.adb.find import ALL, find_phones
from android_bench.phone.adb.server import Server
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.device import FOLDER, Device, describe, expect_usable
from android_bench.phone.device.state import blind_spots, caps, read_state
from android_bench.phone.runner.runners import choose
from android_bench.phone.settings import MAX_TEMPERATURE
from android_bench.records.finding import Finding
from facekp_train.common.console import UserError
from facekp_train.common.downloads.cache import cache_folder

_SPACE_BYTES = 100_000_000
"""The largest bundle, a model, inputs and outputs."""


def look_at_adb(
    program: str | None = None, server: Server | None = None, serials: Sequence[str] = ()
) -> Iterator[Finding]:
    """The client, its server, and these phones, or every one that it lists.

    program, server: see `Adb`.
    """
    deadline = Deadline(DISCOVERY_SECONDS)
    try:
        adb = Adb(program, server)
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
    try:
        (phone,) = find_phones(adb, [serial])
        yield from look_at_phone(phone)
    except UserError as error:
        yield Finding(f"phone {serial}", "missing", str(error))


def look_at_phone(phone: Phone) -> Iterator[Finding]:
    """One phone that answers. Raises UserError where it cannot be looked at, or can run nothing."""
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
    clusters = device.fingerprint.clusters
    if not clusters or any(cluster.max_khz is None for cluster in clusters):
        yield Finding(
            name, "note", "hides its cores' frequencies: the runner will not be pinned to the fastest"
        )
    yield from _state(phone, device, name)


def _bundles(runner: str) -> Iterator[Finding]:
    for bundle in (runner, "onnxruntime"):
        if list(cache_folder().glob(f"{bundle}-*")):
            yield Finding(f"bundle {bundle}", "ok", f"assembled in {cache_folder()}")
        else:
            use = "" if bundle == runner else ", for .onnx files"
            text = f"not fetched yet{use}: the first run does, or facekp-bench bundle {bundle}"
            yield Finding(f"bundle {bundle}", "note", text)


def _state(phone: Phone, device: Device, name: str) -> Iterator[Finding]:
    """What the phone's state would do to a measurement."""
    state = read_state(phone)
    for warning in blind_spots(state) + caps(state, device.fingerprint.clusters):
        yield Finding(name, "note", warning)
    if state.temperature_c is not None:
        warm = state.temperature_c > MAX_TEMPERATURE
        text = f"{state.temperature_of} at {state.temperature_c:.1f} C"
        more = f": a run waits until it has cooled to {MAX_TEMPERATURE:g} C" if warm else ""
        yield Finding(name, "note" if warm else "ok", text + more)
    if state.thermal_status:
        yield Finding(name, "note", f"thermal status {state.thermal_status}: it is throttling; let it cool")
    if state.battery_percent is not None and state.battery_percent < 20:
        yield Finding(name, "note", f"battery at {state.battery_percent:.0f} %; charge it")
    if state.screen == "awake":
        yield Finding(name, "note", "the screen is on: whatever it shows takes time and heat; switch it off")
