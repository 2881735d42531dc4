"""One measurement in progress, from the first run to its record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from android_bench.clocks import Samples
from android_bench.engines.engines import identity
from android_bench.engines.plan import Measurement
from android_bench.engines.weights import size_and_sha256
from android_bench.host.link import Worker, WorkerError
from android_bench.host.machine import load_now, machine_warnings
from android_bench.host.verdict import Verdict, judge
from android_bench.records.record import Machine, Record, Tensor
from android_bench.timing import StopRule, impossible
from facekp_export.inference.layers import Precision
from facekp_export.inference.work import Work, model_work

TURN_SECONDS = 0.02
"""Length of a turn: so short that a round of many files fits into a machine's moods, which last seconds (a
shared one computes 1.5 times slower while its neighbors work), and long against the change of process."""


class HostTrial:
    """A measurement in progress: its process, the samples so far, and what went wrong."""

    def __init__(
        self,
        measurement: Measurement,
        rule: StopRule,
        timeout: float,
        shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    ) -> None:
        """shapes: of inputs by name, where the file leaves them open."""
        self.measurement = measurement
        self._shapes = {name: list(shape) for name, shape in shapes.items()}
        self._rule = rule
        self._timeout = timeout
        self._worker: Worker | None = None
        self._samples = Samples()
        self._turns: list[int] = []
        self._total_ns = 0
        self._load_after: float | None = None
        self._failure: str | None = None
        self._untimed = 0
        self._facts: dict[str, Any] = {}
        self._peak_bytes: int | None = None
        self._base_bytes: int | None = None
        self._started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        # Not what a link leads to: caches of models keep files under names that say nothing, and
        # apart from those of their weights.
        self._path = measurement.path.absolute()
        self._name, self._kind = identity(measurement.path)
        self._bytes, self._sha256 = size_and_sha256(measurement.path)
        # With sizes that are given, the file alone does not tell.
        self._work = None if shapes else _work(measurement.path)

    @property
    def precision(self) -> Precision | None:
        """In which numbers the model multiplies; None where that is not known."""
        if self.measurement.path.suffix.lower() == ".safetensors":
            return "float32"
        return None if self._work is None else self._work.precision

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of one call; None where they are not known, or not yet."""
        return self._facts.get("macs") if self._work is None else self._work.macs

    @property
    def label(self) -> str:
        """What is measured, for a progress bar."""
        return f"{self.measurement.path.name} on {self.measurement.engine.name}"

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1; a failure is done."""
        return 1.0 if self.failed else self._rule.progress(*self._measured)

    @property
    def done(self) -> bool:
        """Whether it needs no further turn."""
        return self.failed or self._rule.met(*self._measured)

    @property
    def failed(self) -> bool:
        """Whether a further turn would give nothing."""
        return self._failure is not None

    @property
    def _measured(self) -> tuple[int, float]:
        return len(self._samples.wall), self._total_ns / 1e9

    def open(self, worker: Worker, warmup: int) -> None:
        """Load the model into its process, run it for the first time and warm it up."""
        self._worker = worker
        path, engine, threads = str(self._path), self.measurement.engine.name, self.measurement.threads
        request = {"engine": engine, "path": path, "threads": threads, "shapes": self._shapes}
        self._facts = self._ask({"do": "open", **request})
        self._untimed += self._ask({"do": "warm", "runs": warmup}).get("untimed", 0)

    def turn(self) -> None:
        """Take some samples."""
        begun = time.monotonic()
        reply = self._ask({"do": "run", "seconds": TURN_SECONDS})
        samples = reply.get("samples_ns", [])
        if samples and self._failure is None:
            self._failure = impossible(samples, time.monotonic() - begun)
        self._turns += [len(samples)] if samples else []
        self._samples.wall += samples
        self._samples.cpu += reply.get("cpu_ns", [])
        self._total_ns += sum(samples)
        self._load_after = load_now()
        self._untimed += reply.get("untimed", 0)
        self._peak_bytes = reply.get("peak_bytes", self._peak_bytes)
        self._base_bytes = reply.get("base_bytes", self._base_bytes)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer; empty after a failure, of which the first is kept."""
        if self._failure is not None or self._worker is None:
            return {}
        try:
            return self._worker.ask(request, self._timeout)
        except WorkerError as error:
            # The record names the file; a reason need not repeat it.
            self._failure = str(error).removeprefix(f"{self._path}: ")
            return {}

    def record(self, machine: Machine, cause: str = "") -> Record:
        """The measurement so far. cause: what ended it early, in front of the reason for too few runs."""
        samples_ms = [nanoseconds / 1e6 for nanoseconds in self._samples.wall]
        cpu_ms = [nanoseconds / 1e6 for nanoseconds in self._samples.cpu]
        if not cpu_ms or not median(cpu_ms):  # no such clock, or steps too long for runs this short
            cpu_ms = None
        inputs = [Tensor(**spec) for spec in self._facts.get("inputs", [])]
        warnings = [*machine_warnings(machine, self.measurement.threads), *self._facts.get("notes", [])]
        warnings += [
            f"the file gives no shape of its input '{spec.name}', or it is a scalar; one number was given"
            for spec in inputs
            if not spec.shape
        ]
        reasons = self._reasons(cause)
        verdict = Verdict(reasons=reasons)
        if not reasons:
            verdict = judge(samples_ms, cpu_ms, (machine.load, self._load_after), machine.cores)
        peak, base = self._peak_bytes, self._base_bytes
        return Record(
            model=str(self.measurement.path),
            name=self._name,
            kind=self._kind,
            sha256=self._sha256,
            bytes=self._bytes,
            inputs=inputs,
            runtime=self.measurement.engine.name,
            device=self.measurement.engine.device,
            runtime_version=self._facts.get("version"),
            threads=self.measurement.threads,
            machine=machine,
            started=self._started,
            min_runs=self._rule.min_runs,
            min_seconds=self._rule.min_seconds,
            warmup_runs=self._untimed,
            load_ms=_milliseconds(self._facts.get("load_ns")),
            first_ms=_milliseconds(self._facts.get("first_ns")),
            samples_ms=samples_ms,
            cpu_samples_ms=cpu_ms,
            turn_runs=self._turns or None,
            load_after=self._load_after,
            peak_memory_mb=None if peak is None else round(peak / 1e6, 1),
            memory_increase_mb=None if peak is None or base is None else round((peak - base) / 1e6, 1),
            valid=not verdict.reasons,
            invalid_reasons=verdict.reasons,
            warnings=[*warnings, *verdict.warnings],
            **verdict.statistics,
        )

    def _reasons(self, cause: str) -> list[str]:
        """Why the measurement is not to be believed; empty when it is."""
        if self._failure is not None:
            return [self._failure]
        if self.done:
            return []
        runs, seconds = self._measured
        asked = f"{self._rule.min_runs} runs and {self._rule.min_seconds:g} s were asked for"
        return [f"{cause}only {runs} runs in {seconds:.2f} s; {asked}"]


def _work(path: Path) -> Work | None:
    try:
        return model_work(path)
    except OSError:
        return None  # opening it will say why


def _milliseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6
