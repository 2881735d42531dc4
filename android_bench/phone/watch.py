"""The phone's state around each call: waited for until it is cool, and read no oftener than is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from android_bench.phone.adb.adb import StoppedError
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.state import read_state
from android_bench.phone.mark import renew
from android_bench.phone.runner.run import RunError
from android_bench.phone.settings import COOL_SECONDS
from android_bench.records.phone import State

_POLL_SECONDS = 5.0
_FRESH_SECONDS = 3.0
"""For which a state stands: what is read after a call is what the next one meets."""


class Watch:
    """Looks at one phone before and after each call. Each look takes some of its time."""

    def __init__(
        self, phone: Phone, max_temperature: float, held_seconds: float, say: Callable[[str], None]
    ) -> None:
        """max_temperature: degrees C. held_seconds: see `renew`. say: told what is waited for."""
        self._phone, self._limit = phone, max_temperature
        self._held_seconds, self._say = held_seconds, say
        self._last: tuple[float, Sequence[int] | None, State] | None = None

    def after(self, cpus: Sequence[int] | None) -> State:
        """The state now. cpus: the cores whose governor counts."""
        state = read_state(self._phone, cpus)
        self._last = time.monotonic(), cpus, state
        return state

    def cooled(self, cpus: Sequence[int] | None) -> State:
        """The state, once the phone is cool. Raises RunError where it stays warm."""
        deadline = time.monotonic() + COOL_SECONDS
        while True:
            state = self._just_read(cpus) or read_state(self._phone, cpus)
            renew(self._phone, self._held_seconds)
            warm = state.temperature_c is not None and state.temperature_c > self._limit
            if not warm and not state.thermal_status:
                return state
            if warm:
                now = f"at {state.temperature_c:.1f} C ({state.temperature_of})"
                wanted, remedy = f"{self._limit:g} C", "cool it, or raise --max-temp"
            else:
                now, wanted = f"at thermal status {state.thermal_status}", "0"
                remedy = "it is throttling: unplug it, take it out of its case and let it cool"
            if time.monotonic() >= deadline:
                raise RunError(
                    f"the phone was still {now} after {COOL_SECONDS:.0f} s, and {wanted} is the limit; "
                    f"{remedy}"
                )
            self._say(f"waiting for the phone to cool: {now}, {wanted} wanted")
            if self._phone.adb.stop.wait(min(_POLL_SECONDS, max(0.1, deadline - time.monotonic()))):
                raise StoppedError

    def _just_read(self, cpus: Sequence[int] | None) -> State | None:
        """What was read a moment ago, once."""
        last, self._last = self._last, None
        if last is None or last[1] != cpus or time.monotonic() - last[0] > _FRESH_SECONDS:
            return None
        return last[2]
