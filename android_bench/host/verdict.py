"""Whether the samples of this computer are to be believed, and by which clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from android_bench.timing import Summary, sample_warnings, summarize

DISTURBED = 1.15
"""Wall time over CPU time, in the median, from which the wall's time is not the model's."""
RESTLESS = 5.0
"""p90 over p50 from which, without a CPU clock, nothing holds."""
SPARE_PROCESSES = 1.0
"""Load above the number of cores from which, without a CPU clock, nothing holds."""


@dataclass(frozen=True)
class Verdict:
    """statistics: fields of the record; none where there are reasons against it. warnings: sentences."""

    statistics: dict[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def judge(
    wall_ms: Sequence[float],
    cpu_ms: Sequence[float] | None,
    loads: tuple[float | None, float | None],
    cores: int,
) -> Verdict:
    """By CPU time where it was taken, which holds whatever else runs; else by the wall's on a calm machine.

    Args:
        wall_ms: every run's, one or more, in milliseconds.
        cpu_ms: the same runs', where one thread computed and has a clock; else None.
        loads: of the machine before and after; None where it is not known.
        cores: of the machine.
    """
    summary = summarize(wall_ms)
    if cpu_ms is not None:
        return _by_cpu(wall_ms, cpu_ms, summary)
    reasons = load_reasons(loads, cores)
    if summary.p90_ms > RESTLESS * summary.p50_ms:
        reasons.append(
            f"p90 is more than {RESTLESS:g} times p50, so that the runs waited for other programs; close "
            "them and measure again"
        )
    if reasons:
        return Verdict(reasons=reasons)
    return Verdict(asdict(summary), warnings=sample_warnings(wall_ms, summary))


def load_reasons(loads: tuple[float | None, float | None], cores: int) -> list[str]:
    """What the machine's load before and after says against times of the wall; see `judge`."""
    return [
        f"the load was {load:.1f} on {cores} cores {when}, so that the runs waited for other programs; "
        "close them and measure again"
        for load, when in zip(loads, ("before the start", "after the runs"), strict=True)
        if load is not None and load > cores + SPARE_PROCESSES
    ]


def _by_cpu(wall_ms: Sequence[float], cpu_ms: Sequence[float], wall: Summary) -> Verdict:
    summary = summarize(cpu_ms)
    statistics = {"cpu_p50_ms": summary.p50_ms}
    ratio = median(a / max(b, 1e-9) for a, b in zip(wall_ms, cpu_ms, strict=True))
    if ratio <= DISTURBED:
        return Verdict(asdict(wall) | statistics, warnings=sample_warnings(wall_ms, wall))
    warning = (
        f"a run took {ratio:.2f} times its CPU time in the median, for other programs had the core: the CPU "
        "time holds, statistics of the wall's time are left out"
    )
    # The runs as they were asked for, their spread by the clock that holds.
    return Verdict(statistics, warnings=[warning, *sample_warnings(wall_ms, summary)])
