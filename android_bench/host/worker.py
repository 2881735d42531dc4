"""The measuring process: holds one model on one engine and times it when asked.

`python -m android_bench.host.worker` reads one JSON object a line and answers each with one line:

    {"do": "open", "engine": NAME, "path": FILE, "threads": N, "shapes": {INPUT: [N, ...]}}  first, and once
        -> {"version", "inputs": [{"name", "shape", "dtype"}], "notes": [...], "load_ns", "first_ns", "macs"}
    {"do": "warm", "runs": N} -> {"untimed"}
    {"do": "run", "seconds": S}
        -> {"untimed", "samples_ns": [...], "cpu_ns": [...], "peak_bytes", "base_bytes"}

`{"error": SENTENCE}` instead of an answer ends the process; so does the end of its input. A process
of its own gives each model its own peak memory and thread pool, and a crash only ends one record.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from android_bench.clocks import cpu_clock, time_runs
from android_bench.engines.engines import ENGINES, Engine
from android_bench.engines.gpu import GPU_ENGINES
from android_bench.engines.inputs import fill, sized
from android_bench.engines.peak import PEAK_ENGINES
from android_bench.host import memory
from android_bench.host.answering import serve

REWARM_SECONDS = 0.005
"""Untimed at the start of each turn: another model has emptied the caches, the clock may have dropped."""
SETTLE_SECONDS = 0.2
"""The longest wait after a turn for the engine's own threads to stop spinning."""


class Subject:
    """The model that this process measures."""

    def __init__(self, engine: Engine, path: str, threads: int, shapes: dict[str, list[int]]) -> None:
        """Load the file and fill its inputs. Raises what the engine raises, and as `sized`."""
        self._version = engine.load()  # first, so that the base line below holds the library
        gc.collect()
        memory.reset_peak()
        self._base_bytes = memory.resident_bytes()
        before = time.perf_counter_ns()
        self._runtime = engine.open(Path(path), threads)
        self._load_ns = time.perf_counter_ns() - before
        # Where several threads compute, no clock of theirs is the time of a call.
        self._cpu_clock = cpu_clock(engine.cpu_clock if threads == 1 else None)
        self._inputs = [sized(spec, shapes) for spec in self._runtime.inputs]
        self._notes = [
            f"it has no input '{name}', of which --shape speaks"
            for name in shapes
            if name not in [spec.name for spec in self._inputs]
        ]
        self._runtime.set_inputs([fill(spec) for spec in self._inputs])
        # A collection of Python's garbage inside a run would be timed with it.
        gc.disable()

    def first(self) -> dict[str, Any]:
        """Run for the first time and say what is being measured."""
        before = time.perf_counter_ns()
        self._runtime.invoke()
        first_ns = time.perf_counter_ns() - before
        self._check_results()
        inputs = [
            {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype.name} for spec in self._inputs
        ]
        notes = self._notes + [
            f"the file leaves the size of its input '{spec.name}' open; measured with {list(spec.shape)}"
            for spec in self._inputs
            if spec.open
        ]
        return {
            "version": self._version,
            "inputs": inputs,
            "notes": notes,
            "load_ns": self._load_ns,
            "first_ns": first_ns,
            # Of files that only their engine can read.
            "macs": getattr(self._runtime, "macs", None),
        }

    def warm(self, runs: int) -> dict[str, Any]:
        """Run without timing."""
        for _ in range(runs):
            self._runtime.invoke()
        return {"untimed": runs}

    def run(self, seconds: float) -> dict[str, Any]:
        """One turn: every run's nanoseconds on either clock, and the memory so far."""
        untimed = len(time_runs(self._runtime.invoke, REWARM_SECONDS).wall)
        samples = time_runs(self._runtime.invoke, seconds, cpu=self._cpu_clock)
        self._check_results()
        _settle()
        return {
            "untimed": untimed,
            "samples_ns": samples.wall,
            "cpu_ns": samples.cpu,
            "peak_bytes": memory.peak_bytes(),
            "base_bytes": self._base_bytes,
        }

    def _check_results(self) -> None:
        for spec, result in zip(self._runtime.outputs, self._runtime.results(), strict=True):
            if result.dtype.kind == "f" and not np.isfinite(result).all():
                raise ValueError(f"its output '{spec.name}' holds numbers that are not finite")


def _settle() -> None:
    """Wait until the engine's threads sleep, so that they do not disturb the next model's turn."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        used = time.process_time()
        time.sleep(0.002)
        if time.process_time() - used < 0.0005:
            return


def main(engines: Mapping[str, Engine] = MappingProxyType(ENGINES | GPU_ENGINES | PEAK_ENGINES)) -> None:
    """Serve until the input ends, with engines by name."""
    subjects: list[Subject] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if not subjects:
            engine, shapes = engines[request["engine"]], request.get("shapes", {})
            subjects.append(Subject(engine, request["path"], request["threads"], shapes))
            return subjects[0].first()
        if request["do"] == "warm":
            return subjects[0].warm(request["runs"])
        return subjects[0].run(request["seconds"])

    serve(answer)


if __name__ == "__main__":
    main()
