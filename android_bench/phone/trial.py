"""One model on one delegate with one number of threads, from its first repeat to its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

from android_bench.engines.engines import identity
from android_bench.phone.device.device import Device, machine_of
from android_bench.phone.device.state import blind_spots, caps
from android_bench.phone.settings import Settings
from android_bench.phone.turn import Call, Turn
from android_bench.records.phone import CurvePoint, Repeat, State
from android_bench.records.record import Record
from android_bench.timing import sample_warnings, summarize
from facekp_train.common.files import sha256_of

AGREEMENT_LIMIT = 0.05
"""Spread of the repeats' medians from which the phone was too restless for a comparison."""
TREND_LIMIT = 0.1
"""Growth of the times, within a call or along a curve, that looks like throttling."""
_FIRST_POINTS = 3
"""Of a curve, that stand for a phone which is still cool."""
_FEWEST_SAMPLES = 30
"""That show a trend."""
_LOW_BATTERY = 15
_RUNTIMES = {".tflite": "tflite", ".onnx": "onnxruntime"}


class PhoneTrial:
    """A measurement in progress. `call` is None until its files lie on the phone."""

    def __init__(
        self, serial: str, device: Device, state: State, path: Path, delegate: str, threads: int
    ) -> None:
        """state: the phone's when the session began. The same for all measurements: it is one machine."""
        self.serial, self.device = serial, device
        self._machine = machine_of(device, state.governor, state.load)
        self.path, self.delegate, self.threads = path, delegate, threads
        self.call: Call | None = None
        self.failure: str | None = None
        self.before: State | None = None
        self.after: State | None = None
        self.fixed_performance = False
        self.left_out: list[str] = []
        """Delegates that were asked for and that this file's runner does not have."""
        self.repeats: list[Repeat] = []
        self.curve: list[CurvePoint] = []
        self._turns: list[Turn] = []
        self._started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._name, self._kind = identity(path)
        self.sha256, self._bytes = sha256_of(path), path.stat().st_size

    @property
    def label(self) -> str:
        """What is measured, for a progress bar."""
        return f"{self.path.name} on {self.delegate}, threads {self.threads}"

    def add(self, turn: Turn, after: State, attempts: int, held_back: bool) -> None:
        """Keep a turn that was made; one that is not to be believed ends the measurement."""
        samples = turn.samples_ms
        self._turns.append(turn)
        self.after = after
        repeat = Repeat(
            started=turn.started,
            runs=turn.official.runs if turn.official else len(samples),
            p50_ms=turn.official.p50_ms if turn.official else median(samples),
            first_ms=turn.first_ms,
            load_ms=turn.load_ms,
            throttled=held_back or trend(samples) > TREND_LIMIT,
            attempts=attempts,
            state=after,
        )
        self.repeats.append(repeat)
        self.failure = turn.complaint

    def reach(self, seconds: float, state: State) -> None:
        """Add a point to the curve: what the last turn measured, so long after the first one's start."""
        cpus = self.call.cpus if self.call else None
        used = [khz for cpu, khz in state.frequencies_khz.items() if cpus is None or int(cpu) in cpus]
        point = CurvePoint(
            seconds=seconds,
            p50_ms=self.repeats[-1].p50_ms or 0.0,
            temperature_c=state.temperature_c,
            thermal_status=state.thermal_status,
            frequency_khz=max(used, default=None),
        )
        self.curve.append(point)

    def discard(self, reason: str) -> None:
        """Give up all that was measured."""
        self.failure, self.before, self.after = reason, None, None
        self._turns, self.repeats, self.curve = [], [], []

    def share(self, settings: Settings) -> float:
        """How much of what was asked for is measured, from 0 to 1."""
        if settings.sustained is None:
            return len(self.repeats) / settings.repeat
        return min(1.0, self.curve[-1].seconds / settings.sustained) if self.curve else 0.0

    def complete(self, settings: Settings) -> bool:
        """Whether all was measured, and nothing speaks against it."""
        return not self._reasons(settings, "")

    def record(self, settings: Settings, cause: str = "") -> Record:
        """The measurement so far. cause: what ended it early, in front of the reason for too few repeats."""
        reasons = self._reasons(settings, cause)
        samples = [sample for turn in self._turns for sample in turn.samples_ms]
        last = self._turns[-1] if self._turns else None
        call, program = self.call, self.call.program if self.call else None
        return Record(
            model=str(self.path),
            name=self._name,
            kind=self._kind,
            sha256=self.sha256,
            bytes=self._bytes,
            inputs=last.inputs if last else [],
            runtime=_RUNTIMES[self.path.suffix.lower()],
            runtime_version=last.version if last else None,
            device="adb",
            delegate=self.delegate,
            threads=self.threads,
            emulated=self.device.emulated,
            machine=self._machine,
            started=self._turns[0].started if self._turns else self._started,
            min_runs=settings.rule.min_runs,
            min_seconds=settings.rule.min_seconds,
            warmup_runs=sum(turn.warmup_runs for turn in self._turns),
            first_ms=_median(turn.first_ms for turn in self._turns),
            samples_ms=samples,
            **self._statistics(samples, bool(reasons)),
            peak_memory_mb=_most(turn.peak_mb for turn in self._turns),
            memory_increase_mb=_most(turn.increase_mb for turn in self._turns),
            serial=self.serial,
            fingerprint=self.device.fingerprint,
            state_before=self.before,
            state_after=self.after,
            runner=program.facts if program else None,
            engine_sha256=program.engine_sha256 if program else None,
            cpus=call.cpus if call else None,
            pinned=all(t.pinned for t in self._turns) if call and call.cpus and self._turns else None,
            load_ms=_median(turn.load_ms for turn in self._turns),
            delegated_nodes=last.nodes if last else None,
            fixed_performance=self.fixed_performance,
            repeats=self.repeats or None,
            agreement=self._agreement(),
            parity=max((t.parity for t in self._turns if t.parity), key=lambda p: p.max_abs, default=None),
            throttled=self._throttled(),
            curve=self.curve or None,
            valid=not reasons,
            invalid_reasons=reasons,
            warnings=self._warnings(samples, bool(reasons)),
        )

    def _throttled(self) -> bool | None:
        """None where too little was measured to tell. Of turns without a pause the whole tells, not each."""
        if any(repeat.throttled for repeat in self.repeats) or climb(self.curve) > TREND_LIMIT:
            return True
        tells = self.curve or any(len(turn.samples_ms) >= _FEWEST_SAMPLES for turn in self._turns)
        return False if tells else None

    def _statistics(self, samples: list[float], invalid: bool) -> dict[str, Any]:
        official = sorted((t.official for t in self._turns if t.official), key=lambda facts: facts.mean_ms)
        if official:
            # No samples to join: the repeat in the middle stands for all.
            facts = official[len(official) // 2]
            names = () if invalid else ("p50_ms", "p95_ms", "mean_ms", "std_ms", "min_ms", "max_ms")
            return {"timed_runs": facts.runs, **{name: getattr(facts, name) for name in names}}
        return {} if invalid or not samples else asdict(summarize(samples))

    def _reasons(self, settings: Settings, cause: str) -> list[str]:
        if self.failure is not None:
            return [self.failure]
        if settings.sustained is not None:
            done = self.curve[-1].seconds if self.curve else 0.0
            if done >= settings.sustained:
                return []
            return [f"{cause}only {done:.0f} s of {settings.sustained:.0f} s"]
        if len(self.repeats) < settings.repeat:
            return [f"{cause}only {len(self.repeats)} of {settings.repeat} repeats"]
        return []

    def _agreement(self) -> float | None:
        means = [turn.official.mean_ms if turn.official else median(turn.samples_ms) for turn in self._turns]
        return None if len(means) < 2 or self.curve else (max(means) - min(means)) / max(median(means), 1e-9)

    def _warnings(self, samples: list[float], invalid: bool) -> list[str]:
        warnings = []
        if self.before:
            warnings = blind_spots(self.before) + caps(self.before, self.device.fingerprint.clusters)
        cores = sum(len(cluster.cpus) for cluster in self.device.fingerprint.clusters)
        if self.left_out and self.call:
            names, runner = ", ".join(self.left_out), self.call.program.facts.name
            warnings.append(f"not measured on {names}: the runner {runner} computes on the CPU alone")
        if self.threads > cores > 0:
            warnings.append(f"{self.threads} threads on {cores} cores wait for one another; ask for fewer")
        if any(turn.pinned is False for turn in self._turns):
            warnings.append("the phone refused to pin the runner to its fastest cores: it ran on any of them")
        if any(cluster.max_khz is None for cluster in self.device.fingerprint.clusters):
            warnings.append("the phone hides its cores' frequencies: the runner was not pinned")
        if self.before and (self.before.battery_percent or 100) <= _LOW_BATTERY:
            warnings.append(f"the battery was at {self.before.battery_percent:.0f} %; charge the phone")
        if self.fixed_performance:
            warnings.append("fixed performance mode was on: for comparisons, not what a user gets")
        last = self._turns[-1] if self._turns else None
        if last and last.official:
            warnings += last.official.notes
        elif samples and not invalid:
            warnings += sample_warnings(samples, summarize(samples))
        return warnings + self._unsteady(invalid)

    def _unsteady(self, invalid: bool) -> list[str]:
        warnings = []
        agreement = self._agreement()
        if agreement is not None and agreement > AGREEMENT_LIMIT and not invalid:
            warnings.append(f"the repeats differ by {agreement * 100:.0f} %: the phone's speed was unsteady")
        slow = [n for n, repeat in enumerate(self.repeats, 1) if repeat.throttled]
        if slow and not self.curve:
            warnings.append(
                f"times rose within repeat {', '.join(map(str, slow))}: the phone may have throttled"
            )
        return warnings


def trend(samples: list[float]) -> float:
    """By what share the median of the last third of the samples lies above that of the first; 0 for few."""
    if len(samples) < _FEWEST_SAMPLES:
        return 0.0
    third = len(samples) // 3
    return median(samples[-third:]) / max(median(samples[:third]), 1e-9) - 1


def climb(curve: Sequence[CurvePoint]) -> float:
    """By what share the slowest tenth in a row of a curve lies above its first points; 0 for few.

    A phone may drop after a minute and stay there, or at the very end: thirds of the whole see neither.
    """
    times = [point.p50_ms for point in curve]
    length = max(_FIRST_POINTS, len(times) // 10)
    later = [median(times[start : start + length]) for start in range(_FIRST_POINTS, len(times) - length + 1)]
    return max(later) / max(median(times[:_FIRST_POINTS]), 1e-9) - 1 if later else 0.0


def _median(values: Any) -> float | None:
    known = list(values)
    return median(known) if known else None


def _most(values: Any) -> float | None:
    return max((value for value in values if value is not None), default=None)
