"""The phones that adb sees: model, state, and why one cannot be used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from android_bench.phone.adb.adb import DISCOVERY_SECONDS, Adb, AdbError, Deadline, Listed
from android_bench.phone.adb.find import NO_PHONE, expect_answer, settled, unready
from android_bench.phone.adb.server import Server
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.device import Device, describe, expect_usable
from android_bench.phone.device.state import read_state
from android_bench.records.phone import State
from facekp_train.common.console import UserError


@dataclass(frozen=True)
class SeenPhone:
    """A phone that adb lists. problem: why it cannot be measured on; device, state: None where unread."""

    serial: str
    adb_state: str
    problem: str | None = None
    device: Device | None = None
    state: State | None = None

    def as_json(self) -> dict[str, Any]:
        """What --json prints: what could not be read is left out."""
        document: dict[str, Any] = {
            "serial": self.serial, "adb_state": self.adb_state, "problem": self.problem
        }  # fmt: skip
        if self.device is not None:
            document |= {"title": self.device.title, "emulated": self.device.emulated}
            document["fingerprint"] = self.device.fingerprint.model_dump()
        if self.state is not None:
            document["state"] = self.state.model_dump()
        return document


def survey_phones(program: str | None = None, server: Server | None = None) -> list[SeenPhone]:
    """Look at every phone that adb lists; several silent ones take no longer than one.

    program, server: see `Adb`. Raises UserError where there is no phone, AdbError where there is no adb.
    """
    client, deadline = Adb(program, server), Deadline(DISCOVERY_SECONDS)
    started = client.start(deadline)
    listed = settled(client, (), started, deadline)
    if not listed:
        raise UserError(NO_PHONE)
    with ThreadPoolExecutor(len(listed)) as pool:
        return list(pool.map(lambda entry: _look(client, entry, deadline), listed))


def _look(client: Adb, entry: Listed, deadline: Deadline) -> SeenPhone:
    if not entry.ready:
        return SeenPhone(entry.serial, entry.state, unready(entry))
    phone = Phone(client, entry.serial)
    device = state = problem = None
    try:
        expect_answer(phone, deadline)
        device = describe(phone)
        state = read_state(phone)
        expect_usable(device, entry.serial)
    except (AdbError, UserError) as error:
        problem = str(error)
    return SeenPhone(entry.serial, entry.state, problem, device, state)
