"""What a measurement on phones does, as the options say."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from android_bench.defaults import MAX_TEMPERATURE, REPEATS, TIMEOUT_SECONDS, WARMUP_RUNS
from android_bench.timing import StopRule

RUNNERS = ("auto", "bionic", "glibc", "official", "app")
COOL_SECONDS = 900.0
"""A phone that has not cooled down by then lies in the sun."""


@dataclass(frozen=True)
class Settings:
    """What a measurement on phones does.

    Attributes:
        threads: each model is measured with each of them.
        delegates: each model is measured with each of them.
        repeat: times that the whole is made.
        inputs: of the stored ones, how many the phone's outputs are compared by; None: all.
        timeout: seconds that one call of the runner may take.
        max_temperature: degrees C above which it is waited.
        sustained: seconds without a pause instead of repeats; None: repeats.
        runner: one of RUNNERS.
        binary: the official tool's path or address.
        source: folder with the archives of bundles.
        apk: the app's; None: where `make apk` puts it.
        uninstall: remove the app afterwards.

    Raises:
        ValueError: for numbers that no wait can be made of.
    """

    threads: tuple[int, ...] = (1,)
    delegates: tuple[str, ...] = ("cpu",)
    repeat: int = REPEATS
    rule: StopRule = field(default_factory=StopRule)
    warmup: int = WARMUP_RUNS
    inputs: int | None = None
    timeout: float = TIMEOUT_SECONDS
    max_temperature: float = MAX_TEMPERATURE
    sustained: float | None = None
    runner: str = "auto"
    binary: str | None = None
    source: Path | None = None
    fixed_performance: bool = False
    apk: Path | None = None
    uninstall: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.timeout < math.inf:
            raise ValueError(f"a runner's time-out must be a number of seconds above 0, not {self.timeout:g}")
        if math.isnan(self.max_temperature):
            raise ValueError("the temperature to wait for must be a number of degrees C, not nan")

    @property
    def max_seconds(self) -> float:
        """Of warm-up and of timed runs each, so that loading has a part of the time-out too."""
        return self.timeout / 3


def seconds_of(text: str) -> float:
    """A duration in seconds.

    Args:
        text: such as 90, 90s, 10m or 1h.

    Raises:
        ValueError: for anything else.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if match is None or not float(match[1]):
        raise ValueError(f"'{text}' is not a duration; write 90s, 10m or 1h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
