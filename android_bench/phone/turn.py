"""One call of a runner on a phone, judged: what it measured, or why it is not to be believed."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone

from android_bench.phone.adb.shell import NO_SPACE, Phone
from android_bench.phone.parity import Reference, compare
from android_bench.phone.runner import official
from android_bench.phone.runner import official_output as output
from android_bench.phone.runner.app import run_app
from android_bench.phone.runner.install import disk_full, read_back
from android_bench.phone.runner.run import RunError, answer_of, delegated_nodes, failure_of, run_program
from android_bench.phone.runner.runners import Program
from android_bench.phone.settings import Settings
from android_bench.records.phone import Parity
from android_bench.records.record import Tensor
from android_bench.timing import impossible

_OFFICIAL_SHARE = 0.8
"""Of the seconds asked for, what must lie inside the official tool's runs."""


@dataclass(frozen=True)
class Call:
    """What a turn is to measure. model, inputs: paths on the phone. cpus: None is wherever it likes."""

    program: Program
    model: str
    inputs: str
    reference: Reference
    delegate: str
    threads: int
    cpus: list[int] | None

    @property
    def output(self) -> str:
        """Where the runner writes the outputs."""
        return f"{self.program.work}/output.bin"


@dataclass(frozen=True)
class Turn:
    """What one call measured. official: the statistics of a runner that hands out no samples.

    complaint: why it is not to be believed although it came to its end.
    """

    started: str
    load_ms: float
    first_ms: float
    warmup_runs: int
    samples_ms: list[float] = field(default_factory=list)
    peak_mb: float | None = None
    increase_mb: float | None = None
    pinned: bool | None = None
    nodes: tuple[int, int] | None = None
    version: str | None = None
    inputs: list[Tensor] = field(default_factory=list)
    parity: Parity | None = None
    complaint: str | None = None
    official: output.OfficialFacts | None = None


def take_turn(phone: Phone, call: Call, settings: Settings) -> Turn:
    """Run once. Raises RunError for a run that is worth nothing, and as `run_program`."""
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    if call.program.tool is not None:
        return _official_turn(phone, call, settings, started)
    phone.ask(f"rm -f {shlex.quote(call.output)}")
    begun = time.monotonic()
    run = run_app if call.program.app else run_program
    result = run(phone, call.program.folder, _words(call, settings), settings.timeout)
    seconds = time.monotonic() - begun
    if result.code != 0 and NO_SPACE in result.stderr:
        raise RunError(str(disk_full(phone, sum(output.nbytes for output in call.reference.outputs))))
    answer = answer_of(result)
    nodes = delegated_nodes(result.stderr, call.delegate)
    if answer.delegate != call.delegate or answer.threads != call.threads:
        raise RunError("the runner measured something else than it was asked for; run it again")
    if reason := impossible(answer.samples_ns, seconds, answer.load_ms + answer.first_ms):
        raise RunError(reason)
    _expect_enough(len(answer.samples_ns), sum(answer.samples_ns) / 1e9, settings)
    try:
        content = read_back(phone, call.output)
        parity, complaint = compare(call.reference, content, answer.outputs, call.delegate)
    except ValueError as error:
        raise RunError(str(error)) from None
    return Turn(
        started=started,
        load_ms=answer.load_ms,
        first_ms=answer.first_ms,
        # The runs that gave the outputs come before the warm-up; the first of them is `first_ms`.
        warmup_runs=answer.warmup_runs + call.reference.count - 1,
        samples_ms=[nanoseconds / 1e6 for nanoseconds in answer.samples_ns],
        peak_mb=_megabytes(answer.peak_memory_kb),
        increase_mb=_megabytes(answer.peak_memory_kb, answer.base_memory_kb),
        pinned=answer.pinned,
        nodes=nodes,
        version=answer.engine_version,
        inputs=answer.inputs,
        parity=parity,
        complaint=complaint or (_shared(call, *nodes) if nodes else None),
    )


def _words(call: Call, settings: Settings) -> list[str]:
    program = call.program
    options: dict[str, object] = {
        "model": call.model,
        "delegate": call.delegate,
        "threads": call.threads,
        "input": call.inputs,
        "output": call.output,
        "warmup": settings.warmup,
        "min-runs": settings.rule.min_runs,
        "min-seconds": f"{settings.rule.min_seconds:g}",
        "max-seconds": f"{settings.max_seconds:g}",
    }
    if program.engine:
        options["engine"] = program.engine
    if call.delegate == "gpu" and program.gpu_library:
        options["gpu-library"] = program.gpu_library
    if call.cpus:
        options["cpus"] = ",".join(map(str, call.cpus))
    return [
        *program.command,
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]


def _official_turn(phone: Phone, call: Call, settings: Settings, started: str) -> Turn:
    assert call.program.tool is not None
    try:
        words = official.command(
            call.program.command[0],
            call.model,
            tool=call.program.tool,
            delegate=call.delegate,
            threads=call.threads,
            min_runs=settings.rule.min_runs,
            min_seconds=settings.rule.min_seconds,
            max_seconds=settings.max_seconds,
            warmup=settings.warmup,
            cpus=call.cpus or (),
        )
    except ValueError as error:
        raise RunError(str(error)) from None
    begun = time.monotonic()
    result = run_program(phone, call.program.folder, words, settings.timeout)
    seconds = time.monotonic() - begun
    if reason := failure_of(result):
        raise RunError(reason)
    try:
        facts = output.parse(result.stdout, result.stderr, call.delegate)
    except ValueError as error:
        raise RunError(str(error)) from None
    others = facts.load_ms + facts.first_ms + facts.mean_ms * facts.runs
    if reason := impossible([int(facts.mean_ms > 0)], seconds, others):
        raise RunError(reason)
    if facts.delegated == "none":
        raise RunError(f"the {call.delegate.upper()} delegate took no part of the model; measure with cpu")
    # It counts its own pauses between runs as measured time, and tells a rounded mean.
    _expect_enough(facts.runs, facts.seconds / _OFFICIAL_SHARE, settings)
    return Turn(
        started=started,
        load_ms=facts.load_ms,
        first_ms=facts.first_ms,
        warmup_runs=facts.warmup_runs,
        increase_mb=facts.memory_increase_mb,
        pinned=official.pinned(result.stderr) if call.cpus else None,
        complaint=_shared(call) if facts.delegated == "part" else None,
        official=facts,
    )


def _shared(call: Call, taken: int = 0, nodes: int = 1) -> str | None:
    """Why a time is not the delegate's where the CPU computed a part; None where it took all nodes.

    taken, nodes: 0 of 1 where the runner does not count them.
    """
    if taken == nodes:
        return None
    part = f"{taken} of {nodes}" if taken else "a part of the"
    return (
        f"{call.delegate.upper()} took only {part} nodes and the CPU computed the others, so the time is "
        "that of neither; measure with cpu, or export the model without the operators that it lacks"
    )


def _expect_enough(runs: int, seconds: float, settings: Settings) -> None:
    if not settings.rule.met(runs, seconds):
        raise RunError(
            f"only {runs} runs in {seconds:.2f} s; {settings.rule.min_runs} runs and "
            f"{settings.rule.min_seconds:g} s were asked for: allow more with --timeout"
        )


def _megabytes(kilobytes: int | None, less: int | None = 0) -> float | None:
    if kilobytes is None or less is None:
        return None
    return round(max(0, kilobytes - less) * 1024 / 1e6, 1)
