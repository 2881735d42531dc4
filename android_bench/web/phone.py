"""A page of this computer on a phone: a port through adb, the phone's browser, the port taken back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from android_bench.phone.adb.adb import AdbError
from android_bench.phone.adb.shell import Phone

_SECONDS = 15.0


@contextmanager
def opened(phone: Phone, port: int, address: str) -> Iterator[None]:
    """The phone's browser at an address, whose port on the phone leads to the same port here meanwhile.

    Args:
        phone: whose browser it is.
        port: of this computer, and on the phone.
        address: what the browser opens.

    Raises:
        AdbError: where the port or the browser cannot be had.
    """
    place = f"tcp:{port}"
    answer = phone.adb.call("reverse", place, place, timeout=_SECONDS, serial=phone.serial)
    if answer.code != 0:
        why = "no answer" if answer.code is None else answer.last_line
        raise AdbError(
            f"{phone.serial}: its port {port} cannot lead here ({why}); choose another with --port"
        )
    try:
        _browse(phone, address)
        yield
    finally:
        # The phone may be gone by now, and its port with it.
        phone.adb.call("reverse", "--remove", place, timeout=_SECONDS, serial=phone.serial, tidying=True)


def _browse(phone: Phone, address: str) -> None:
    told = phone.shell(f"am start -a android.intent.action.VIEW -d {shlex.quote(address)}", _SECONDS)
    text = told.stdout + told.stderr
    if told.code != 0 or "Error" in text:
        lines = text.strip().splitlines()
        why = lines[-1][:200] if lines else "no answer"
        raise AdbError(
            f"{phone.serial}: no browser opens ({why}); unlock the phone, or open {address} there yourself"
        )
