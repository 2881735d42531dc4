"""Times of table 5's files, and their ratios to our 0.25X's, which takes turns beside them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from android_bench.defaults import WARMUP_RUNS
from android_bench.engines.engines import Engine
from android_bench.engines.plan import Measurement
from android_bench.host.bench import measure
from android_bench.host.link import Worker
from android_bench.records.record import Record
from android_bench.records.turns import time_ratio
from android_bench.timing import Progress, StopRule
from benchmarks.systems.candidate import PRECISIONS, Candidate, exported
from benchmarks.systems.catalog import MODELS
from benchmarks.systems.engines import runtime_name
from benchmarks.systems.rows import OURS
from facekp_train.common.feedback.progress import progress_bar

_FEW = StopRule(5, 0.0)
_WARMUP_OF_FEW = 1
_MOST_TOGETHER = 48
"""Of one runtime, whose files are compared: all of them."""
_WORKER = (sys.executable, "-m", "benchmarks.systems.worker")
_File = tuple[Path, Engine]


@dataclass(frozen=True)
class Timed:
    """A record, and its time over our 0.25X's of the same precision beside it."""

    record: Record
    ratio: float | None


def time_all(
    files: Sequence[Candidate], counts: Sequence[int], rule: StopRule
) -> dict[tuple[Path, str], list[Timed]]:
    """What was measured of each file and engine, one a number of threads."""
    timed: dict[tuple[Path, str], list[Timed]] = {}
    with progress_bar() as bar:
        for engine in dict.fromkeys(each.engine for each in files):
            references = _references(engine)
            # A GPU's time does not depend on the threads that wait for it.
            used = counts[:1] if engine.device == "gpu" else counts
            for few in (False, True):
                group = [each for each in files if each.engine is engine and each.few is few]
                if not group:
                    continue
                task = bar.add_task(engine.name, total=1)
                records = _measured(
                    _with_references(group, references), used, _FEW if few else rule,
                    _WARMUP_OF_FEW if few else WARMUP_RUNS,
                    lambda done, count, _, task=task: bar.update(task, completed=done, total=count),
                )  # fmt: skip
                for each in group:
                    beside = references.get(each.precision)
                    timed.setdefault((each.path, engine.name), []).extend(
                        _timed(records, (each.path, engine), beside, count) for count in used
                    )
    return timed


def _references(engine: Engine) -> dict[str, _File]:
    """Our 0.25X by precision: in that runtime, else in LiteRT."""
    found: dict[str, _File] = {}
    for runtime in ("litert", runtime_name(engine.name)):
        for each in exported(MODELS / OURS, PRECISIONS):
            by = engine if engine.suffix == each.path.suffix else each.engine
            if runtime_name(by.name) == runtime:
                found[each.precision] = each.path, by
    return found


def _with_references(group: Sequence[Candidate], references: Mapping[str, _File]) -> list[_File]:
    """The group's files, each once, and those that they are compared with."""
    own = [(each.path, each.engine) for each in group]
    beside = [references[each.precision] for each in group if each.precision in references]
    return list(dict.fromkeys([*own, *beside]))


def _measured(
    files: Sequence[_File], counts: Sequence[int], rule: StopRule, warmup: int, progress: Progress
) -> dict[tuple[Path, str, int], Record]:
    """The records by path, engine and number of threads."""
    records = measure(
        [Measurement(path, engine, count) for count in counts for path, engine in files],
        rule=rule, warmup=warmup, progress=progress, together=_MOST_TOGETHER, worker=partial(Worker, _WORKER),
    )  # fmt: skip
    return {(Path(each.model), each.runtime, each.threads): each for each in records}


def _timed(
    records: Mapping[tuple[Path, str, int], Record], own: _File, beside: _File | None, count: int
) -> Timed:
    record = records[own[0], own[1].name, count]
    if beside is None:
        return Timed(record, None)
    return Timed(record, time_ratio(record, records[beside[0], beside[1].name, count]))
