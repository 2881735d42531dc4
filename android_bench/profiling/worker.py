"""The measuring process of a profile: holds the cut files and times one after the other, round by round.

`python -m android_bench.profiling.worker` reads one JSON object a line and answers each with one line, as
`android_bench.host.worker` does:

    {"do": "open", "path": FILE, "rounds": N} -> {"operators", "version", "clock"}
    {"do": "round"} -> {"done"}  the share of all rounds, 1 at the end
    {"do": "samples"}
        -> {"operators": [[share, ...], ...], "call": [...], "whole": [ns, ...], "peaks": {PRECISION: [...]}}

An operator's samples, one a round, are differences of the file cut after it and the one cut before it, which
are timed next to each other: whatever slows the machine down hits both. They and the call are shares of the
whole file's time in that round: a round that the machine computed slowly, as shared ones do for seconds, says
the same as the others.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any

from android_bench.clocks import cpu_clock
from android_bench.engines.engines import ENGINES
from android_bench.engines.inputs import fill, sized
from android_bench.engines.peak import tflite_peak
from android_bench.host.answering import serve
from android_bench.profiling.cuts import cut_after
from facekp_export.inference.flatbuffer import read_model
from facekp_export.inference.layers import Precision, layers
from facekp_export.inference.runtimes import open_runtime

Call = Callable[[], None]

RUNS = 12
"""Of one cut in a row, after an untimed one that fills the caches."""
KEPT = 1 / 3
"""Share of the runs in a row, the fastest, whose mean counts: whatever comes in between slows runs down."""
ENOUGH_NS = 20_000_000
"""After so long inside a row it ends early: long runs need fewer."""
REFERENCES = 8
"""How often a round times the whole file and the peak, spread over it."""
MOST_BYTES = 200_000_000
"""Of cut files held at once; a runtime needs about three times as much for their weights."""


class Subject:
    """One file being profiled."""

    def __init__(self, path: str, rounds: int) -> None:
        """Raises OSError and ValueError as `open_runtime` and `sized` do."""
        self._version = ENGINES["litert"].load()
        self._folder = TemporaryDirectory()
        self._model = read_model(Path(path).read_bytes())
        found = layers(self._model)
        if not found:
            raise ValueError("it has no operators")
        self._ends = [0, *(layer.index + 1 for layer in found)]
        self._names = ["", *(layer.operator for layer in found)]
        self._rounds, self._done = rounds, 0
        self._first = 0  # the number of operators of the first cut that is held
        self._cuts: list[Call] = []
        self._bytes = 0
        self._whole = _call(Path(path))
        wanted: set[Precision] = {layer.precision for layer in found if layer.macs}
        self._peaks = {name: self._written(tflite_peak(name), f"peak_{name}") for name in sorted(wanted)}
        self._clock = cpu_clock("thread")
        self.samples: dict[str, Any] = {"operators": [[] for _ in found], "call": [], "whole": []}
        self.samples["peaks"] = {name: [] for name in self._peaks}
        gc.disable()

    def facts(self) -> dict[str, Any]:
        """What is known before the first round."""
        clock = "wall" if self._clock is None else "cpu"
        return {"operators": len(self._ends) - 1, "version": self._version, "clock": clock}

    def round(self) -> dict[str, Any]:
        """One round over the cuts that are held; after their last one others take their place."""
        if not self._done:
            self._open()
        held, operators = len(self._cuts) - 1, len(self._ends) - 1
        stride = max(1, held // REFERENCES)
        # There and back: a machine that slows down steadily then shifts no operator's time.
        order = range(held + 1) if self._done % 2 == 0 else range(held, -1, -1)
        times, wholes = [0.0] * (held + 1), len(self.samples["whole"])
        for place in order:
            times[place] = self._time(self._cuts[place])
            if (place + self._done) % stride == 0:
                self._references()
        whole = median(self.samples["whole"][wholes:])
        for place in range(held):
            share = (times[place + 1] - times[place]) / whole
            self.samples["operators"][self._first + place].append(share)
        if self._first == 0:
            self.samples["call"].append(times[0] / whole)
        self._done += 1
        share = (self._first + held * self._done / self._rounds) / operators
        if self._done == self._rounds:
            # Their last is the first of the next ones.
            self._first, self._done = self._first + held, 0
            del self._cuts[:-1]
            share = self._first / operators
        return {"done": share}

    def _open(self) -> None:
        """Hold as many cuts as memory allows, two at least."""
        self._bytes = 0
        if not self._cuts:
            self._cuts = [self._cut(0)]
        last = len(self._ends) - 1
        while self._first + len(self._cuts) <= last and (self._bytes < MOST_BYTES or len(self._cuts) < 2):
            self._cuts.append(self._cut(self._first + len(self._cuts)))

    def _cut(self, operators: int) -> Call:
        try:
            content = cut_after(self._model, self._ends[operators])
            self._bytes += len(content)
            return self._written(content, f"cut_{operators}")
        except ValueError as error:
            if operators == 0:
                return _nothing  # a file that computes nothing: not every runtime opens one
            name = self._names[operators]
            raise ValueError(f"it cannot be cut after operator {operators}, {name}: {error}") from None

    def _written(self, content: bytes, name: str) -> Call:
        path = Path(self._folder.name) / f"{name}.tflite"
        path.write_bytes(content)
        try:
            return _call(path)
        finally:
            path.unlink()

    def _references(self) -> None:
        self.samples["whole"].append(self._time(self._whole))
        for name, call in self._peaks.items():
            self.samples["peaks"][name].append(self._time(call))

    def _time(self, call: Call) -> float:
        """Nanoseconds of one run, as a row of runs tells them."""
        clock = self._clock or time.perf_counter_ns
        call()
        taken: list[int] = []
        while len(taken) < RUNS and sum(taken) < ENOUGH_NS:
            before = clock()
            call()
            taken.append(clock() - before)
        fastest = sorted(taken)[: max(1, round(KEPT * len(taken)))]
        return fmean(fastest)


def _call(path: Path) -> Call:
    """One run of a file with its inputs filled, after a first one."""
    runtime = open_runtime(path)
    runtime.set_inputs([fill(sized(spec, {})) for spec in runtime.inputs])
    runtime.invoke()
    return runtime.invoke


def _nothing() -> None:
    pass


def main() -> None:
    """Serve until the input ends."""
    subjects: list[Subject] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "open":
            subjects.append(Subject(request["path"], request["rounds"]))
            return subjects[0].facts()
        return subjects[0].round() if request["do"] == "round" else subjects[0].samples

    serve(answer)


if __name__ == "__main__":
    main()
