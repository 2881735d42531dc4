"""Timing on this machine, on its CPU or its GPU.

Every measurement has a measuring process of its own, and the processes take short turns in random order
until all have enough: whatever disturbs the machine meanwhile hits all alike, and no two thread
pools run at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from android_bench.defaults import TIMEOUT_SECONDS, WARMUP_RUNS
from android_bench.engines.engines import ENGINES, Engine
from android_bench.engines.plan import Measurement, plan
from android_bench.host.link import Worker
from android_bench.host.machine import describe_machine
from android_bench.host.peaks import Peaks
from android_bench.host.trial import HostTrial
from android_bench.interruption import Interrupted
from android_bench.records.record import Record
from android_bench.timing import Progress, StopRule

MOST_TOGETHER = 12
"""Processes held at once. More models are measured in several rounds, so memory stays bounded."""


def bench_models(
    paths: Sequence[Path | str],
    *,
    threads: Sequence[int] = (1,),
    runtimes: Sequence[str] | None = None,
    rule: StopRule = StopRule(),  # noqa: B008 - frozen
    warmup: int = WARMUP_RUNS,
    timeout: float = TIMEOUT_SECONDS,
    progress: Progress | None = None,
    engines: Mapping[str, Engine] = ENGINES,
    gpu: str | None = None,
    shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> list[Record]:
    """Measure model files on this machine.

    Args:
        paths: model files and folders; see `plan`.
        threads: each file is measured with each of these numbers.
        runtimes: see `plan`.
        rule: when a measurement has enough runs.
        warmup: untimed runs after the first, 0 or more.
        timeout: seconds that a process may take for an answer; loading the model and a turn are one
            each.
        progress: told between turns.
        engines: see `plan`.
        gpu: name of the device that the engines compute on, for the record.
        shapes: sizes of inputs by name, for files that leave them open. A batch that is open is 1.

    Returns:
        One record for each file, engine and number of threads, with its share of the machine's peak. What
        fails later (a damaged file, a crash, an output that is not finite) is a record with `valid` false.

    Raises:
        ValueError, UserError: as `plan` does, before anything is measured, and for a warm-up or time-out
            out of range.
        Interrupted: on Ctrl-C.
    """
    measurements = plan(paths, threads, runtimes, engines)
    return measure(
        measurements, rule=rule, warmup=warmup, timeout=timeout, progress=progress, gpu=gpu, shapes=shapes
    )


def measure(
    measurements: Sequence[Measurement],
    *,
    rule: StopRule = StopRule(),  # noqa: B008 - frozen
    warmup: int = WARMUP_RUNS,
    timeout: float = TIMEOUT_SECONDS,
    progress: Progress | None = None,
    gpu: str | None = None,
    shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    together: int = MOST_TOGETHER,
    worker: Callable[[], Worker] | None = None,
) -> list[Record]:
    """What `bench_models` does, of measurements that are planned already.

    Args:
        measurements: what is measured.
        rule, warmup, timeout, progress, gpu, shapes: as `bench_models` has them.
        together: processes held at once, which are interleaved.
        worker: starts a measuring process that knows the engines of the measurements; None where they
            are facekp-bench's.

    Returns:
        One record for each measurement.

    Raises:
        ValueError: for a warm-up or time-out out of range.
        Interrupted: on Ctrl-C.
    """
    if warmup < 0:
        raise ValueError(f"the number of warm-up runs must be 0 or more, not {warmup}")
    if not 0 < timeout < float("inf"):
        raise ValueError(f"the time-out must be a positive number of seconds, not {timeout}")
    machine = describe_machine().model_copy(update={"gpu": gpu})
    trials: list[HostTrial] = []
    with TemporaryDirectory() as folder:
        peaks = Peaks(Path(folder), rule, timeout)
        try:
            for group in _groups(measurements, together):
                own = [HostTrial(each, rule, timeout, shapes) for each in group]
                trials += own
                tell = partial(_tell, progress, trials, len(measurements))
                _measure([*own, *peaks.beside(own)], warmup, tell, worker or Worker)
        except KeyboardInterrupt:
            raise Interrupted([peaks.record(trial, machine, "interrupted: ") for trial in trials]) from None
    return [peaks.record(trial, machine) for trial in trials]


def _groups(measurements: Sequence[Measurement], most: int) -> Iterator[list[Measurement]]:
    """What to interleave: those of one number of threads, a bounded number at once."""
    for count in dict.fromkeys(each.threads for each in measurements):
        alike = [each for each in measurements if each.threads == count]
        for start in range(0, len(alike), most):
            yield alike[start : start + most]


def _measure(
    trials: Sequence[HostTrial], warmup: int, tell: Callable[[str], None], worker: Callable[[], Worker]
) -> None:
    """Open all, then give turns in whole rounds until each has enough.

    Whole ones, so that the n-th turns of all lie side by side in time: their ratio is one of the same moment.
    """
    order = random.Random(0)
    with ExitStack() as processes:
        for trial in trials:
            tell(f"loading {trial.label}")
            trial.open(processes.enter_context(worker()), warmup)
        while not all(trial.done for trial in trials):
            # In a fixed order each model would always meet the caches that the same other one left.
            taking_part = [trial for trial in trials if not trial.failed]
            order.shuffle(taking_part)
            for trial in taking_part:
                tell(trial.label)
                trial.turn()
    tell("done")


def _tell(progress: Progress | None, trials: Sequence[HostTrial], count: int, label: str) -> None:
    if progress is not None:
        progress(sum(trial.progress for trial in trials), count, label)
