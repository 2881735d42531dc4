"""Android's own mode of steady clocks, for comparisons."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator

from android_bench.phone.adb.adb import AdbError
from android_bench.phone.adb.shell import Phone
from facekp_train.common.console import UserError, say

_SWITCH = "cmd power set-fixed-performance-mode-enabled"


@contextlib.contextmanager
def fixed_performance(phone: Phone) -> Iterator[None]:
    """The mode is on while the block lasts. Raises UserError for a phone without it, and as `shell`."""
    refused = False
    try:
        refused = phone.shell(f"{_SWITCH} true").code != 0
        if refused:
            raise UserError(
                f"phone {phone.serial} has no fixed performance mode; leave --fixed-performance out"
            )
        yield
    finally:
        if not refused:
            _end(phone)


def _end(phone: Phone) -> None:
    with contextlib.suppress(AdbError):
        if phone.shell(f"{_SWITCH} false", timeout=10, tidying=True).code == 0:
            return
    say(
        f"phone {phone.serial} may still be in fixed performance mode; switch it off with: "
        f"adb -s {shlex.quote(phone.serial)} shell {_SWITCH} false"
    )
