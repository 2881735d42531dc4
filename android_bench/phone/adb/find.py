"""Which phones are connected, and those to measure on: every state that is no use has its sentence."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence

from android_bench.phone.adb.adb import DISCOVERY_SECONDS, NO_SERIAL, Adb, AdbError, Deadline, Listed
from android_bench.phone.adb.shell import Phone
from facekp_train.common.console import say

ALL = "all"
"""As a serial: every phone that is ready."""
_IDENTITY = {"number": "getprop ro.serialno", "boot": "cat /proc/sys/kernel/random/boot_id"}
"""What tells phones apart. Some makers give all phones one number."""
_SETTLE_SECONDS = 5.0
"""Just after a server's start, or when a cable goes in, a phone passes through these states."""
_PASSING = ("offline", "connecting", "authorizing")
_REMEDIES = {
    "unauthorized": "unlock it and accept this computer on its screen ('Allow USB debugging?')",
    "authorizing": "unlock it and accept this computer on its screen",
    "offline": "unplug it and plug it in again, or run 'adb reconnect offline'",
    "connecting": "wait until it has started, or plug it in again",
    "no permissions": "this user may not open the USB device; install its udev rules "
    "(Debian: apt-get install android-sdk-platform-tools-common) and join the group plugdev",
    "bootloader": "it is in its boot loader; start Android with 'fastboot reboot'",
    "recovery": "it is in recovery mode; start Android with 'adb reboot'",
    "sideload": "it is in sideload mode; start Android with 'adb reboot'",
}
NO_PHONE = (
    "no phone is connected; plug one in with a cable that carries data, switch on USB debugging in its "
    "developer options and unlock it, or name one in the network with --serial HOST:PORT"
)


def find_phones(adb: Adb, serials: Sequence[str] = ()) -> list[Phone]:
    """The phones to measure on; each that was named answers.

    serials: as `adb devices` names them, HOST:PORT of one to connect to, or "all". None: that of
    ANDROID_SERIAL, as for adb itself, else the only one. A phone that is reached in two ways is one.
    Takes 20 s at most. Raises AdbError where one is missing, not ready, silent, or must be chosen.
    """
    if not serials and (own := os.environ.get("ANDROID_SERIAL")):
        serials = [own]
    deadline = Deadline(DISCOVERY_SECONDS)
    started = adb.start(deadline)
    for address in serials:
        _connect_where_needed(adb, address, deadline)
    listed = settled(adb, serials, started, deadline)
    if ALL in serials:
        ready = [entry for entry in listed if entry.ready]
        if not ready:
            raise AdbError(_none_ready(listed))
        chosen = _each_once(adb, ready, deadline)
        for entry in listed:
            if entry not in ready:  # whoever said all must not take these for measured
                say(f"left out: {unready(entry)}")
    elif serials:
        chosen = [_named(serial, listed) for serial in dict.fromkeys(serials)]
    else:
        chosen = [_only(_each_once(adb, listed, deadline))]
    phones = [Phone(adb, entry.serial) for entry in chosen]
    if ALL not in serials:  # of many, one that is silent must not keep the others waiting
        for phone in phones:
            expect_answer(phone, deadline)
    return phones


def _connect_where_needed(adb: Adb, serial: str, deadline: Deadline) -> None:
    """A serial HOST:PORT that is not listed, or listed but dead, is an address to connect to."""
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}", serial):
        return
    state = next((e.state for e in adb.devices(deadline.left()) if e.serial == serial), None)
    if state is None or state == "offline":
        adb.connect(serial, min(10.0, deadline.left()))


def settled(adb: Adb, serials: Sequence[str], started: bool, deadline: Deadline) -> list[Listed]:
    """The list, once nothing of interest in it is about to change."""
    patience = Deadline(min(_SETTLE_SECONDS, deadline.left()))
    while True:
        listed = adb.devices(deadline.left())
        mine = [entry for entry in listed if not serials or ALL in serials or entry.serial in serials]
        passing = any(entry.state in _PASSING for entry in mine) or (started and not mine)
        if patience.over or not passing:
            return listed
        time.sleep(0.3)


def _named(serial: str, listed: Sequence[Listed]) -> Listed:
    entry = next((entry for entry in listed if entry.serial == serial), None)
    if entry is None:
        seen = ", ".join(e.serial for e in listed)
        raise AdbError(
            f"no phone has the serial '{serial}'; connected: {seen}" if seen else f"'{serial}': {NO_PHONE}"
        )
    if not entry.ready:
        raise AdbError(unready(entry))
    return entry


def _each_once(adb: Adb, listed: Sequence[Listed], deadline: Deadline) -> list[Listed]:
    """The list without a second way to a phone that is there already; a cable is kept before a network."""
    if sum(entry.ready for entry in listed) < 2:
        return list(listed)
    seen: set[str] = set()
    kept = []
    for entry in sorted(listed, key=lambda entry: ":" in entry.serial or "._tcp" in entry.serial):
        identity = _identity(Phone(adb, entry.serial), deadline) if entry.ready else None
        if identity is None or identity not in seen:
            kept.append(entry)
        seen |= {identity} if identity else set()
    return [entry for entry in listed if entry in kept]


def _identity(phone: Phone, deadline: Deadline) -> str | None:
    """A phone's serial number and what its kernel drew at its start; None where it does not tell."""
    try:
        told = phone.look_up(_IDENTITY, min(4.0, deadline.left()))
    except AdbError:
        return None
    return f"{told['number']} {told['boot']}" if all(told.values()) else None


def _only(listed: Sequence[Listed]) -> Listed:
    ready = [entry for entry in listed if entry.ready]
    if len(ready) > 1:
        names = ", ".join(entry.serial for entry in ready)
        raise AdbError(f"{len(ready)} phones are connected: {names}; choose with --serial, or --serial all")
    if not ready:
        raise AdbError(_none_ready(listed))
    return ready[0]


def _none_ready(listed: Sequence[Listed]) -> str:
    return "; ".join(map(unready, listed)) if listed else NO_PHONE


def unready(entry: Listed) -> str:
    """Why a phone in that state is of no use, and what to do."""
    if entry.serial == NO_SERIAL:
        return (
            "a phone without a serial number is connected, and adb cannot address it; restart it, or connect "
            "it over the network with --serial HOST:PORT"
        )
    kind = next((kind for kind in _REMEDIES if entry.state.startswith(kind)), None)
    remedy = _REMEDIES[kind] if kind else "see 'adb devices'"
    return f"phone {entry.serial} is not ready ({kind or entry.state[:60]}): {remedy}"


def expect_answer(phone: Phone, deadline: Deadline) -> None:
    """Raises TimeLimitError within 8 s for a silent phone, which is still listed as "device"."""
    phone.shell("true", min(8.0, deadline.left()))
