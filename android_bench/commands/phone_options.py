"""The options of facekp-bench that speak of phones, checked and made into a measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from facekp_train.common.console import UserError, say
from facekp_train.common.feedback.idle import on_line

if TYPE_CHECKING:
    from android_bench.phone.adb.server import Server
    from android_bench.records.record import Record
    from android_bench.timing import Progress, StopRule

PHONES_OWN = (
    "serial", "delegate", "repeat", "runner", "benchmark_binary", "max_temp", "sustained",
    "fixed_performance", "apk", "uninstall", "bundles", "adb", "adb_server", "quick",
)  # fmt: skip
"""Parameters of the command that change nothing without a phone."""

Measure = Callable[["Progress"], tuple[list["Record"], list[str]]]
"""Measures, and says which phones could not be measured."""


def quick_look(context: typer.Context, files: Sequence[Path]) -> tuple[list[Path], int, StopRule, int]:
    """Files, repeats, rule and warm-up of --quick. Raises BadParameter where these were asked for, too."""
    from android_bench.phone.quick import FIRST_LOOK, QUICK, quick_files

    for name in ("repeat", "min_runs", "min_seconds", "warmup", "sustained"):
        if on_line(context, name):
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter("--quick sets it; leave out one of the two", param_hint=option)
    say(FIRST_LOOK)
    return quick_files(files), QUICK.repeat, QUICK.rule, QUICK.warmup


def phone_measurement(
    files: Sequence[Path],
    runtimes: Sequence[str] | None,
    threads: Sequence[int],
    rule: StopRule,
    *,
    warmup: int,
    timeout: float,
    serials: Sequence[str],
    delegates: Sequence[str],
    repeat: int,
    quick: bool,
    runner: str,
    binary: str | None,
    max_temp: float,
    sustained: str | None,
    fixed_performance: bool,
    source: Path | None,
    apk: Path | None,
    uninstall: bool,
    adb: str | None,
    server: str | None,
) -> Measure:
    """What to call to measure. Raises BadParameter for options that contradict themselves or one another."""
    from android_bench.phone.bench import Access, bench_phones
    from android_bench.phone.quick import QUICK
    from android_bench.phone.settings import RUNNERS, Settings

    if runner not in RUNNERS:
        raise typer.BadParameter(f"'{runner}' is not one of {', '.join(RUNNERS)}", param_hint="--runner")
    if runner == "official" and sustained is not None:
        raise typer.BadParameter("the official tool gives no samples for a curve", param_hint="--sustained")
    if "torch" in (runtimes or ()):
        raise typer.BadParameter("PyTorch does not run on a phone", param_hint="--runtime")
    settings = Settings(
        threads=tuple(dict.fromkeys(threads)),
        delegates=tuple(dict.fromkeys(delegates)),
        repeat=repeat,
        rule=rule,
        warmup=warmup,
        inputs=QUICK.inputs if quick else None,
        timeout=timeout,
        max_temperature=max_temp,
        sustained=_seconds(sustained),
        runner=runner,
        binary=binary,
        source=source,
        fixed_performance=fixed_performance,
        apk=apk,
        uninstall=uninstall,
    )
    access = Access(tuple(serials), adb, parse_server(server))

    def measure(progress: Progress) -> tuple[list[Record], list[str]]:
        outcome = bench_phones(files, settings, access, runtimes=runtimes, progress=progress)
        if not outcome.records:
            # A file of earlier results must not be replaced by nothing.
            raise UserError("; ".join(outcome.errors))
        return outcome.records, outcome.errors

    return measure


def parse_server(text: str | None) -> Server | None:
    """The adb server that --adb-server names. Raises BadParameter."""
    from android_bench.phone.adb.server import Server

    try:
        return None if text is None else Server.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--adb-server") from None


def _seconds(text: str | None) -> float | None:
    from android_bench.phone.settings import seconds_of

    try:
        return None if text is None else seconds_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--sustained") from None
